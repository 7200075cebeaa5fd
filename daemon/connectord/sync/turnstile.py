"""A few at a time, the others in the order in which they came; and whoever hangs keeps nobody out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """Lets `at_once` through side by side. Who stays for more than `patience` seconds gives its place up, and stays.

    Without a `patience` places are kept to the end. Nobody comes through before `opened` is set, if it is given.
    Belongs to one event loop.
    """

    def __init__(self, at_once: int, *, patience: float | None = None, opened: asyncio.Event | None = None) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._patience = patience
        self._opened = opened

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and have it until the block ends or patience does."""
        if self._opened is not None:
            await self._opened.wait()
        await self._places.acquire()
        has_place = True

        def leave() -> None:
            nonlocal has_place
            if has_place:
                has_place = False
                self._places.release()

        loop = asyncio.get_running_loop()
        too_long = None if self._patience is None else loop.call_later(self._patience, leave)
        try:
            yield
        finally:
            if too_long is not None:
                too_long.cancel()
            leave()
