"""What systemd hears of a daemon: when it is ready, how it is, and that it lives, or no longer."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.support.daemon import InProcess, a_daemon
from tests.support.project import a_project
from tests.support.service import Heard

from connectord.control.models import ProjectState
from connectord.daemon.heartbeat import STATUS_PAUSE, status_line
from connectord.daemon.reading import ProjectReader

LOOKING = "STATUS=Looking at 1 project for the first time"
ALIVE, READY = "WATCHDOG=1", "READY=1"


async def next_beat(daemon: InProcess) -> None:
    """End the pause between two beats of a daemon with a watchdog of 60 s, and see what comes of it."""
    assert daemon.naps.end(20.0, 20.0) == 1
    await all_tasks_run_on()


async def all_tasks_run_on() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_it_is_ready_with_lock_and_socket_and_after_the_first_look(tmp_path: Path) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard()
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await heard.until(READY)
        assert (await asyncio.to_thread(daemon.client.daemon)).watching
        assert heard.said.index(LOOKING) < heard.said.index(READY)
        assert heard.said[heard.said.index(READY) - 1].startswith("STATUS=Looking after 1 project: 1 ")


async def test_it_is_not_ready_before_that_and_the_start_gets_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, heard, read = a_project(tmp_path / "shop", connectors={}), Heard(60.0), threading.Event()
    really = ProjectReader.read
    monkeypatch.setattr(ProjectReader, "read", lambda self: read.wait(30) and really(self))
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await heard.until(ALIVE)
        await next_beat(daemon)
        assert heard.said.count("EXTEND_TIMEOUT_USEC=60000000") == 2
        assert READY not in heard.said
        read.set()
        await heard.until(READY)
        await next_beat(daemon)
        assert heard.said.count("EXTEND_TIMEOUT_USEC=60000000") == 2


async def test_a_project_that_cannot_be_read_keeps_nobody_waiting(tmp_path: Path) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard()
    (tmp_path / "shop" / "base44" / "config.jsonc").write_text("{ broken")
    async with a_daemon(project, home=tmp_path, service=heard):
        await heard.until(READY)
        assert "STATUS=Looking after 1 project: 1 halted" in heard.said


async def test_a_defect_at_the_first_look_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard()
    monkeypatch.setattr(ProjectReader, "read", lambda _: 1 / 0)
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await daemon.expect(lambda news: news.event == "daemon.defect")
        await heard.until(READY)


async def test_a_project_that_is_removed_while_it_is_read_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, heard, read = a_project(tmp_path / "shop", connectors={}), Heard(), threading.Event()
    monkeypatch.setattr(ProjectReader, "read", lambda _: read.wait(30))
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await heard.until(LOOKING)
        await asyncio.to_thread(daemon.client.remove_project, project.root)
        await heard.until(READY)
        read.set()


async def test_each_beat_goes_through_the_queue_and_a_dead_queue_ends_them(tmp_path: Path) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard(60.0)
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await heard.until(READY)
        beats = heard.said.count(ALIVE)
        await next_beat(daemon)
        assert heard.said.count(ALIVE) == beats + 1
        # A task that is cancelled ends without a word: its group goes on without it.
        next(task for task in asyncio.all_tasks() if task.get_name() == "queue").cancel()
        await next_beat(daemon)
        assert heard.said.count(ALIVE) == beats + 1
        assert not daemon.naps.end(20.0, 20.0)


async def test_the_status_line_follows(tmp_path: Path) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard()
    async with a_daemon(project, home=tmp_path, service=heard) as daemon:
        await heard.until(READY)
        await daemon.expect(lambda news: news.event == "reconcile.failed")
        await all_tasks_run_on()
        assert daemon.naps.end(STATUS_PAUSE, STATUS_PAUSE) == 1
        await heard.until("STATUS=Looking after 1 project: 1 signed out")


async def test_the_end_is_told_first(tmp_path: Path) -> None:
    project, heard = a_project(tmp_path / "shop", connectors={}), Heard()
    async with a_daemon(project, home=tmp_path, service=heard):
        await heard.until(READY)
    assert heard.said[-2:] == ["STOPPING=1", "STATUS=Ending: running pushes get a few seconds"]


async def test_where_nobody_listens_nothing_beats(tmp_path: Path) -> None:
    project = a_project(tmp_path / "shop", connectors={})
    async with a_daemon(project, home=tmp_path) as daemon:
        await daemon.expect(lambda news: news.event == "project.watching")
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "heartbeat"]


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ([], "No projects yet: connectord projects add"),
        ([ProjectState.SYNCED], "Looking after 1 project: 1 synced"),
        (
            [ProjectState.SYNCED, ProjectState.HALTED, ProjectState.NEEDS_ACTION, ProjectState.SYNCED],
            "Looking after 4 projects: 1 halted, 1 needs action, 2 synced",
        ),
    ],
)
def test_those_that_need_somebody_stand_first(states: list[ProjectState], line: str) -> None:
    assert status_line(states) == line
