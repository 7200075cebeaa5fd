"""Noticing that time was lost: the machine slept, this process was stopped, or somebody set the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

EVERY_SECONDS: Final = 10.0
TOLERANCE_SECONDS: Final = 5.0
"""More than a busy machine is ever late, and than any clock is slewed by within one wait."""


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """Calls `on_wake` after time was lost, so that everything that may have been missed is looked for.

    It looks every `every` seconds. While the machine sleeps the monotonic clock stands still (on Linux and macOS) and
    the wall clock goes on; while this process is stopped (SIGSTOP, a debugger, a swapping machine) both go on and the
    wait ends late; a clock that is set jumps in either direction.
    """

    on_wake: Callable[[], None]
    every: float = EVERY_SECONDS
    tolerance: float = TOLERANCE_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """Watch until cancelled."""
        monotonic, wall = self.monotonic(), self.wall()
        while True:
            await self.sleep(self.every)
            passed, on_the_wall = self.monotonic() - monotonic, self.wall() - wall
            monotonic, wall = monotonic + passed, wall + on_the_wall
            if passed > self.every + self.tolerance or abs(on_the_wall - passed) > self.tolerance:
                self.on_wake()
