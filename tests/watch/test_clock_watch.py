"""Lost time is noticed, whichever clock shows it, and only then."""

from __future__ import annotations

import asyncio

import pytest

from connectord.watch import ClockWatch

EVERY, DAY = 10.0, 86_400.0


async def wakes_after(*waits: tuple[float, float]) -> list[int]:
    """In which of the waits, each so long by the monotonic and by the wall clock, `on_wake` was called."""
    monotonic, wall, done, woke = 1000.0, 1_800_000_000.0, 0, []
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal monotonic, wall, done
        assert seconds == EVERY
        if done == len(waits):
            over.set()
            await asyncio.Event().wait()
        monotonic, wall, done = monotonic + waits[done][0], wall + waits[done][1], done + 1

    watch = ClockWatch(
        on_wake=lambda: woke.append(done), every=EVERY, monotonic=lambda: monotonic, wall=lambda: wall, sleep=sleep
    )
    task = asyncio.create_task(watch.run())
    await over.wait()
    task.cancel()
    await asyncio.wait([task])
    return woke


@pytest.mark.parametrize(
    ("monotonic", "wall"),
    [
        (EVERY, EVERY + 8 * 3600),  # the machine slept
        (EVERY + 60, EVERY + 60),  # this process was stopped
        (EVERY, EVERY + DAY),  # the clock was set
        (EVERY, EVERY - DAY),
        (EVERY + 60, EVERY),  # both at once, in a way that the wall clock doesn't show
    ],
)
async def test_lost_time_is_noticed_once(monotonic: float, wall: float) -> None:
    assert await wakes_after((EVERY, EVERY), (monotonic, wall), (EVERY, EVERY)) == [2]


async def test_a_busy_machine_and_a_clock_that_is_slewed_are_no_reason() -> None:
    assert await wakes_after((EVERY + 1.0, EVERY + 1.0), (EVERY, EVERY + 0.5), (EVERY, EVERY - 0.5)) == []


async def test_each_loss_is_a_reason_of_its_own() -> None:
    assert await wakes_after((EVERY, EVERY + DAY), (EVERY, EVERY), (EVERY, EVERY - DAY)) == [1, 3]
