"""Looking at directories again and again, where no event tells: slower, but it needs nothing of the system.

Not watchfiles' own polling, since notify compares whole seconds of the modification time: it misses the second save
within a second, and a copy that keeps its time. And one name that isn't UTF-8 ends it as well.

Two things could hide from looks that only compare: what comes and goes between two of them, although somebody read it
in the meantime; and a second change within one tick of the file system's clock. The directory's own change time shows
the first, and each change is told once more when the tick is surely over, which makes up for the second.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.watch.layout import Layout, Seen
from connectord.watch.target import Identity

POLL_SECONDS: Final = 1.0
REST: Final = 20
"""A pause is so many times as long as a look takes: 5 % of a core at most, for however many projects."""

TICK_SECONDS: Final = 2.0
"""No file system's clock is coarser (that is FAT's; the kernel's is some milliseconds for all the others)."""


@dataclass(frozen=True, slots=True)
class Print:
    """Which directory it is, when its set of entries last changed, and what those that matter look like."""

    identity: Identity | None
    changed_ns: int
    entries: frozenset[tuple[object, ...]]


class Poller:
    """Looks at what `follow` was last given, and tells `on_seen` what has changed since the look before.

    What it has told it tells once more with the first look that comes TICK_SECONDS later.
    """

    def __init__(
        self,
        *,
        on_seen: Callable[[Seen], None],
        pause: float = POLL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._on_seen = on_seen
        self._pause = pause
        self._clock = clock
        self._sleep = sleep
        self._layout = Layout()
        self._prints: dict[str, Print] = {}
        self._unsure: dict[str, float] = {}
        self._one_at_a_time = asyncio.Lock()
        self._something = asyncio.Event()

    async def follow(self, layout: Layout, directories: Iterable[str]) -> None:
        """Look at these directories from now on; returns once a change that follows will be noticed.

        What was followed before is looked at once more, so that nothing is lost when events take over.
        """
        wanted = frozenset(directories)
        if not wanted and not self._prints:
            self._layout = layout
            return
        async with self._one_at_a_time:
            if wanted != self._prints.keys():
                await self._look(for_the_last_time=self._prints.keys() - wanted)
            known, self._layout = self._prints, layout
            fresh = await asyncio.to_thread(_take, layout, [name for name in wanted if name not in known])
            self._prints = {name: fresh.get(name) or known[name] for name in wanted}
            self._unsure = {name: since for name, since in self._unsure.items() if name in wanted}
            self._unsure |= dict.fromkeys(fresh, self._clock())
        if wanted:
            self._something.set()
        else:
            self._something.clear()

    async def run(self) -> None:
        """Look until cancelled; while there is nothing to look at, it doesn't even wake up."""
        while True:
            await self._something.wait()
            before = self._clock()
            async with self._one_at_a_time:
                await self._look()
            await self._sleep(max(self._pause, REST * (self._clock() - before)))

    async def _look(self, for_the_last_time: Collection[str] = ()) -> None:
        before, started = self._prints, self._clock()
        now = await asyncio.to_thread(_take, self._layout, before)
        changed = {name for name, seen in now.items() if seen != before[name]}
        moved = frozenset(name for name in changed if now[name].identity != before[name].identity)
        due = {name for name, since in self._unsure.items() if started - since > TICK_SECONDS}
        told_again = due | (self._unsure.keys() & for_the_last_time)
        for name in told_again:
            del self._unsure[name]
        self._unsure |= dict.fromkeys(changed, self._clock())
        self._prints = now
        if changed or told_again:
            self._on_seen(Seen(frozenset(self._layout.roots_of(*changed, *told_again)), moved))


def _take(layout: Layout, directories: Iterable[str]) -> dict[str, Print]:
    return {directory: _print(layout, directory) for directory in directories}


def _print(layout: Layout, directory: str) -> Print:
    try:
        # Before its entries: a change that comes while they are looked at makes the next print another one.
        status = Path(directory).stat()
    except OSError:  # gone, or behind a door: that is a state of it like any other
        return Print(None, 0, frozenset())
    return Print((status.st_dev, status.st_ino), status.st_ctime_ns, _entries(layout, directory))


def _entries(layout: Layout, directory: str) -> frozenset[tuple[object, ...]]:
    try:
        with os.scandir(directory) as entries:
            return frozenset(_entry(entry) for entry in entries if layout.matters(directory, entry.name))
    except OSError:  # gone, or closed
        return frozenset()


def _entry(entry: os.DirEntry[str]) -> tuple[object, ...]:
    try:
        own = entry.stat(follow_symlinks=False)
    except OSError:  # it vanished while it was looked at
        return (entry.name,)
    try:
        there = entry.stat()
    except OSError:  # a link to nothing, or to what is behind a door
        return (entry.name, own.st_ino, own.st_ctime_ns)
    if stat.S_ISDIR(there.st_mode):  # what happens within is the business of another place; not whether one may look
        return (entry.name, own.st_ino, there.st_dev, there.st_ino, there.st_mode)
    # The change time can't be set back, as the modification time is by `cp -p`.
    return (entry.name, own.st_ino, own.st_ctime_ns, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)
