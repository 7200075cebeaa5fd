"""What the daemon does now and then for its state: write what couldn't be written, drop what is old."""

from __future__ import annotations

import asyncio
from typing import Final

from connectord.daemon.surroundings import Surroundings
from connectord.store import Store

FLUSH_EVERY: Final = 5.0
"""Seconds between two tries to write what the disk didn't take."""

PRUNE_EVERY: Final = 3600.0
_LOOK_EVERY: Final = 60.0
"""A clock that stood still while the machine slept mustn't put off the pruning by a night."""


class Upkeep:
    """Takes care of the store until cancelled. While all is well it wakes once a minute."""

    def __init__(self, store: Store, surroundings: Surroundings) -> None:
        self._store = store
        self._in = surroundings
        self._loop = asyncio.get_running_loop()
        self._troubled = asyncio.Event()

    def troubled(self) -> None:
        """The store can't write since now. Called in any thread."""
        self._loop.call_soon_threadsafe(self._troubled.set)

    async def run(self) -> None:
        """Flush while there is trouble, prune every hour."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._flush(), name="flush")
            group.create_task(self._prune(), name="prune")

    async def _flush(self) -> None:
        """Nobody may save anything for long: what waits must not wait for the next write (P12)."""
        while True:
            if not self._store.trouble:
                await self._troubled.wait()
            self._troubled.clear()
            await self._in.sleep(FLUSH_EVERY)
            if self._store.trouble:
                self._store.flush()

    async def _prune(self) -> None:
        next_time = self._in.clock() + PRUNE_EVERY
        while True:
            await self._in.sleep(_LOOK_EVERY)
            if self._in.clock() >= next_time:
                next_time = self._in.clock() + PRUNE_EVERY
                await asyncio.to_thread(self._store.prune, self._in.now())
                await asyncio.to_thread(self._store.checkpoint)
