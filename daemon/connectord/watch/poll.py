"""Looking at directories again and again, where no event tells: slower, but it needs nothing of the system.

Not watchfiles' own polling, since notify compares whole seconds of the modification time: it misses the second save
within a second, and a copy that keeps its time. And one name that isn't UTF-8 ends it as well.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from connectord.watch.layout import Layout, Seen
from connectord.watch.target import Identity, identity_of

POLL_SECONDS: Final = 1.0
REST: Final = 20
"""A pause is so many times as long as a look takes: 5 % of a core at most, for however many projects."""

Print = tuple[Identity | None, frozenset[tuple[object, ...]]]
"""Which directory it is, and what its entries that matter look like."""


class Poller:
    """Looks at what `follow` was last given, and tells `on_seen` what has changed since the look before."""

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
                await self._look()
            known, self._layout = self._prints, layout
            fresh = await asyncio.to_thread(_take, layout, [name for name in wanted if name not in known])
            self._prints = {name: fresh.get(name) or known[name] for name in wanted}
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

    async def _look(self) -> None:
        before = self._prints
        now = await asyncio.to_thread(_take, self._layout, before)
        changed = [name for name, seen in now.items() if seen != before[name]]
        moved = frozenset(name for name in changed if now[name][0] != before[name][0])
        self._prints = now
        if changed:
            self._on_seen(Seen(frozenset(self._layout.roots_of(*changed)), moved))


def _take(layout: Layout, directories: Iterable[str]) -> dict[str, Print]:
    return {directory: (identity_of(Path(directory)), _entries(layout, directory)) for directory in directories}


def _entries(layout: Layout, directory: str) -> frozenset[tuple[object, ...]]:
    try:
        with os.scandir(directory) as entries:
            return frozenset(_entry(entry) for entry in entries if layout.matters(directory, entry.name))
    except OSError:  # gone, or closed: that is a state of it like any other
        return frozenset()


def _entry(entry: os.DirEntry[str]) -> tuple[object, ...]:
    try:
        own = entry.stat(follow_symlinks=False)
        there = entry.stat()
    except OSError:  # it vanished while it was looked at, or it is a link to nothing
        return (entry.name,)
    if stat.S_ISDIR(there.st_mode):  # what happens within is the business of another place
        return (entry.name, own.st_ino, there.st_dev, there.st_ino)
    # The change time can't be set back, as the modification time is by `cp -p`.
    return (entry.name, own.st_ino, own.st_ctime_ns, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)
