"""P12: how changes come to be known is said, in the status and when it becomes another way."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.daemon import InProcess, a_daemon
from tests.support.project import a_connector, a_project
from tests.support.watch import watch_limit_reached
from watchfiles import watch

from connectord.control import NewsKind
from connectord.project import Project

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there: what is watched doesn't depend on it."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "app", {"slack": ["a"]}, api_url=NOWHERE)


async def said(*arguments: str) -> str:
    """What a command prints, whatever its exit code says of the project."""
    command = [sys.executable, "-m", "connectord", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == ""
    return str(done.stdout)


async def watching(daemon: InProcess, trouble: NewsKind) -> dict[str, Any]:
    """How the daemon says that it watches, once it has told of a trouble, or of its end."""
    await daemon.expect(lambda news: news.event is trouble)
    about: dict[str, Any] = json.loads(await said("status", "--json"))["daemon"]
    return about


async def test_p12_a_reached_watch_limit_is_said_until_there_is_room(
    project: Project, a_home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True

    def limited(*directories: str, **options: Any) -> Iterator[Any]:
        if full:
            raise watch_limit_reached()
        return watch(*directories, **options)

    monkeypatch.setattr("connectord.watch.subscription.watch", limited)
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        about = await watching(daemon, NewsKind.TROUBLE)
        assert about["watching"] == "polling"
        assert "fs.inotify.max_user_watches" in about["trouble"][0]
        table = await said("status")
        assert "polling" in table
        assert "fs.inotify.max_user_watches" in table.replace("\n", " ")
        full = False
        about = await watching(daemon, NewsKind.TROUBLE_OVER)
        assert (about["watching"], about["trouble"]) == ("events", [])


async def test_p12_a_directory_that_has_to_be_polled_is_named(project: Project, a_home_of_its_own: Path) -> None:
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        await daemon.expect(lambda news: news.event is NewsKind.PROJECT_WATCHING)
        bad = Path(os.fsdecode(os.fsencode(project.connectors_dir) + b"/\xff.jsonc"))
        bad.write_text("{}")
        about = await watching(daemon, NewsKind.TROUBLE)
        assert about["watching"] == "events"
        assert str(project.connectors_dir) in about["trouble"][0]
        before = len(daemon.news)
        a_connector(project, "github", "{broken")
        await daemon.expect(lambda news: bool(news.file) and "github" in str(news.file), after=before)


async def test_p12_a_project_whose_folder_has_a_name_that_is_not_utf8_keeps_nobody_from_being_shown(
    project: Project, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    odd = a_project(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfe")), {"github": ["a"]}, api_url=NOWHERE)
    async with a_daemon(project, odd, home=a_home_of_its_own) as daemon:
        for one in (project, odd):
            name = os.fsencode(one.root.name).decode("utf-8", "backslashreplace")
            await daemon.expect(lambda news: news.event is NewsKind.PUSH_FINISHED and str(news.project).endswith(name))  # noqa: B023  (at once)
        paths = [one["path"] for one in json.loads(await said("status", "--json"))["projects"]]
        assert paths == [str(project.root), str(tmp_path / r"\xfe")]
        assert r"\xfe" in await said("status")
        assert r"[\xfe]" in await said("history")
