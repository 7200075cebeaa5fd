"""Reading in threads: a few side by side, in turn, none of which a hanging disk keeps the others from."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from tests.support.notify import all_quiet
from tests.support.virtual_time import virtual_time

from connectord import unjoined
from connectord.sync import threads
from connectord.sync.threads import AT_ONCE, in_thread
from connectord.sync.turnstile import Turnstile

WITHIN = 30.0


class Disk:
    """Counts who reads side by side; a read ends when the test lets it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._free = 0
        self.here = self.most = 0

    def read(self) -> str:
        with self._changed:
            self.here += 1
            self.most = max(self.most, self.here)
            assert self._changed.wait_for(lambda: self._free > 0, WITHIN)
            self._free -= 1
            self.here -= 1
        return threading.current_thread().name

    def let_go(self, count: int) -> None:
        with self._changed:
            self._free += count
            self._changed.notify_all()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nobody gives a place up."""
    monkeypatch.setattr(threads, "PATIENCE", WITHIN)


async def next_of(begun: asyncio.Queue[int], count: int) -> list[int]:
    """The next so many that begin, after which there is none but them for some turns of the loop."""
    numbers = [await begun.get() for _ in range(count)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert begun.empty()
    return numbers


def reads(disk: Disk, count: int, begun: asyncio.Queue[int]) -> list[asyncio.Task[str]]:
    def note(number: int) -> Callable[[], None]:
        return lambda: begun.put_nowait(number)

    return [asyncio.create_task(in_thread(disk.read, on_begin=note(number))) for number in range(count)]


async def test_two_read_side_by_side_and_the_others_in_their_order(patient: None) -> None:
    disk, begun = Disk(), asyncio.Queue[int]()
    tasks = reads(disk, 5, begun)
    assert await next_of(begun, AT_ONCE) == [0, 1]
    for number in (2, 3, 4):
        disk.let_go(1)
        assert await next_of(begun, 1) == [number]
    disk.let_go(AT_ONCE)
    await asyncio.gather(*tasks)
    assert disk.most == AT_ONCE


async def test_who_is_cancelled_while_waiting_takes_nobodys_place(patient: None) -> None:
    disk, begun = Disk(), asyncio.Queue[int]()
    tasks = reads(disk, 4, begun)
    await next_of(begun, AT_ONCE)
    tasks[2].cancel()
    disk.let_go(3)
    await asyncio.wait(tasks)
    assert await next_of(begun, 1) == [3]


async def test_a_disk_that_hangs_keeps_nobody_else_from_reading() -> None:
    disk, begun = Disk(), asyncio.Queue[int]()
    hanging = reads(disk, AT_ONCE + 3, begun)
    await begun.get()
    assert await in_thread(lambda: "read") == "read"
    assert begun.qsize() == AT_ONCE + 2
    disk.let_go(AT_ONCE + 3)
    await asyncio.gather(*hanging)


async def test_an_error_is_the_askers_and_leaves_its_thread_at_work() -> None:
    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await in_thread(fail)
    assert await in_thread(lambda: 1) == 1


async def test_many_reads_one_after_another_need_no_thread_each() -> None:
    names = {await in_thread(threading.get_ident) for _ in range(50)}
    assert len(names) <= 2


async def test_a_thread_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unjoined, "IDLE_SECONDS", 0.01)
    thread = await in_thread(threading.current_thread)
    thread.join(WITHIN)
    assert not thread.is_alive()
    assert await in_thread(lambda: 1) == 1


def test_a_place_is_given_up_after_patience_and_freed_once() -> None:
    came: list[tuple[str, float]] = []

    with virtual_time() as time:
        turnstile = Turnstile(1, patience=5.0)

        async def one(name: str, stays: float) -> None:
            async with turnstile.place():
                came.append((name, time.now()))
                await asyncio.sleep(stays)

        async def all_of_them() -> None:
            await asyncio.gather(one("slow", 7.0), one("next", 4.0), one("last", 1.0))

        time.run(all_of_them())
    assert came == [("slow", 0.0), ("next", 5.0), ("last", 9.0)]


def test_without_patience_a_place_is_kept_to_the_end() -> None:
    with virtual_time() as time:
        turnstile = Turnstile(1)

        async def one(stays: float) -> float:
            async with turnstile.place():
                await asyncio.sleep(stays)
                return time.now()

        async def both() -> tuple[float, float]:
            first, second = await asyncio.gather(one(1000.0), one(1.0))
            return first, second

        assert time.run(both()) == (1000.0, 1001.0)


async def test_nobody_comes_through_before_it_is_opened_and_then_so_many_at_a_time() -> None:
    opened, has_place, leave = asyncio.Event(), list[int](), asyncio.Event()
    turnstile = Turnstile(2, opened=opened)

    async def one(number: int) -> None:
        async with turnstile.place():
            has_place.append(number)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(one(number))
        await all_quiet()
        assert has_place == []
        opened.set()
        await all_quiet()
        assert has_place == [0, 1]
        leave.set()
    assert has_place == [0, 1, 2]
