"""A link's 120 seconds: to the poll, over sleeps, jumping clocks, stalls and restarts. In virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from tests.support.authorize import ConsentWorld, set_the_clock_on_the_wall
from tests.support.virtual_time import run_virtually

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.authorize.alarm import Alarm
from connectord.base44 import Base44Error, Busy, Refused, Unreachable
from connectord.base44.models import ConsentStatus

APP, ID = "shop", "base44_1"
DAY = 86_400.0


@dataclass
class Desk:
    """One link, its Base44, and a clock that a test may set forward."""

    world: ConsentWorld = field(default_factory=ConsentWorld)
    ended: list[tuple[float, AuthorizationState]] = field(default_factory=list)
    ahead: float = 0.0
    authorizations: Authorizations = field(init=False)

    def clock(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    def open(
        self, *, seconds_left: float | None = None, connection_id: str | None = ID, type: str = "slack"
    ) -> Authorization:
        return self.authorizations.open(
            self.world.app(APP),
            owner="/shop",
            type=type,
            url=f"https://x/{type}",
            connection_id=connection_id,
            scopes=("a",),
            seconds_left=seconds_left,
        )

    def consent(self) -> None:
        self.world.allow(APP, "slack", ID, "a")

    def note(self, end: Authorization) -> None:
        self.ended.append((asyncio.get_running_loop().time(), end.state))


@asynccontextmanager
async def a_desk(world: ConsentWorld | None = None) -> AsyncIterator[Desk]:
    desk = Desk(world or ConsentWorld())
    desk.authorizations = Authorizations(clock=desk.clock, on_end=desk.note, rng=random.Random(1))
    async with desk.authorizations:
        yield desk


async def _consent_at(seconds: float) -> Desk:
    async with a_desk() as desk:
        desk.open()
        await asyncio.sleep(seconds)
        desk.consent()
        await asyncio.sleep(200.0)
        return desk


def test_it_is_polled_at_once_and_every_two_seconds_and_once_more_after_its_deadline() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(200.0)
            return desk

    desk = run_virtually(play())
    times = desk.world.times("status")
    assert times[0] < 0.01
    assert all(1.99 < later - earlier < 2.02 for earlier, later in pairwise(times))
    assert [at for at in times if at >= 120.0] == times[-1:]
    assert desk.ended == [(times[-1], AuthorizationState.TIMED_OUT)]


@pytest.mark.parametrize("seconds", [0.5, 3.1, 60.0, 118.1, 119.9])
def test_a_consent_within_the_time_is_seen_by_the_next_poll(seconds: float) -> None:
    ((at, state),) = run_virtually(_consent_at(seconds)).ended
    assert (state, at - seconds < 2.5) == (AuthorizationState.AUTHORIZED, True)


def test_a_consent_between_the_deadline_and_the_last_poll_counts() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open(seconds_left=119.0)
            await asyncio.sleep(119.5)
            desk.consent()
            await asyncio.sleep(5.0)
            return desk

    assert [state for _, state in run_virtually(play()).ended] == [AuthorizationState.AUTHORIZED]


@pytest.mark.parametrize("seconds", [121.0, 122.5, 3600.0])
def test_a_consent_after_the_last_poll_is_left_to_reconcile(seconds: float) -> None:
    ((at, state),) = run_virtually(_consent_at(seconds)).ended
    assert (state, at < 122.1) == (AuthorizationState.TIMED_OUT, True)


def test_a_link_that_a_person_opens_gets_its_time_anew() -> None:
    async def play() -> tuple[Desk, Authorization | None, list[float]]:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(101.0)
            polls = len(desk.world.times("status"))
            again = desk.authorizations.opened_by_person("/shop", "slack")
            await asyncio.sleep(100.0)
            desk.consent()
            await asyncio.sleep(5.0)
            return desk, again, desk.world.times("status")[polls:]

    desk, again, polls = run_virtually(play())
    assert again is not None
    assert [again.opened_at, again.deadline] == pytest.approx([101.0, 221.0])
    assert polls[0] == pytest.approx(101.0, abs=0.05)
    assert [state for _, state in desk.ended] == [AuthorizationState.AUTHORIZED]


def test_a_link_that_has_ended_can_not_be_opened_again() -> None:
    async def play() -> Authorization | None:
        async with a_desk() as desk:
            desk.open()
            desk.authorizations.skip("/shop", "slack")
            return desk.authorizations.opened_by_person("/shop", "slack")

    assert run_virtually(play()) is None


@pytest.mark.parametrize(("clock_goes_on", "state"), [(True, "timed-out"), (False, "authorized")])
def test_a_machine_that_sleeps_for_a_day_polls_as_it_wakes_and_the_deadline_is_the_clocks(
    clock_goes_on: bool, state: str
) -> None:
    """On Linux and macOS the monotonic clock stands still meanwhile: the person gets what was left of the time."""

    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(30.0)
            set_the_clock_on_the_wall(DAY)
            desk.ahead = DAY if clock_goes_on else 0.0
            desk.authorizations.poll_now()
            await asyncio.sleep(50.0)
            desk.consent()
            await asyncio.sleep(50.0)
            return desk

    ((at, ended),) = run_virtually(play()).ended
    assert ended == state
    assert (at < 32.1) is clock_goes_on


@pytest.mark.parametrize("jump", [-DAY, -3600.0, -3.0, 3.0, 3600.0, DAY])
def test_a_clock_on_the_wall_that_jumps_changes_nothing_even_where_nobody_notices_it(jump: float) -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(31.0)
            set_the_clock_on_the_wall(jump)
            await asyncio.sleep(40.0)
            desk.consent()
            await asyncio.sleep(5.0)
            return desk

    desk = run_virtually(play())
    times = desk.world.times("status")
    assert [state for _, state in desk.ended] == [AuthorizationState.AUTHORIZED]
    assert max(later - earlier for earlier, later in pairwise(times)) < 3.0
    assert min(later - earlier for earlier, later in pairwise(times)) > 1.9


def test_a_stall_is_followed_by_one_poll_and_not_by_all_that_were_missed() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(10.1)
            loop = asyncio.get_running_loop()
            loop._selector._forward(30.0)  # type: ignore[attr-defined]  # as if one callback had taken so long
            await asyncio.sleep(5.0)
            return desk

    times = run_virtually(play()).world.times("status")
    assert [round(at) for at in times if at > 9.0] == [10, 40, 42, 44]


def test_a_restart_every_ten_seconds_neither_prolongs_nor_loses_it() -> None:
    async def play() -> list[tuple[float, AuthorizationState]]:
        world, ends = ConsentWorld(), []
        for _ in range(20):
            left = 120.0 - asyncio.get_running_loop().time()
            async with a_desk(world) as desk:
                desk.open(seconds_left=left)
                await asyncio.sleep(10.0)
            ends += desk.ended
            if ends:
                break
        return ends

    ((at, state),) = run_virtually(play())
    assert (state, 120.0 <= at < 121.0) == (AuthorizationState.TIMED_OUT, True)


def test_a_consent_while_the_daemon_was_down_is_seen_by_the_next_life_at_once_even_after_the_deadline() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.consent()
            desk.open(seconds_left=-3600.0)
            await asyncio.sleep(1.0)
            return desk

    ((_, state),) = run_virtually(play()).ended
    assert state is AuthorizationState.AUTHORIZED


def _error_until(seconds: float, error: Base44Error) -> Callable[[str], Base44Error | None]:
    return lambda _: error if asyncio.get_running_loop().time() < seconds else None


@pytest.mark.parametrize(
    "error", [Unreachable("no route"), Busy("broken", status=503), Refused("what?", status=422)], ids=lambda it: it.code
)
def test_errors_back_off_and_never_become_failed(error: Base44Error) -> None:
    async def play() -> Desk:
        async with a_desk(ConsentWorld(error=_error_until(60.0, error))) as desk:
            desk.open()
            desk.consent()
            await asyncio.sleep(110.0)
            return desk

    desk = run_virtually(play())
    assert [state for _, state in desk.ended] == [AuthorizationState.AUTHORIZED]
    assert len([at for at in desk.world.times("status") if at < 60.0]) < 15


def test_a_retry_after_is_a_floor_for_every_link() -> None:
    async def play() -> list[float]:
        limited = Busy("slow down", status=429, retry_after=30.0)
        async with a_desk(ConsentWorld(error=_error_until(5.0, limited))) as desk:
            desk.open()
            desk.open(type="github", connection_id="base44_2")
            await asyncio.sleep(40.0)
            return desk.world.times("status")

    first, *later = run_virtually(play())
    assert first < 0.1
    assert later[0] >= 30.0


def test_one_link_that_always_fails_slows_no_other_down() -> None:
    async def play() -> ConsentWorld:
        world = ConsentWorld(error=lambda about: Busy("broken", status=503) if about == "base44_2" else None)
        async with a_desk(world) as desk:
            desk.open()
            desk.open(type="github", connection_id="base44_2")
            await asyncio.sleep(100.0)
            return world

    asked = run_virtually(play()).asked
    times = [at for at, _, about in asked if about == ID]
    assert 2 < len([at for at, _, about in asked if about == "base44_2"]) < 20
    assert max(later - earlier for earlier, later in pairwise(times)) < 4.0


def test_after_an_outage_a_word_is_enough_to_ask_at_once() -> None:
    async def play() -> Desk:
        async with a_desk(ConsentWorld(error=_error_until(90.0, Unreachable("no route")))) as desk:
            desk.open()
            desk.consent()
            await asyncio.sleep(90.0)
            desk.authorizations.poll_now()
            await asyncio.sleep(1.5)
            return desk

    assert [state for _, state in run_virtually(play()).ended] == [AuthorizationState.AUTHORIZED]


def test_a_list_that_fails_ends_no_link_that_status_can_still_tell_of() -> None:
    async def play() -> Desk:
        world = ConsentWorld(error=lambda about: Refused("no", status=403) if about == "list" else None)
        async with a_desk(world) as desk:
            for name in ("slack", "github", "gmail", "box"):
                world.consents[name] = ConsentStatus.ACTIVE
                desk.open(type=name, connection_id=name, seconds_left=-1.0)
            await asyncio.sleep(10.0)
            return desk

    assert [state for _, state in run_virtually(play()).ended] == [AuthorizationState.AUTHORIZED] * 4


def test_of_links_given_together_the_one_that_a_person_opens_is_polled_first() -> None:
    async def play() -> list[str]:
        async with a_desk() as desk:
            for name in ("slack", "github", "gmail"):
                desk.open(type=name, connection_id=name)
            desk.authorizations.opened_by_person("/shop", "github")
            assert [one.type for one in desk.authorizations.open_ones] == ["slack", "gmail", "github"]
            await asyncio.sleep(0.5)
            return [about for _, how, about in desk.world.asked if how == "status"]

    assert run_virtually(play()) == ["github"]


def test_the_answer_to_an_older_link_ends_the_newer_one_in_no_way() -> None:
    async def play() -> tuple[Desk, int]:
        async with a_desk(ConsentWorld(takes=1.0)) as desk:
            desk.open()
            desk.world.consents[ID] = ConsentStatus.FAILED
            await asyncio.sleep(0.5)
            desk.open(connection_id="base44_2")
            await asyncio.sleep(0.9)
            return desk, len(desk.authorizations.open_ones)

    desk, still_open = run_virtually(play())
    assert [state for _, state in desk.ended] == [AuthorizationState.SUPERSEDED]
    assert still_open == 1


def test_who_has_left_leaves_no_timer_behind_even_if_a_poll_ends_after_that() -> None:
    async def play() -> list[object]:
        loop: Any = asyncio.get_running_loop()
        alarm = Alarm(lambda: 1.0)
        alarm.start()
        alarm.set(1.0)
        await alarm.stop()
        alarm.set(0.0)
        await asyncio.sleep(0)
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    assert run_virtually(play()) == []


def test_a_refusal_is_failed_at_once() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open()
            await asyncio.sleep(7.0)
            desk.world.consents[ID] = ConsentStatus.FAILED
            await asyncio.sleep(2.5)
            return desk

    assert [state for _, state in run_virtually(play()).ended] == [AuthorizationState.FAILED]


def test_a_poll_that_hangs_is_the_only_one_of_its_link() -> None:
    async def play() -> ConsentWorld:
        async with a_desk(ConsentWorld(takes=7.0)) as desk:
            desk.open()
            await asyncio.sleep(60.0)
            return desk.world

    world = run_virtually(play())
    assert (world.most_at_once, len(world.asked)) == (1, 9)


def test_a_defect_in_a_poll_is_told_once_and_the_link_is_asked_for_again_until_its_time_is_over() -> None:
    async def play() -> tuple[list[tuple[str, str]], Desk]:
        told: list[tuple[str, str]] = []

        def defect(about: str) -> Base44Error | None:
            raise ZeroDivisionError(about)

        desk = Desk(ConsentWorld(error=defect))
        desk.authorizations = Authorizations(
            clock=desk.clock,
            on_end=desk.note,
            on_defect=lambda owner, error: told.append((owner, repr(error))),
            rng=random.Random(1),
        )
        async with desk.authorizations:
            desk.open()
            await asyncio.sleep(300.0)
        return told, desk

    told, desk = run_virtually(play())
    assert told == [("/shop", f"ZeroDivisionError('{ID}')")]
    assert [state for _, state in desk.ended] == [AuthorizationState.TIMED_OUT]
    assert 5 < len(desk.world.asked) < 60


def test_a_defect_that_nobody_listens_for_reaches_the_loop() -> None:
    async def play() -> list[str]:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context["exception"])))

        def defect(about: str) -> Base44Error | None:
            raise ZeroDivisionError(about)

        async with a_desk(ConsentWorld(error=defect)) as desk:
            desk.open()
            await asyncio.sleep(1.0)
        return told

    assert run_virtually(play()) == ["A poll of an authorization of /shop ended by a defect"]


def test_the_list_alone_settles_a_link_without_an_id_and_ends_it_after_its_deadline() -> None:
    async def play() -> Desk:
        async with a_desk() as desk:
            desk.open(connection_id=None)
            await asyncio.sleep(130.0)
            return desk

    desk = run_virtually(play())
    assert desk.world.times("status") == []
    assert [state for _, state in desk.ended] == [AuthorizationState.TIMED_OUT]


def test_when_nothing_is_open_nothing_is_asked() -> None:
    async def play() -> int:
        async with a_desk() as desk:
            desk.open()
            desk.authorizations.skip("/shop", "slack")
            await asyncio.sleep(3600.0)
            return len(desk.world.asked)

    assert run_virtually(play()) == 0
