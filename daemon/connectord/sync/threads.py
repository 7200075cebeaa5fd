"""Reading the disk in threads that nobody has to wait for at the end.

A directory on a disk that hangs would otherwise keep the process from ending: Python joins the threads of its pools.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from connectord.sync.turnstile import Turnstile
from connectord.unjoined import UnjoinedThreads

AT_ONCE: Final = 2
"""So many read side by side. A hundred projects that are read together take no longer one after another, and each
thread more keeps the event loop from its next turn for 5 ms (Python's switch interval)."""

PATIENCE: Final = 0.2
"""Seconds; what takes longer waits for a disk, which costs the others nothing."""

T = TypeVar("T")


@dataclass(frozen=True)
class _Reading:
    """How one event loop reads."""

    turnstile: Turnstile = field(default_factory=lambda: Turnstile(AT_ONCE, patience=PATIENCE))
    threads: UnjoinedThreads = field(default_factory=lambda: UnjoinedThreads("read"))


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reading] = WeakKeyDictionary()


async def in_thread(work: Callable[[], T], *, on_begin: Callable[[], None] = lambda: None) -> T:
    """Run `work` in a daemon thread when its turn comes, which `on_begin` hears of; cancelled, its result is nobody's.

    The loop may choose to run it in place.
    """
    loop = asyncio.get_running_loop()
    reading = _of_loops.get(loop) or _of_loops.setdefault(loop, _Reading())
    async with reading.turnstile.place():
        on_begin()
        return await loop.run_in_executor(reading.threads, work)
