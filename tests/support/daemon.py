"""A daemon in this process, whose waiting and time of day a test decides: `async with a_daemon(...) as daemon: ...`.

Nothing here waits with a limit of its own: the test's limit is it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectord.control import News
from connectord.control.client import Client
from connectord.daemon import Daemon, Surroundings
from connectord.places import runtime_dir
from connectord.project import Project
from connectord.service.sd_notify import ServiceNotifier
from connectord.settings import Settings


@dataclass
class Naps:
    """Stands for asyncio.sleep: whoever sleeps does so until the test wakes those who wanted about so long."""

    asked: list[float] = field(default_factory=list)
    _asleep: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.append(seconds)
        self._asleep.append((seconds, over))
        await over

    def end(self, least: float, most: float) -> int:
        """Wake all who sleep between so many seconds; how many these are."""
        ended = [one for one in self._asleep if least <= one[0] <= most]
        for one in ended:
            self._asleep.remove(one)
            one[1].set_result(None)
        return len(ended)


@dataclass
class InProcess:
    """The daemon, and what it said."""

    daemon: Daemon
    naps: Naps
    news: list[News] = field(default_factory=list)
    later: float = 0.0
    """By how many seconds the time of day is ahead of what it should be."""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def client(self) -> Client:
        """The local API; it blocks, so it wants a thread."""
        return Client(runtime_dir())

    def hear(self, news: News) -> None:
        self.news.append(news)
        self._arrived.set()

    async def expect(self, fits: Callable[[News], bool], *, after: int = 0) -> News:
        """Wait for news that fit, counted from the `after`-th."""
        while True:
            for one in self.news[after:]:
                if fits(one):
                    return one
            self._arrived.clear()
            await self._arrived.wait()


@asynccontextmanager
async def a_daemon(
    *projects: Project, home: Path, settings: Settings | None = None, service: ServiceNotifier | None = None
) -> AsyncIterator[InProcess]:
    """A daemon that looks after these projects until the block ends."""
    naps = Naps()
    surroundings = Surroundings(
        settings or Settings(),
        dict(os.environ),
        home,
        home / "state",
        runtime_dir(),
        publish=lambda news: here.hear(news),  # noqa: PLW0108  (it comes into being below)
        now=lambda: time.time() + here.later,
        sleep=naps.sleep,
        service=service or ServiceNotifier(),
    )
    here = InProcess(Daemon(projects, surroundings), naps)
    task = asyncio.create_task(here.daemon.run())
    try:
        yield here
    finally:
        here.daemon.stop()
        await task
