"""When the projects of a start are looked at for the first time: once they are watched, and not much later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.daemon import a_daemon
from tests.support.project import a_connector, a_project

from connectord.control import NewsKind
from connectord.watch import Watcher, watcher


async def test_p1_a_watching_that_does_not_begin_keeps_no_project_from_being_looked_at(
    a_home_of_its_own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one's disk hangs, say, and each such project costs the watcher half a second."""
    project = a_project(tmp_path / "app", {})
    a_connector(project, "slack", ["a"])

    async def for_ever(_: Watcher) -> bool:
        return await asyncio.Event().wait()

    monkeypatch.setattr(Watcher, "_adjust", for_ever)
    monkeypatch.setattr(watcher, "WATCHING_PATIENCE", 0.0)
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        news = await daemon.expect(lambda news: news.event is NewsKind.PROJECT_WATCHING)
        assert news.project == str(project.root)
