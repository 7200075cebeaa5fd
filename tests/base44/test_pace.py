"""The documented limits are kept: no window of a minute ever has more, whatever is asked, in the order of asking."""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.base44 import API_KEY, APP_ID, Wire, jwt, ok
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.virtual_time import run_virtually

from connectord.base44 import Base44, Retry, find_credentials
from connectord.base44.connections import Connections
from connectord.base44.pace import LONGEST_PUSH, SLACK, WINDOW, Pace
from connectord.base44.request import Limited
from connectord.emulator.state import DEFAULT_API_KEY

MINUTE = WINDOW + SLACK
REMOVE = Limited.REMOVE


def now() -> float:
    return asyncio.get_running_loop().time()


def a_pace(limit: int = 2, told: list[tuple[str, float]] | None = None) -> Pace:
    def tell(operation: str, seconds: float) -> None:
        (told if told is not None else []).append((operation, seconds))

    return Pace(limits={REMOVE: limit}, clock=now, on_wait=tell)


async def turns(pace: Pace, names: str, took: float = 0.0) -> list[tuple[str, float]]:
    """Who began when; all ask at once, in this order."""
    began: list[tuple[str, float]] = []

    async def one(name: str) -> None:
        async with pace.turn(REMOVE, name):
            began.append((name, now()))
            await asyncio.sleep(took)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(one(name))
    return began


def test_turns_come_at_once_up_to_the_limit_and_then_in_order_as_the_window_slides() -> None:
    began = run_virtually(_with_pace("abcde"))
    assert began == [("a", 0), ("b", 0), ("c", MINUTE), ("d", MINUTE), ("e", 2 * MINUTE)]


def test_a_turn_counts_from_its_end_since_nobody_knows_when_the_request_arrived() -> None:
    assert run_virtually(_with_pace("abc", took=5.0)) == [("a", 0), ("b", 0), ("c", MINUTE + 5)]


async def _with_pace(names: str, took: float = 0.0) -> list[tuple[str, float]]:
    return await turns(a_pace(), names, took)


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.floats(0, 200), st.floats(0, 30), st.floats(0, 1), st.booleans()), min_size=1, max_size=40
    ),
    limit=st.integers(1, 5),
)
def test_no_window_of_a_minute_ever_has_more_than_the_limit(
    asked: list[tuple[float, float, float, bool]], limit: int
) -> None:
    """Each asks at some time, takes some time, arrives at some moment within it; some are cancelled somewhere."""
    arrived: list[float] = []

    async def one(pace: Pace, at: float, took: float, share: float, cancelled: bool) -> None:
        await asyncio.sleep(at)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(took * 2 if cancelled else None), pace.turn(REMOVE, "x"):
                await asyncio.sleep(took * share)
                arrived.append(now())
                await asyncio.sleep(took * (1 - share))

    async def all_of_them() -> None:
        pace = a_pace(limit)
        async with asyncio.TaskGroup() as group:
            for at, took, share, cancelled in asked:
                group.create_task(one(pace, at, took, share, cancelled))

    run_virtually(all_of_them())
    assert len(arrived) >= sum(1 for *_, cancelled in asked if not cancelled)
    for index, first in enumerate(arrived):
        assert bisect_left(arrived, first + WINDOW) - index <= limit


def test_who_is_cancelled_while_waiting_gives_the_place_back() -> None:
    async def play() -> list[tuple[str, float]]:
        pace = a_pace(1)
        first = await turns(pace, "a")
        waiting = [asyncio.create_task(turns(pace, name)) for name in "bcd"]
        await asyncio.sleep(1)
        waiting[0].cancel()  # at the head of the queue
        waiting[1].cancel()  # in the middle of it
        await asyncio.wait(waiting)
        return first + waiting[2].result()

    assert run_virtually(play()) == [("a", 0), ("d", MINUTE)]


def test_who_leaves_turns_to_others_waits_for_as_many_and_they_go_first() -> None:
    async def play() -> list[tuple[str, float]]:
        pace, began = a_pace(3), []

        async def patient(name: str) -> None:
            async with pace.turn(REMOVE, name, spare=1):
                began.append((name, now()))

        waiting = [asyncio.create_task(patient(name)) for name in "abc"]
        await asyncio.sleep(1)
        began += await turns(pace, "x")
        await asyncio.wait(waiting)
        return began

    assert run_virtually(play()) == [("a", 0), ("b", 0), ("x", 1), ("c", MINUTE)]


def test_who_leaves_turns_to_others_waits_for_the_end_of_one_that_is_under_way() -> None:
    async def play() -> float:
        pace = a_pace(2)

        async def long_one() -> None:
            async with pace.turn(REMOVE, "long"):
                await asyncio.sleep(7)

        running = asyncio.create_task(long_one())
        await asyncio.sleep(0)
        async with pace.turn(REMOVE, "patient", spare=1):
            await running
        return now()

    assert run_virtually(play()) == 7 + MINUTE


def test_a_turn_in_which_nothing_was_sent_gives_its_place_back() -> None:
    async def play() -> list[tuple[str, float]]:
        pace = a_pace(1)
        async with pace.turn(REMOVE, "a") as turn:
            turn.used = False
        return await turns(pace, "b")

    assert run_virtually(play()) == [("b", 0)]


async def test_p4_a_removal_that_is_not_allowed_takes_no_turn_from_another(tmp_path: Path) -> None:
    class NotNow(Exception):
        pass

    async def not_now() -> None:
        raise NotNow

    credentials = find_credentials({"BASE44_API_KEY": API_KEY}, tmp_path)
    async with Base44("http://testserver", credentials, transport=Wire([ok({})])) as client:
        app = client.app(APP_ID)
        before = app.removals_left()
        with pytest.raises(NotNow):
            await app.remove_connector("slack", allowed=not_now)
        assert app.removals_left() == before


def test_a_retry_after_pushes_all_of_that_kind_out_even_those_that_wait() -> None:
    async def play() -> list[tuple[str, float]]:
        pace = a_pace(1)
        await turns(pace, "a")
        waiting = asyncio.create_task(turns(pace, "b"))
        await asyncio.sleep(1)
        pace.push_out(REMOVE, 100)
        return await waiting

    assert run_virtually(play()) == [("b", 101)]


def test_defect_11_a_retry_after_of_an_hour_pushes_out_by_five_minutes() -> None:
    async def play() -> list[tuple[str, float]]:
        pace = a_pace()
        pace.push_out(REMOVE, 3600)
        return await turns(pace, "a")

    assert run_virtually(play()) == [("a", LONGEST_PUSH)]


def test_a_person_hears_of_a_wait_once_and_not_of_a_short_one() -> None:
    told: list[tuple[str, float]] = []

    async def play() -> None:
        pace = a_pace(2, told)
        await turns(pace, "a")
        await asyncio.sleep(MINUTE - 0.5)
        await turns(pace, "b")
        await turns(pace, "cde")

    run_virtually(play())
    assert [(who, round(seconds, 3)) for who, seconds in told] == [("d", MINUTE - 0.5)]


async def test_what_has_no_limit_never_waits() -> None:
    pace = a_pace(1)
    for _ in range(100):
        async with pace.turn(None, "set slack"), pace.turn(Limited.LIST, "list"):
            pass
    pace.push_out(None, 60)
    assert pace._lanes.keys() == {REMOVE}


@asynccontextmanager
async def a_client(emulator: EmulatorApp, pace: Pace) -> AsyncIterator[Base44]:
    credentials = find_credentials({"BASE44_API_KEY": DEFAULT_API_KEY}, Path("/nowhere"))
    retry = Retry(attempts=1)
    async with Base44(emulator.url, credentials, transport=emulator.transport, pace=pace, retry=retry) as client:
        yield client


def test_75_removals_lists_and_polls_at_once_never_hear_429() -> None:
    async def play() -> tuple[list[int], float]:
        emulator = emulator_app(app_ids=("one", "other"), clock=now, limits=True)
        async with a_client(emulator, Pace(clock=now)) as client, asyncio.TaskGroup() as group:
            for number in range(75):
                app = client.app(("one", "other")[number % 2])  # the caller counts, not the app
                group.create_task(app.remove_connector("slack"))
                group.create_task(app.list_connectors())
        return [entry.status for entry in emulator.world.journal.entries if entry.status is not None], now()

    statuses, seconds = run_virtually(play())
    assert statuses == [200] * 150
    assert 7 * WINDOW < seconds < 7 * MINUTE + 1


def test_another_program_of_the_same_caller_is_made_room_for() -> None:
    """Ten removals went out elsewhere: the eleventh hears 429 once, and all that follow wait as long as it does."""

    async def play() -> tuple[int, int]:
        emulator = emulator_app(clock=now, limits=True)
        async with a_client(emulator, Pace(clock=now)) as other:
            for _ in range(10):
                await other.app(emulator.app_id).remove_connector("slack")
        credentials = find_credentials({"BASE44_API_KEY": DEFAULT_API_KEY}, Path("/nowhere"))
        ours = Base44(emulator.url, credentials, transport=emulator.transport, pace=Pace(clock=now))
        async with ours:
            for _ in range(5):
                await ours.app(emulator.app_id).remove_connector("slack")
        statuses = [entry.status for entry in emulator.world.journal.entries]
        return statuses.count(429), statuses.count(200)

    assert run_virtually(play()) == (1, 15)


async def test_retries_take_turns_too() -> None:
    pace = Pace(limits={Limited.LIST: 3}, clock=lambda: 0.0)
    wire = Wire([httpx.Response(503), httpx.Response(503), ok({"integrations": []})])
    credentials = find_credentials({"BASE44_API_KEY": API_KEY}, Path("/nowhere"))

    async def at_once(_: float) -> None:
        pass

    async with Base44("https://base44.test", credentials, transport=wire, pace=pace, sleep=at_once) as client:
        await client.app(APP_ID).list_connectors()
    assert pace._lanes[Limited.LIST].wait() == MINUTE


OTHER_KEY = {"BASE44_API_KEY": "b44k_another"}
TOKENS = {"BASE44_ACCESS_TOKEN": jwt(), "BASE44_REFRESH_TOKEN": "r1"}


@pytest.mark.parametrize(
    ("url", "environ", "shared"),
    [
        ("https://base44.test", {}, True),
        ("https://base44.test/", {"BASE44_APP_ID": "x"}, True),
        ("https://other.test", {}, False),
        ("https://base44.test", OTHER_KEY, False),
        ("https://base44.test", TOKENS, False),
    ],
)
async def test_one_pace_for_each_host_and_caller(
    url: str, environ: dict[str, str], shared: bool, tmp_path: Path
) -> None:
    async with Connections(tmp_path) as connections:
        connections.app("https://base44.test", {}, "one")
        connections.app(url, environ, "two")
        assert (len(connections._paces) == 1) is shared
