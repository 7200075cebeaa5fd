"""The real watcher on real files, and what it hinted at: `async with watched(project) as (watcher, hints): ...`."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchfiles import Change

from connectord.project import Project
from connectord.project.places import watch_places
from connectord.watch import Target, Watcher, WatchState
from connectord.watch.layout import Seen
from connectord.watch.poll import Poller
from connectord.watch.subscription import StopEvent


@dataclass
class Hints:
    """What the watcher said. Waiting has no limit of its own: the test's limit is it."""

    roots: list[Path] = field(default_factory=list)
    states: list[WatchState] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def hint(self, root: Path) -> None:
        self.roots.append(root)
        self.arrived.set()

    def state(self, state: WatchState) -> None:
        self.states.append(state)
        self.arrived.set()

    async def until(self, fits: Callable[[], bool]) -> bool:
        """Wait for something to be said at a moment when `fits`."""
        while True:
            await self.arrived.wait()
            self.arrived.clear()
            if fits():
                return True

    async def have(self, fits: Callable[[], bool]) -> bool:
        """Wait until it `fits`, which it may do already."""
        return fits() or await self.until(fits)

    async def of(self, root: Path, act: Callable[[], object]) -> bool:
        """Do something, and wait for a hint at `root` that comes after it."""
        before = len(self.roots)
        act()
        return await self.have(lambda: root in self.roots[before:])


def target(project: Project) -> Target:
    return Target(project.root, lambda: watch_places(project))


async def at_rest(watcher: Watcher) -> None:
    """Wait until the watcher has looked at the places as often as it wants to, and only waits for a reason."""
    while watcher._wake.is_set() or not watcher._wake._waiters:  # noqa: ASYNC110  (nobody tells that there is no news)
        await asyncio.sleep(0)


def quick_poller(on_seen: Callable[[Seen], None]) -> Poller:
    return Poller(on_seen=on_seen, pause=0.01)


@asynccontextmanager
async def watched(
    *projects: Project, poller: Callable[[Callable[[Seen], None]], Poller] = quick_poller, **options: Any
) -> AsyncIterator[tuple[Watcher, Hints]]:
    """A running watcher that has hinted at each of the projects: they are watched by then."""
    hints = Hints()
    watcher = Watcher(on_hint=hints.hint, on_state=hints.state, poller=poller, **options)
    for project in projects:
        watcher.add(target(project))
    task = asyncio.create_task(watcher.run())
    try:
        await hints.have(lambda: {project.root for project in projects} <= set(hints.roots))
        yield watcher, hints
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


Batch = set[tuple[Change, str]]


@dataclass
class FakeEvents:
    """A source of events under a test's control: what it is given it yields, an exception it raises.

    `refusals` are raised instead of subscribing, one for each try, until there are none left.
    """

    refusals: list[Exception] = field(default_factory=list)
    most_at_once: int = 99
    watching: list[tuple[str, ...]] = field(default_factory=list)
    open_now: int = 0
    beside: list[int] = field(default_factory=list)
    _waiting: list[queue.SimpleQueue[Batch | BaseException]] = field(default_factory=list)

    def __call__(self, directories: tuple[str, ...], stop: StopEvent) -> Iterator[Batch]:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.open_now >= self.most_at_once:
            raise watch_limit_reached()
        self.beside.append(self.open_now)
        self.open_now += 1
        events: queue.SimpleQueue[Batch | BaseException] = queue.SimpleQueue()
        self.watching.append(directories)
        self._waiting.append(events)
        try:
            while not stop.is_set():
                try:
                    yield _raised_or_given(events.get(timeout=0.01))
                except queue.Empty:
                    continue
        finally:
            self.open_now -= 1

    def give(self, given: Batch | BaseException) -> None:
        """Let the newest subscription yield or raise it."""
        self._waiting[-1].put(given)


def _raised_or_given(given: Batch | BaseException) -> Batch:
    if isinstance(given, BaseException):
        raise given
    return given


def watch_limit_reached() -> OSError:
    """As watchfiles 1.3 raises it on Linux."""
    return OSError('OS file watch limit reached. about ["/p"] (Error { kind: MaxFilesWatch, paths: ["/p"] })')
