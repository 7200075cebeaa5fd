"""Notices on a real desktop: Xvfb, a session bus and dunst."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from tests.support.desktop import RealDesktop, a_real_desktop
from tests.support.notify import SHOP, a_notice, consent_notice, running, until

from connectord.notify import (
    Action,
    CombinedNotifier,
    NotifyThrough,
    Urgency,
    build_notifier,
    stripe_notice,
)
from connectord.notify.desktop import Desktop, DesktopNotifier, DesktopUnreachable
from connectord.notify.session_bus import SessionBusDesktop

SLACK = consent_notice("slack")
DUNST_ACTIONS = {"default": "", "authorize": "Authorize", "skip": "Skip"}


@dataclass
class OnDesktop:
    """A notifier, and the desktop that it shows on."""

    notifier: DesktopNotifier
    desktop: RealDesktop
    troubles: list[str] = field(default_factory=list)
    answers: asyncio.Queue[tuple[Action, str]] = field(default_factory=asyncio.Queue)

    async def answer(self) -> tuple[Action, str]:
        return await asyncio.wait_for(self.answers.get(), 20)


@pytest.fixture(autouse=True)
def an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notifier names the living bus there."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")


@asynccontextmanager
async def on_desktop(*start: Callable[[RealDesktop], Awaitable[None]]) -> AsyncIterator[OnDesktop]:
    async with a_real_desktop() as desktop:
        for part in start:
            await part(desktop)
        troubles: list[str] = []
        real: Desktop = SessionBusDesktop(lambda: (desktop.address,))
        notifier = DesktopNotifier(real, on_trouble=troubles.append, first_retry=0.01)
        it = OnDesktop(notifier, desktop, troubles)
        notifier.on_action = lambda action, subject: it.answers.put_nowait((action, subject))
        async with running(notifier):
            yield it


BUS, SERVER = RealDesktop.start_bus, RealDesktop.start_server


async def test_a_notice_appears_with_its_text_and_buttons_and_stays() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        shown = await it.desktop.shown()
        assert (shown.title, shown.body) == (SLACK.title, SLACK.body)
        assert shown.actions == DUNST_ACTIONS
        assert (shown.urgency, shown.timeout) == ("NORMAL", 0)
        assert (it.notifier.state.works, it.notifier.state.buttons) == (True, True)
        assert it.notifier.state.through.startswith("dunst 1.")


async def test_what_looks_like_markup_in_a_text_is_shown_as_it_stands() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(a_notice("<b>&", body="slack.jsonc:1:1: expected <b>&amp;</b>", urgency=Urgency.INFORMATION))
        shown = await it.desktop.shown()
        assert (shown.title, shown.body) == ("<b>&", "slack.jsonc:1:1: expected &lt;b&gt;&amp;amp;&lt;/b&gt;")
        assert shown.urgency == "LOW"


@pytest.mark.parametrize(
    ("label", "action"), [("Authorize", Action.AUTHORIZE), ("Skip", Action.SKIP), ("", Action.AUTHORIZE)]
)
async def test_pressing_a_button_answers_and_a_click_on_the_body_is_the_first_button(
    label: str, action: Action
) -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        await it.desktop.press(label)
        assert await it.answer() == (action, SLACK.subject)
        await it.desktop.until_on_screen(0)


async def test_what_is_withdrawn_goes_from_the_screen() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        it.notifier.withdraw(SLACK.subject)
        await it.desktop.until_on_screen(0)
        assert it.troubles == []


async def test_withdrawing_what_was_answered_or_closed_harms_nobody() -> None:
    async with on_desktop(BUS, SERVER) as it:
        for end in (partial(it.desktop.press, "Skip"), it.desktop.close_by_hand):
            it.notifier.notify(SLACK)
            await it.desktop.shown()
            await end()
            await it.desktop.until_on_screen(0)
            it.notifier.withdraw(SLACK.subject)
        it.notifier.notify(a_notice("after"))
        assert (await it.desktop.shown()).title == "after"
        assert it.troubles == []


async def test_withdrawing_what_has_expired_harms_nobody() -> None:
    async with on_desktop(BUS, SERVER) as it:
        passing = a_notice("passing", urgency=Urgency.INFORMATION)
        it.notifier.notify(passing)
        await it.desktop.shown()
        await it.desktop.until_on_screen(0)
        it.notifier.withdraw(passing.subject)
        it.notifier.notify(a_notice("after"))
        assert (await it.desktop.shown()).title == "after"
        assert it.troubles == []


async def test_a_later_notice_takes_the_place_of_the_earlier_one() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        it.notifier.notify(consent_notice("slack", "github"))
        assert (await it.desktop.shown()).title == "slack, github need your authorization (shop)"
        assert await it.desktop.on_screen() == 1


async def test_p10_dunst_killed_and_restarted_loses_nothing() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        await it.desktop.stop_server()
        await until(lambda: it.troubles)
        assert not it.notifier.state.works
        await it.desktop.start_server()
        assert (await it.desktop.shown()).title == SLACK.title
        await it.desktop.press("Authorize")
        assert await it.answer() == (Action.AUTHORIZE, SLACK.subject)
        assert it.notifier.state.works


async def test_p11_what_was_closed_before_dunst_was_killed_does_not_come_back() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        await it.desktop.close_by_hand()
        await it.desktop.until_on_screen(0)
        await it.desktop.stop_server()
        await it.desktop.start_server()
        it.notifier.notify(a_notice("new"))
        assert (await it.desktop.shown()).title == "new"
        assert it.desktop.nothing_more_was_shown


async def test_p10_the_bus_killed_and_restarted_at_its_address_loses_nothing() -> None:
    async with on_desktop(BUS, SERVER) as it:
        it.notifier.notify(SLACK)
        await it.desktop.shown()
        await it.desktop.stop_bus()
        await until(lambda: it.troubles)
        it.notifier.notify(a_notice("meanwhile"))
        await it.desktop.start_bus()
        await it.desktop.start_server()
        assert {SLACK.title, "meanwhile"} == {(await it.desktop.shown()).title for _ in range(2)}
        await until(lambda: it.notifier.state.works)


async def test_a_bus_that_comes_back_at_another_address_is_found() -> None:
    async with a_real_desktop() as first, a_real_desktop() as second:
        for desktop in (first, second):
            await desktop.start_bus()
        await first.start_server()
        addresses = [first.address]
        troubles: list[str] = []
        notifier = DesktopNotifier(
            SessionBusDesktop(lambda: tuple(addresses)), on_trouble=troubles.append, first_retry=0.01
        )
        async with running(notifier):
            notifier.notify(SLACK)
            await first.shown()
            await second.start_server()
            addresses[:] = [first.address, second.address]
            await first.stop_bus()
            assert (await second.shown()).title == SLACK.title
        assert second.address == os.environ["DBUS_SESSION_BUS_ADDRESS"]


async def test_a_bus_without_a_server_is_said_and_a_notice_waits_for_one() -> None:
    async with on_desktop(BUS) as it:
        await until(lambda: it.troubles)
        assert it.notifier.state.why == "No notification server runs on the session bus"
        it.notifier.notify(SLACK)
        await it.desktop.start_server()
        assert (await it.desktop.shown()).title == SLACK.title


async def test_no_bus_at_all_is_said_and_harms_nobody() -> None:
    async with on_desktop() as it:
        it.notifier.notify(SLACK)
        await until(lambda: it.troubles)
        assert "bus doesn't answer: " in it.notifier.state.why


async def test_a_server_is_started_by_the_first_notice_and_not_by_looking() -> None:
    async def bus_that_starts_servers(desktop: RealDesktop) -> None:
        desktop.let_the_bus_start_a_server()
        await desktop.start_bus()

    async with on_desktop(bus_that_starts_servers) as it:
        await until(lambda: it.troubles)
        assert it.notifier.state.why == "The notification server doesn't run; the first notice starts it"
        it.notifier.notify(SLACK)
        await until(lambda: it.notifier.state.works)
        await it.desktop.until_on_screen(1)
        os.kill(await it.desktop.started_server(), signal.SIGKILL)
        await until(lambda: len(it.troubles) == 3)
        assert it.troubles[1:] == ["The notification server is gone", it.troubles[0]]


async def test_a_server_that_hangs_is_left_after_a_while() -> None:
    async with a_real_desktop() as desktop:
        await desktop.start_bus()
        await desktop.start_server()
        assert desktop.server is not None
        os.kill(desktop.server.pid, signal.SIGSTOP)
        with pytest.raises(DesktopUnreachable, match="has not answered for 0 s"):
            await SessionBusDesktop(lambda: (desktop.address,), answer_limit=0.2).connect(
                start=True, on_end=lambda why: None
            )


async def test_p11_a_batch_of_five_is_one_notification_and_one_press_answers_it() -> None:
    async with a_real_desktop() as desktop:
        await desktop.start_bus()
        await desktop.start_server()
        notifier = the_daemons(desktop)
        answers: list[tuple[Action, str]] = []
        notifier.on_action = lambda action, subject: answers.append((action, subject))
        five = consent_notice("github", "gmail", "linear", "notion", "slack")
        async with running(notifier):
            notifier.notify(five)
            assert (
                await desktop.shown()
            ).title == "github, gmail, linear, notion, slack need your authorization (shop)"
            assert await desktop.on_screen() == 1
            await desktop.press("Authorize")
            await until(lambda: answers)
        assert answers == [(Action.AUTHORIZE, five.subject)]


async def test_p11_what_comes_within_a_second_is_one_notification() -> None:
    async with a_real_desktop() as desktop:
        await desktop.start_bus()
        await desktop.start_server()
        notifier = the_daemons(desktop)
        async with running(notifier):
            notifier.notify(SLACK)
            notifier.notify(stripe_notice(SHOP, "https://dashboard.stripe.com/claim/1"))
            shown = await desktop.shown()
            assert shown.title == "2 notices from connectord (shop)"
            assert shown.body == f"• {SLACK.title}\n• The Stripe sandbox is ready to claim (shop)"
            assert desktop.nothing_more_was_shown


def the_daemons(desktop: RealDesktop) -> CombinedNotifier:
    return build_notifier(
        NotifyThrough.AUTO,
        clean=str,
        on_trouble=lambda why: None,
        platform="linux",
        environ=desktop.environ,
    )
