"""A project whose connectors somebody has consented to, and what happens to its files, in a time of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import Engine, an_engine, connected, requests
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import run_virtually

from connectord.project import Project
from connectord.store import MemoryStore
from connectord.sync import Backoff, RemovalPolicy
from connectord.sync.events import HoldChanged, RemovalsChanged

EIGHT = ("airtable", "github", "gmail", "googlecalendar", "hubspot", "linear", "notion", "slack")


class Story:
    """A project with connectors that somebody has consented to, and what happens to its files."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project
        self.directory = engine.project.connectors_dir

    async def after(self, *actions: Callable[[], object], seconds: float = 30.0) -> None:
        """Do it, and let so much time pass."""
        for action in actions:
            action()
        self.engine.loop.hint()
        await asyncio.sleep(seconds)

    def delete(self, *names: str) -> None:
        for name in names:
            (self.directory / f"{name}.jsonc").unlink()

    def put(self, *names: str) -> None:
        for name in names:
            a_connector(self.project, name, [f"{name}:read"])

    @property
    def removed(self) -> list[str]:
        """The types that a DELETE was sent for, in order."""
        return [name for operation, name in requests(self.engine.emulator) if operation == "remove"]

    @property
    def sent(self) -> list[tuple[str, str]]:
        return requests(self.engine.emulator)

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        said = self.engine.said(RemovalsChanged)
        return {hold.reason.value: hold.types for hold in said[-1].holds} if said else {}

    @property
    def waiting(self) -> list[tuple[str, str | None]]:
        """What ends by itself, and for what it waits until then."""
        said = self.engine.said(RemovalsChanged)
        return [(one.type, one.reason) for one in said[-1].waiting] if said else []

    def hold_news(self) -> list[tuple[str, str]]:
        return [(event.news.kind.value, event.news.hold.reason.value) for event in self.engine.said(HoldChanged)]

    def approve(self) -> None:
        self.engine.loop.push.removals.approve(self.project, self.held)

    def forget(self) -> None:
        self.engine.emulator.world.journal.clear()
        self.engine.events.clear()


@asynccontextmanager
async def a_story(
    folder: Path,
    types: Iterable[str] = EIGHT[:5],
    *,
    policy: RemovalPolicy | None = None,
    emulator: EmulatorApp | None = None,
    store: MemoryStore | None = None,
    project: Project | None = None,
    forget: bool = True,
    pace: bool = False,
) -> AsyncIterator[Story]:
    emulator = emulator or emulator_app(limits=False)
    project = project or a_project(folder, {name: [f"{name}:read"] for name in types})
    connected(emulator, {name: [f"{name}:read"] for name in types})
    policy = policy or RemovalPolicy()
    async with an_engine(emulator, project, policy=policy, store=store, backoff=Backoff(), pace=pace) as engine:
        story = Story(engine)
        await asyncio.sleep(60.0)
        if forget:
            story.forget()
        yield story


def told(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    run_virtually(main())
