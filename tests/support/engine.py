"""What the tests of sync, authorize and the daemon share: an emulator in this process, and a project's loop on it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.emulator import EmulatorApp

from connectord.base44 import App, Base44, Pace, Retry, find_credentials
from connectord.emulator.state import DEFAULT_API_KEY, Connection, ConnectionStatus
from connectord.project import Project, SnapshotReader, read_project
from connectord.store import MemoryStore
from connectord.sync import Backoff, ProjectLoop, PushEffects, PushQueue, Reading, RemovalPolicy, Settle
from connectord.sync.events import SyncEvent

E = TypeVar("E")


@asynccontextmanager
async def a_client(emulator: EmulatorApp, *, attempts: int = 1, pace: Pace | None = None) -> AsyncIterator[App]:
    """The emulator's app through the real client, signed in by API key, with retries that don't wait."""

    async def at_once(seconds: float) -> None:
        del seconds

    credentials = find_credentials({"BASE44_API_KEY": DEFAULT_API_KEY}, Path("/nonexistent"))
    async with Base44(
        emulator.url,
        credentials,
        transport=emulator.transport,
        retry=Retry(attempts=attempts),
        pace=pace or Pace(limits={}),
        sleep=at_once,
    ) as base44:
        yield base44.app(emulator.app_id)


def requests(emulator: EmulatorApp) -> list[tuple[str, str]]:
    """The operations that arrived, with the type they were about where the path has one."""
    return [
        (str(entry.operation), entry.path.rpartition("integrations/")[2].removesuffix("/remove"))
        if "integrations/" in entry.path
        else (str(entry.operation), "")
        for entry in emulator.world.journal.entries
    ]


@dataclass
class Engine:
    """A project's loop at work on an emulator, and what it says."""

    emulator: EmulatorApp
    project: Project
    loop: ProjectLoop
    queue: PushQueue
    events: list[SyncEvent] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def expect(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True, *, after: int = 0) -> E:
        """Wait for an event (the test's time limit is the wait's), counting from the `after`-th."""
        while True:
            for event in self.events[after:]:
                if isinstance(event, kind) and fits(event):
                    return event
            self.news.clear()
            await self.news.wait()

    def said(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def connected(emulator: EmulatorApp, types: Mapping[str, Sequence[str]]) -> None:
    """Have somebody consent to these connectors already."""
    connections = emulator.world.state.connections.setdefault(emulator.app_id, {})
    for name, scopes in types.items():
        granted = tuple(scopes)
        connections[name] = Connection(
            name, ConnectionStatus.ACTIVE, granted, frozenset(granted), "a@b.c", "dev@example.com"
        )


@asynccontextmanager
async def an_engine(
    emulator: EmulatorApp,
    project: Project,
    settle: Settle | None = None,
    *,
    policy: RemovalPolicy | None = None,
    store: MemoryStore | None = None,
    backoff: Backoff | None = None,
    pace: bool = False,
    read: Callable[[], Reading] | None = None,
    **options: float,
) -> AsyncIterator[Engine]:
    """Run a project's loop and its queue until the block ends. `read` and options are the loop's own."""
    loop = asyncio.get_running_loop()
    async with a_client(emulator, pace=Pace(clock=loop.time) if pace else None) as app:
        engine: Engine

        def emit(event: SyncEvent) -> None:
            engine.events.append(event)
            engine.news.set()

        effects = PushEffects(
            store=MemoryStore() if store is None else store,
            connect=lambda _: app,
            emit=emit,
            clock=loop.time,
            now=time.time,
            rng=random.Random(1),
            backoff=backoff or Backoff(first=0.01, cap=0.02),
            removals=policy or RemovalPolicy(grace=0.0),
        )
        reader = SnapshotReader()

        def read_it() -> Reading:
            now = read_project(project.root, {})
            return now, reader.read(now)

        queue = PushQueue(lambda job: engine.loop.push.carry(job))  # noqa: PLW0108  (the engine comes later)
        project_loop = ProjectLoop(
            project.root,
            read=read or read_it,
            queue=queue,
            effects=effects,
            settle=settle or Settle(quiet=0.0, cap=0.0, patience=0.0),
            **options,
        )
        engine = Engine(emulator, project, project_loop, queue)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(queue.run()), group.create_task(project_loop.run(), name="loop")]
            yield engine
            for task in tasks:
                task.cancel()
