"""The real watcher on real files: it only ever hints, and it hints whenever something may have changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project

from connectord.project import Project
from connectord.project.places import is_relevant, watch_places
from connectord.watch import Target, Watcher


@dataclass
class Hints:
    """Counts hints; `more` waits for one that comes after it was asked."""

    count: int = 0
    troubles: list[Exception] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def hint(self, root: Path) -> None:
        self.count += 1
        self.arrived.set()

    async def after(self, act: Callable[[], object]) -> None:
        self.arrived.clear()
        act()
        await self.arrived.wait()


def target(project: Project) -> Target:
    return Target(project.root, lambda: watch_places(project), lambda path: is_relevant(project, path))


@asynccontextmanager
async def watched(*projects: Project) -> AsyncIterator[tuple[Watcher, Hints]]:
    hints = Hints()
    watcher = Watcher(on_hint=hints.hint, on_trouble=hints.troubles.append)
    for project in projects:
        watcher.add(target(project))
    task = asyncio.create_task(watcher.run())
    await hints.arrived.wait()  # subscribed: nothing that follows is missed
    try:
        yield watcher, hints
    finally:
        task.cancel()
        await asyncio.wait([task])


def renamed_into_place(project: Project) -> None:
    temporary = project.connectors_dir / ".slack.jsonc.swp"
    temporary.write_text("{}")
    temporary.rename(project.connectors_dir / "slack.jsonc")


WAYS: dict[str, Callable[[Project], object]] = {
    "a new file": lambda project: a_connector(project, "github", ["repo"]),
    "a write in place": lambda project: a_connector(project, "slack", ["a"]),
    "a file renamed into place": renamed_into_place,
    "a file deleted": lambda project: (project.connectors_dir / "slack.jsonc").unlink(),
    "a file renamed away": lambda project: (project.connectors_dir / "slack.jsonc").rename(project.root / "away"),
    "a mode changed": lambda project: (project.connectors_dir / "slack.jsonc").chmod(0o600),
    "another app": lambda project: (project.root / "base44" / ".app.jsonc").write_text("{id: 'x'}"),
    "another config": lambda project: (project.root / "base44" / "config.jsonc").write_text("{}"),
    "an .env file": lambda project: (project.root / ".env").write_text("A=1"),
    "the directory renamed away": lambda project: project.connectors_dir.rename(project.root / "away"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_change_that_matters_is_hinted(way: str, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with watched(project) as (_, hints):
        before = hints.count
        await hints.after(lambda: WAYS[way](project))
        assert hints.count > before


async def test_files_that_do_not_matter_wake_nobody(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with watched(project) as (_, hints):
        before = hints.count
        (tmp_path / "README.md").write_text("hello")
        (project.connectors_dir / "notes.txt").write_text("hello")
        (project.connectors_dir / ".slack.jsonc.swp").write_text("hello")
        await hints.after(lambda: a_connector(project, "slack", ["a"]))
        assert hints.count == before + 1


async def test_p1_a_directory_that_comes_back_is_watched_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    away = tmp_path / "away"
    async with watched(project) as (_, hints):
        await hints.after(lambda: project.connectors_dir.rename(away))
        await hints.after(lambda: away.rename(project.connectors_dir))
        await hints.after(lambda: a_connector(project, "slack", ["a"]))
        assert hints.troubles == []


async def test_p1_a_directory_that_is_replaced_is_watched_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})

    def replace() -> None:
        project.connectors_dir.rmdir()
        project.connectors_dir.mkdir()

    async with watched(project) as (_, hints):
        await hints.after(replace)
        await hints.after(lambda: a_connector(project, "slack", ["a"]))
        await hints.after(lambda: a_connector(project, "github", ["a"]))
        assert hints.count >= 3


async def test_p1_a_directory_that_appears_only_later_is_watched(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    async with watched(project) as (_, hints):
        await hints.after(project.connectors_dir.mkdir)
        await hints.after(lambda: a_connector(project, "slack", ["a"]))
        assert hints.count >= 2


async def test_symlinked_directories_and_files_are_followed(tmp_path: Path) -> None:
    real, shared = tmp_path / "real", tmp_path / "shared"
    real.mkdir()
    shared.mkdir()
    (shared / "slack.jsonc").write_text('{type: "slack"}')
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(real)
    (real / "slack.jsonc").symlink_to(shared / "slack.jsonc")
    async with watched(project) as (_, hints):
        before = hints.count
        await hints.after(lambda: (real / "github.jsonc").write_text('{type: "github"}'))
        await hints.after(lambda: (shared / "slack.jsonc").write_text('{type: "slack", scopes: []}'))
        assert hints.count >= before + 2


async def test_a_project_added_while_running_is_watched(tmp_path: Path) -> None:
    one, other = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {})
    async with watched(one) as (watcher, hints):
        await hints.after(lambda: watcher.add(target(other)))
        await hints.after(lambda: a_connector(other, "slack", ["a"]))
        await hints.after(lambda: a_connector(one, "slack", ["a"]))
        assert hints.troubles == []


async def test_a_filename_that_is_not_utf8_does_not_end_the_watching(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})

    def add_bad_name() -> None:
        Path(os.fsdecode(os.fsencode(project.connectors_dir) + b"/\xff.jsonc")).write_text("{}")

    async with watched(project) as (_, hints):
        await hints.after(add_bad_name)
        await hints.after(lambda: a_connector(project, "slack", ["a"]))
        assert hints.troubles != []
