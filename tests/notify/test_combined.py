"""The daemon's notifier: all channels, as the person likes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.notify import KeepingNotifier, a_notice, running
from tests.support.virtual_time import run_virtually

from connectord.control.redaction import redact
from connectord.notify import (
    Action,
    Channel,
    ChannelState,
    CombinedNotifier,
    Notice,
    NoticeLevel,
    Rules,
)
from connectord.quiet_hours import quiet_hours

LOG = ChannelState(Channel.LOG, works=True)
NIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


def day_clock(starting: datetime = NIGHT) -> Callable[[], datetime]:
    """The time of the day by the running loop's clock."""
    return lambda: starting + timedelta(seconds=asyncio.get_running_loop().time())


def combined(*channels: KeepingNotifier, rules: Rules | None = None) -> CombinedNotifier:
    return CombinedNotifier(channels, instead=LOG, rules=rules or Rules(), clean=redact, now=day_clock())


@pytest.mark.parametrize(
    ("rules", "heard"),
    [
        (Rules(), [a_notice("one").subject, a_notice("two").subject]),
        (Rules(NoticeLevel.NONE), []),
        (Rules(snoozed_until=NIGHT + timedelta(days=1)), []),
    ],
)
def test_each_notice_that_is_shown_is_heard_of_before_it_is_and_what_waits_is_not(
    rules: Rules, heard: list[str]
) -> None:
    async def shown() -> list[str]:
        subjects: list[str] = []
        channel = KeepingNotifier()
        notifier = combined(channel, rules=rules)

        def hear(subject: str) -> None:
            assert channel.notices == []
            subjects.append(subject)

        notifier.on_shown = hear
        async with running(notifier):
            for title in ("one", "two"):
                notifier.notify(a_notice(title))
            await asyncio.sleep(2)
        return subjects

    assert run_virtually(shown()) == heard


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_it_ends_when_it_is_told_to_also_in_the_moment_in_which_it_is_woken(seconds: float) -> None:
    async def ended() -> bool:
        notifier = combined(KeepingNotifier(), rules=Rules(snoozed_until=NIGHT + timedelta(days=1)))
        notifier.notify(a_notice("one"))
        task = asyncio.create_task(notifier.run())
        await asyncio.sleep(seconds)
        notifier.withdraw("something")
        task.cancel()
        await asyncio.wait([task], timeout=100)
        return task.cancelled()

    assert run_virtually(ended())


def test_p11_a_batch_within_a_second_reaches_each_channel_once() -> None:
    async def shown() -> tuple[KeepingNotifier, KeepingNotifier]:
        channels = KeepingNotifier(), KeepingNotifier()
        notifier = combined(*channels)
        async with running(notifier):
            for title in ("one", "two"):
                notifier.notify(a_notice(title))
                await asyncio.sleep(0.4)
            await asyncio.sleep(5)
        return channels

    for channel in run_virtually(shown()):
        assert channel.titles == ["2 notices from connectord (shop)"]


def test_what_is_settled_is_withdrawn_from_each_channel() -> None:
    async def withdrawn() -> list[str]:
        channel = KeepingNotifier()
        notifier = combined(channel)
        async with running(notifier):
            notifier.notify(a_notice("one"))
            await asyncio.sleep(2)
            notifier.withdraw(a_notice("one").subject)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return channel.withdrawn

    assert run_virtually(withdrawn()) == [a_notice("one").subject]


def test_the_night_is_quiet_and_the_morning_has_one_digest() -> None:
    async def shown() -> tuple[list[str], list[str]]:
        channel = KeepingNotifier()
        notifier = combined(channel, rules=Rules(quiet=quiet_hours("22:00-07:00", UTC)))
        async with running(notifier):
            notifier.notify(a_notice("one"))
            await asyncio.sleep(3600)
            notifier.notify(a_notice("two"))
            await asyncio.sleep(6.9 * 3600)
            at_night = channel.titles
            await asyncio.sleep(0.2 * 3600)
        return at_night, channel.titles

    assert run_virtually(shown()) == ([], ["2 notices from connectord (shop)"])


def test_a_snooze_that_is_taken_back_shows_what_waited() -> None:
    async def shown() -> list[str]:
        channel = KeepingNotifier()
        notifier = combined(channel, rules=Rules(snoozed_until=NIGHT + timedelta(days=1)))
        async with running(notifier):
            notifier.notify(a_notice("one"))
            await asyncio.sleep(3600)
            notifier.rules = Rules()
            await asyncio.sleep(1)
        return channel.titles

    assert run_virtually(shown()) == ["one"]


def test_an_answer_to_several_in_one_is_an_answer_to_each() -> None:
    async def answers() -> list[tuple[Action, str]]:
        heard: list[tuple[Action, str]] = []
        channel = KeepingNotifier()
        notifier = combined(channel)
        notifier.on_action = lambda action, subject: heard.append((action, subject))
        async with running(notifier):
            for title in ("one", "two"):
                notifier.notify(a_notice(title, buttons=(Action.AUTHORIZE, Action.SKIP)))
            await asyncio.sleep(2)
            channel.on_action(Action.SKIP, channel.notices[0].subject)
        return heard

    assert run_virtually(answers()) == [(Action.SKIP, a_notice(title).subject) for title in ("one", "two")]


def test_an_answer_to_what_was_settled_meanwhile_says_nothing() -> None:
    async def answers() -> list[Action]:
        heard: list[Action] = []
        channel = KeepingNotifier()
        notifier = combined(channel)
        notifier.on_action = lambda action, subject: heard.append(action)
        async with running(notifier):
            notifier.notify(a_notice("one"))
            await asyncio.sleep(2)
            notifier.withdraw(a_notice("one").subject)
            channel.on_action(Action.SKIP, a_notice("one").subject)
        return heard

    assert run_virtually(answers()) == []


def test_p13_no_channel_gets_a_token() -> None:
    async def told() -> list[Notice]:
        channel = KeepingNotifier()
        notifier = combined(channel)
        async with running(notifier):
            notifier.notify(a_notice("one", body="It was sent with b44k_secret"))
            await asyncio.sleep(2)
        return channel.notices

    assert [notice.body for notice in run_virtually(told())] == ["It was sent with ***"]


def test_state_is_the_first_channel_that_works_and_says_why_the_others_do_not() -> None:
    desktop = KeepingNotifier(ChannelState(Channel.DESKTOP, works=False, why="There is no session bus here"))
    command = KeepingNotifier(ChannelState(Channel.COMMAND, works=True, through="phone"))

    async def state(*channels: KeepingNotifier) -> ChannelState:
        return combined(*channels).state

    both, one, none = (run_virtually(state(*channels)) for channels in ((desktop, command), (desktop,), ()))
    why = "desktop: There is no session bus here."
    assert both == ChannelState(Channel.COMMAND, works=True, through="phone", why=why)
    assert one == ChannelState(Channel.LOG, works=True, why=why)
    assert none == LOG
