"""Notices on a desktop that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.notify import FakeDesktop, a_notice, all_quiet, running, until
from tests.support.virtual_time import run_virtually

from connectord.notify import Action
from connectord.notify.desktop import LAST_RETRY, LEAVE_LIMIT, MOST_OPEN, DesktopNotifier

ONE, TWO = a_notice("one"), a_notice("two")


@dataclass
class Shown:
    notifier: DesktopNotifier
    desktop: FakeDesktop
    troubles: list[str] = field(default_factory=list)
    answers: list[tuple[Action, str]] = field(default_factory=list)


@asynccontextmanager
async def a_desktop(away: str = "", first_retry: float = 0.001) -> AsyncIterator[Shown]:
    troubles: list[str] = []
    desktop = FakeDesktop(away)
    notifier = DesktopNotifier(desktop, on_trouble=troubles.append, first_retry=first_retry)
    shown = Shown(notifier, desktop, troubles)
    notifier.on_action = lambda action, subject: shown.answers.append((action, subject))
    async with running(notifier):
        await until(lambda: desktop.asked)
        await all_quiet()
        yield shown


async def test_a_notice_is_shown_and_withdrawn() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.shown)
        assert it.desktop.now.titles == ["one"]
        it.notifier.withdraw(ONE.subject)
        await until(lambda: it.desktop.now.cleared)
        assert it.desktop.now.titles == []


async def test_state_names_the_server_that_answers() -> None:
    async with a_desktop() as it:
        assert it.notifier.state.works
        assert (it.notifier.state.through, it.notifier.state.buttons) == ("fake 1.0", True)


async def test_state_says_before_the_first_look_that_there_was_none() -> None:
    notifier = DesktopNotifier(FakeDesktop(), on_trouble=lambda why: None)
    assert (notifier.state.works, notifier.state.why) == (False, "The desktop has not been looked for yet")


async def test_without_a_desktop_state_says_why_and_trouble_is_told_once() -> None:
    async with a_desktop(away="There is no session bus here") as it:
        await until(lambda: len(it.desktop.asked) > 3)
        assert (it.notifier.state.works, it.notifier.state.why) == (False, "There is no session bus here")
        assert it.troubles == ["There is no session bus here"]


async def test_a_notice_waits_for_the_desktop_to_come() -> None:
    async with a_desktop(away="No server") as it:
        it.notifier.notify(ONE)
        await all_quiet()
        assert it.desktop.sessions == []
        it.desktop.away = ""
        await until(lambda: it.desktop.sessions and it.desktop.now.shown)
        assert it.desktop.now.titles == ["one"]


async def test_only_a_notice_that_nobody_has_seen_may_start_a_server() -> None:
    async with a_desktop(away="No server") as it:
        assert it.desktop.asked[-1] is False
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.asked[-1] is True)
        it.desktop.away = ""
        await until(lambda: it.desktop.sessions and it.desktop.now.titles)
        it.desktop.away = "No server"
        it.desktop.now.on_end("The server is gone")
        asked = len(it.desktop.asked)
        await until(lambda: len(it.desktop.asked) > asked)
        assert it.desktop.asked[-1] is False


async def test_what_was_on_show_when_the_server_went_is_shown_once_by_the_next() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.titles == ["one"])
        it.desktop.now.on_end("The server is gone")
        await until(lambda: len(it.desktop.sessions) == 2 and it.desktop.now.titles)
        assert it.desktop.now.titles == ["one"]
        assert it.desktop.sessions[0].closed
        assert it.troubles == ["The server is gone"]


async def test_p11_what_was_closed_answered_or_had_expired_is_not_shown_again_by_the_next_server() -> None:
    async with a_desktop() as it:
        expired, closed, answered = (a_notice(title) for title in ("expired", "closed", "answered"))
        it.notifier.notify(expired)
        await until(lambda: it.desktop.now.titles == ["expired"])
        it.desktop.now.expire()
        it.notifier.notify(closed)
        it.notifier.notify(answered)
        await until(lambda: len(it.desktop.now.titles) == 2)
        it.desktop.now.close_by_hand("closed")
        it.desktop.now.press("answered", Action.AUTHORIZE)
        it.desktop.now.on_end("The server is gone")
        await until(lambda: len(it.desktop.sessions) == 2)
        it.notifier.notify(TWO)
        await until(lambda: it.desktop.now.titles)
        assert it.desktop.now.titles == ["two"]


async def test_an_answer_names_the_subject_and_comes_once() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.titles == ["one"])
        it.desktop.now.press("one", Action.SKIP)
        assert it.answers == [(Action.SKIP, ONE.subject)]


async def test_what_was_answered_needs_no_withdrawal_and_bears_one() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.titles == ["one"])
        it.desktop.now.press("one", Action.SKIP)
        it.notifier.withdraw(ONE.subject)
        await all_quiet()
        assert it.desktop.now.cleared == []


async def test_an_end_takes_away_what_the_server_is_just_about_to_show() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.titles == ["one"])
        it.desktop.now.answering.clear()
        it.notifier.notify(TWO)
        await until(lambda: it.desktop.now.titles == ["one", "two"])
        asyncio.get_running_loop().call_later(0.01, it.desktop.now.answering.set)
    assert it.desktop.now.titles == []


async def test_an_end_takes_away_what_it_finds_being_taken_away() -> None:
    async with a_desktop() as it:
        it.notifier.notify(ONE)
        await until(lambda: it.desktop.now.titles == ["one"])
        it.desktop.now.answering.clear()
        it.notifier.withdraw(ONE.subject)
        await all_quiet()
        asyncio.get_running_loop().call_later(0.01, it.desktop.now.answering.set)
    assert it.desktop.now.titles == []


def test_an_end_waits_for_no_notice_before_it_takes_the_others_away() -> None:
    async def left() -> list[str]:
        desktop = FakeDesktop()
        notifier = DesktopNotifier(desktop, on_trouble=lambda why: None)
        async with running(notifier):
            notifier.notify(ONE)
            await until(lambda: desktop.sessions and desktop.now.titles == ["one"])
            desktop.now.hanging.add("two")
            notifier.notify(TWO)
            await until(lambda: "two" in desktop.now.titles)
        return desktop.now.titles

    assert run_virtually(left()) == ["two"]


def test_an_end_waits_for_a_server_that_hangs_no_longer_than_it_may() -> None:
    async def ended_after() -> float:
        desktop = FakeDesktop()
        notifier = DesktopNotifier(desktop, on_trouble=lambda why: None)
        async with running(notifier):
            await until(lambda: desktop.sessions)
            desktop.now.answering.clear()
            notifier.notify(ONE)
            await until(lambda: desktop.now.titles)
            begun = asyncio.get_running_loop().time()
        assert desktop.now.closed
        return asyncio.get_running_loop().time() - begun

    assert run_virtually(ended_after()) == LEAVE_LIMIT


async def test_a_later_notice_of_a_subject_takes_the_place_of_the_earlier_one() -> None:
    async with a_desktop() as it:
        it.notifier.notify(a_notice("old", item="x"))
        await until(lambda: it.desktop.now.titles == ["old"])
        it.notifier.notify(a_notice("new", item="x"))
        await until(lambda: "new" in it.desktop.now.titles)
        await all_quiet()
        assert it.desktop.now.titles == ["new"]


async def test_a_server_that_fails_is_left_and_tried_again() -> None:
    async with a_desktop() as it:
        it.desktop.failing = it.desktop.now.failing = True
        it.notifier.notify(ONE)
        await until(lambda: len(it.desktop.sessions) > 2 and not it.notifier.state.works)
        it.desktop.failing = False
        await until(lambda: it.desktop.now.titles == ["one"])
        assert it.notifier.state.works


async def test_more_notices_than_a_screen_holds_push_out_the_oldest() -> None:
    async with a_desktop(away="No server") as it:
        for number in range(MOST_OPEN + 1):
            it.notifier.notify(a_notice(f"{number}"))
        it.desktop.away = ""
        await until(lambda: it.desktop.sessions and len(it.desktop.now.titles) == MOST_OPEN)
        assert it.desktop.now.titles[0] == "1"


def test_a_missing_desktop_is_looked_for_ever_more_seldom() -> None:
    async def looks_in_an_hour() -> int:
        desktop = FakeDesktop(away="No server")
        async with running(DesktopNotifier(desktop, on_trouble=lambda why: None)):
            await asyncio.sleep(3600)
        return len(desktop.asked)

    assert 3600 / LAST_RETRY <= run_virtually(looks_in_an_hour()) <= 3600 / LAST_RETRY + 8


def test_a_new_notice_looks_for_a_missing_desktop_at_once() -> None:
    async def waited() -> float:
        loop, desktop = asyncio.get_running_loop(), FakeDesktop(away="No server")
        notifier = DesktopNotifier(desktop, on_trouble=lambda why: None)
        async with running(notifier):
            await asyncio.sleep(1000)
            desktop.away, begun = "", loop.time()
            notifier.notify(ONE)
            await until(lambda: desktop.sessions and desktop.now.titles)
            return loop.time() - begun

    assert run_virtually(waited()) == 0.0


def test_a_server_that_crashes_at_every_notice_is_not_fed_without_end() -> None:
    async def sessions_in_an_hour() -> int:
        desktop = FakeDesktop(crashing=True)
        notifier = DesktopNotifier(desktop, on_trouble=lambda why: None)
        async with running(notifier):
            notifier.notify(ONE)
            await asyncio.sleep(3600)
        return len(desktop.sessions)

    assert run_virtually(sessions_in_an_hour()) <= 3600 / LAST_RETRY + 8


async def test_a_notice_that_comes_while_a_server_goes_waits_for_no_pause() -> None:
    async with a_desktop(first_retry=3600) as it:
        it.desktop.now.on_end("The server is gone")
        it.notifier.notify(ONE)
        await until(lambda: len(it.desktop.sessions) == 2 and it.desktop.now.shown)
        assert it.desktop.now.titles == ["one"]
        assert it.desktop.sessions[0].titles == []
