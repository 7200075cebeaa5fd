"""P1: the backstop. What no event tells is found now and then, and whenever time was lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.support.daemon import InProcess, a_daemon
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector, a_project
from watchfiles import watch

from connectord.control import News, NewsKind
from connectord.project import Project
from connectord.watch.clock_watch import EVERY_SECONDS

NIGHT = 8 * 3600.0
RESCAN = (270.0, 330.0)
"""The setting's 300 seconds, varied by a tenth."""


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: RunningEmulator, a_home_of_its_own: Path) -> RunningEmulator:
    """A Base44 as at its first start, with slack and github there, and this test's user signed in to it."""
    shared_emulator.admin("reset")
    shared_emulator.sign_in(a_home_of_its_own)
    for name in ("slack", "github"):
        shared_emulator.connect(name, ["a"])
    return shared_emulator


@pytest.fixture
def project(emulator: RunningEmulator, tmp_path: Path) -> Project:
    return a_project(tmp_path / "work" / "app", {"slack": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)


def swap_the_folder_above(project: Project, **saved: list[str]) -> None:
    """Put a copy with other files where the project's parent is: no directory that is watched shows that."""
    parent = project.root.parent
    copy = Path(shutil.copytree(parent, parent.with_name("copy")))
    in_the_copy = replace(project, connectors_dir=copy / project.connectors_dir.relative_to(parent))
    for name, scopes in saved.items():
        a_connector(in_the_copy, name, scopes)
    parent.rename(parent.with_name("away"))
    copy.rename(parent)


def finished(news: News) -> bool:
    return news.event is NewsKind.PUSH_FINISHED


def outcome_of(name: str) -> Callable[[News], bool]:
    return lambda news: (news.event, news.type) == (NewsKind.CONNECTOR_OUTCOME, name)


async def at_work(daemon: InProcess, project: Project) -> None:
    """Everything that a start brings is over, and events are followed."""
    await daemon.expect(finished)
    a_connector(project, "notion", ["a"])
    await daemon.expect(outcome_of("notion"))


def lists(emulator: RunningEmulator) -> int:
    """How often Base44 was asked what it has."""
    return [one["operation"] for one in emulator.requests()].count("list")


async def listed(emulator: RunningEmulator, times: int) -> None:
    """Wait until it was asked so often; each question is a request, which is wait enough."""
    while await asyncio.to_thread(lists, emulator) < times:
        pass


async def test_p1_what_no_event_tells_is_found_by_the_rescan_and_watched_from_then_on(
    project: Project, a_home_of_its_own: Path
) -> None:
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        await at_work(daemon, project)
        swap_the_folder_above(project, github=["a"])
        assert daemon.naps.end(*RESCAN) == 1
        await daemon.expect(outcome_of("github"))
        a_connector(project, "linear", ["a"])
        await daemon.expect(outcome_of("linear"))


async def test_p1_what_happened_while_the_machine_slept_is_found_when_it_wakes(
    emulator: RunningEmulator, project: Project, a_home_of_its_own: Path
) -> None:
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        await at_work(daemon, project)
        swap_the_folder_above(project, github=["a"])
        daemon.later = NIGHT
        assert daemon.naps.end(EVERY_SECONDS, EVERY_SECONDS) == 1
        await daemon.expect(outcome_of("github"))
        await listed(emulator, 2)  # what others did on Base44 meanwhile
        a_connector(project, "linear", ["a"])
        await daemon.expect(outcome_of("linear"))


async def test_each_rescan_asks_base44_once_what_it_has_and_no_two_come_in_step(
    emulator: RunningEmulator, project: Project, a_home_of_its_own: Path
) -> None:
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        for times in (1, 2, 3):
            await listed(emulator, times)
            assert daemon.naps.end(*RESCAN) == 1
        await listed(emulator, 4)
        waits = [seconds for seconds in daemon.naps.asked if RESCAN[0] <= seconds <= RESCAN[1]]
        assert len(waits) == len(set(waits)) == 4
        a_connector(project, "linear", ["a"])
        await daemon.expect(outcome_of("linear"))
        assert await asyncio.to_thread(lists, emulator) == 4


async def test_p1_whatever_watch_died_in_silence_is_alive_again_after_the_rescan(
    project: Project, a_home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that was away and is back for instance has the same inodes, and no watch is on them."""
    heard = Event()
    heard.set()

    def going_deaf(*directories: str, **options: Any) -> Iterator[Any]:
        mine = heard
        return (changes for changes in watch(*directories, **options) if mine.is_set())

    monkeypatch.setattr("connectord.watch.subscription.watch", going_deaf)
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        await at_work(daemon, project)
        heard.clear()
        heard = Event()
        heard.set()
        assert daemon.naps.end(*RESCAN) == 1
        a_connector(project, "github", ["b"])
        await daemon.expect(outcome_of("github"))
        a_connector(project, "linear", ["a"])
        await daemon.expect(outcome_of("linear"))


async def test_a_look_at_the_clocks_that_finds_no_time_lost_wakes_nobody(
    emulator: RunningEmulator, project: Project, a_home_of_its_own: Path
) -> None:
    async with a_daemon(project, home=a_home_of_its_own) as daemon:
        await daemon.expect(finished)
        assert daemon.naps.end(EVERY_SECONDS, EVERY_SECONDS) == 1
        before = len(daemon.news)
        a_connector(project, "linear", ["a"])
        await daemon.expect(finished, after=before)
        assert await asyncio.to_thread(lists, emulator) == 1
