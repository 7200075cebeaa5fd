"""An event loop whose time passes only when nothing else is left to do: an hour of waiting takes a moment.

with virtual_time() as time:
    time.run(something())     # to its end
    time.pass_(60.0)          # whatever is due within the next minute happens, in its order

Both clocks go together: the loop's and (through time-machine) the wall's, which APScheduler reads. Threads would be
outside of it, so what is meant for a thread runs in place.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import time_machine

T = TypeVar("T")

BEGIN: Final = 1_800_000_000.0
MOST_STEPS_AT_ONCE: Final = 20_000
"""Rounds of the loop without any time passing; more are a tight loop (P8)."""


class TightLoop(AssertionError):
    """Something goes on and on without waiting."""


class _Selector(selectors.SelectSelector):
    """Never waits: the time goes forward instead."""

    def __init__(self, forward: Callable[[float], None]) -> None:
        super().__init__()
        self._forward = forward

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            self._forward(0.0)
            return ready
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is left that could end it")
        self._forward(max(timeout, 0.0))
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, travel: Callable[[float], None]) -> None:
        self._elapsed = 0.0
        self._at_once = 0
        self._travel = travel
        super().__init__(_Selector(self._forward))

    def time(self) -> float:
        return self._elapsed

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  (as a thread does: it belongs to who waits for it)
            future.set_exception(error)
        return future

    def _forward(self, seconds: float) -> None:
        self._at_once = 0 if seconds else self._at_once + 1
        if self._at_once > MOST_STEPS_AT_ONCE:
            raise TightLoop
        if seconds:
            self._elapsed += seconds
            self._travel(BEGIN + self._elapsed)


@dataclass(frozen=True)
class VirtualTime:
    """The loop and its time."""

    loop: asyncio.AbstractEventLoop

    def now(self) -> float:
        """Seconds since the loop began."""
        return self.loop.time()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end, with everything that is due meanwhile."""
        return self.loop.run_until_complete(coroutine)

    def pass_(self, seconds: float) -> None:
        """Let so much time pass."""
        self.run(asyncio.sleep(seconds))


@contextmanager
def virtual_time() -> Iterator[VirtualTime]:
    """A loop of its own with a time of its own, closed at the end."""
    with time_machine.travel(BEGIN, tick=False) as traveller:
        loop = _Loop(traveller.move_to)
        loop.set_debug(False)
        try:
            yield VirtualTime(loop)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """The result of `main`, run in a time of its own."""
    with virtual_time() as time:
        return time.run(main)
