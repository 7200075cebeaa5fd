"""When a save is pushed, in a loop whose time passes only when nothing else is left to do (P1)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.support.virtual_time import virtual_time

from connectord.project import NO_REPOSITORY, GitBusy, GitReading, GitWork
from connectord.project.model import Connector, DirectoryState, Project, Snapshot
from connectord.store import MemoryStore
from connectord.sync import ProjectLoop, PushEffects, PushJob, PushQueue, Settle
from connectord.sync.turnstile import Turnstile

ROOT = Path("/shop")
PROJECT = Project(ROOT, None, ROOT / "connectors", "0123456789abcdef01234567", "https://app.base44.com")

REBASING = replace(NO_REPOSITORY, busy=GitBusy(GitWork.REBASE, ROOT / ".git" / "rebase-merge"))

OTHER = replace(PROJECT, app_id="f" * 24)


@dataclass
class Desk:
    """One file that is saved, a loop that looks, and what was carried out: content and time of each push."""

    push_takes: float = 0.0
    project: Project = PROJECT
    content: tuple[str, ...] | None = None
    git: GitReading = NO_REPOSITORY
    pushed: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    apps: list[str] = field(default_factory=list)
    looks: int = 0

    def save(self, *scopes: str) -> None:
        self.content = scopes
        self.loop.hint()

    def delete(self) -> None:
        self.content = None
        self.loop.hint()

    def read(self) -> tuple[Project, Snapshot]:
        self.looks += 1
        there = () if self.content is None else (Connector("slack", self.content),)
        return self.project, Snapshot(PROJECT.connectors_dir, DirectoryState.PRESENT, there, git=self.git)

    async def carry(self, job: PushJob) -> None:
        self.apps.append(job.project.app_id)
        self.pushed.append((job.snapshot.connectors[0].scopes, asyncio.get_running_loop().time()))
        await asyncio.sleep(self.push_takes)

    async def work(self, story: Coroutine[Any, Any, None]) -> None:
        clock, closed = asyncio.get_running_loop().time, Turnstile(1, opened=asyncio.Event())
        effects = PushEffects(
            MemoryStore(), connect=_nowhere, emit=lambda _: None, clock=clock, now=clock, rng=random.Random(1),
            turnstile=lambda _: closed,
        )  # fmt: skip
        queue = PushQueue(self.carry)
        self.loop = ProjectLoop(ROOT, read=self.read, queue=queue, effects=effects, settle=Settle(0.05, 2.0))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(queue.run()), group.create_task(self.loop.run())]
            await asyncio.sleep(1)
            self.looks = 0
            await story
            await asyncio.sleep(100)
            for task in tasks:
                task.cancel()


def _nowhere(project: Project) -> Any:
    """An app that nothing can be sent to, and nobody comes to through a closed turnstile."""
    return project.app_id


def told(desk: Desk, story: Coroutine[Any, Any, None]) -> Desk:
    with virtual_time() as time:
        time.run(desk.work(story))
    return desk


def test_p1_fifty_writes_in_100_ms_are_one_push_of_the_last() -> None:
    desk = Desk()

    async def story() -> None:
        for number in range(50):
            desk.save(str(number))
            await asyncio.sleep(0.002)

    told(desk, story())
    assert [content for content, _ in desk.pushed] == [("49",)]


def test_p1_a_write_every_40_ms_for_a_minute_is_pushed_by_the_cap() -> None:
    desk = Desk()

    async def story() -> None:
        for number in range(1500):
            desk.save(str(number))
            await asyncio.sleep(0.04)

    told(desk, story())
    times = [0.0, *(at - 1.0 for _, at in desk.pushed)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 2.1
    assert (len(desk.pushed), desk.pushed[-1][0]) == (30, ("1499",))


def test_p1_a_write_every_400_ms_for_a_minute_is_pushed_each_time_it_is_quiet() -> None:
    desk = Desk()

    async def story() -> None:
        for number in range(150):
            desk.save(str(number))
            await asyncio.sleep(0.4)

    told(desk, story())
    assert [content for content, _ in desk.pushed] == [(str(number),) for number in range(150)]


def test_p1_a_write_every_400_ms_is_pushed_by_the_cap_where_the_quiet_time_is_longer() -> None:
    desk = Desk()

    async def story() -> None:
        desk.loop._settle = Settle(quiet=0.5, cap=2.0)
        for number in range(150):
            desk.save(str(number))
            await asyncio.sleep(0.4)

    told(desk, story())
    assert 25 <= len(desk.pushed) <= 31
    assert desk.pushed[-1][0] == ("149",)


@pytest.mark.parametrize(("seconds", "pushed"), [(1.9, [PROJECT.app_id]), (3.0, [OTHER.app_id, PROJECT.app_id])])
def test_p5_another_app_must_stand_for_two_seconds_before_it_is_believed(seconds: float, pushed: list[str]) -> None:
    """A checkout takes `.env` or `.app.jsonc` away and puts it back."""
    desk = Desk()

    async def story() -> None:
        desk.project = OTHER
        desk.save("a")
        await asyncio.sleep(seconds)
        desk.project = PROJECT
        desk.save("b")

    told(desk, story())
    assert list(dict.fromkeys(desk.apps)) == pushed


def test_p5_what_a_rebase_shows_for_a_moment_is_not_pushed() -> None:
    """It puts another branch's files there, and then the ones that it stops at."""
    desk = Desk()

    async def story() -> None:
        desk.git = REBASING
        desk.save("theirs")
        await asyncio.sleep(0.3)
        desk.git = NO_REPOSITORY
        desk.save("mine")

    told(desk, story())
    assert [content for content, _ in desk.pushed] == [("mine",)]


def test_a_save_while_git_has_a_lock_is_pushed_a_tenth_of_a_second_later() -> None:
    """That the lock goes is no event: the project is looked at again by itself, by one wake-up at a time."""
    desk = Desk()

    async def story() -> None:
        desk.git = REBASING
        for number in range(20):
            desk.save(str(number))
            await asyncio.sleep(0.06)
        desk.git = NO_REPOSITORY
        desk.looks = 0

    told(desk, story())
    assert [(content, round(at - 1.0, 1)) for content, at in desk.pushed] == [(("19",), 1.3)]
    assert desk.looks == 1


def test_p1_a_rebase_that_waits_for_its_person_keeps_no_save_for_longer_than_the_cap() -> None:
    desk = Desk()

    async def story() -> None:
        desk.git = REBASING
        desk.save("first")
        await asyncio.sleep(10)
        desk.save("second")

    told(desk, story())
    assert [(content, round(at - 1.0, 1)) for content, at in desk.pushed] == [(("first",), 2.1), (("second",), 10.1)]


def test_p1_a_save_during_a_push_is_exactly_one_more_push() -> None:
    desk = Desk(push_takes=5.0)

    async def story() -> None:
        desk.save("first")
        await asyncio.sleep(1)
        desk.save("second")

    told(desk, story())
    assert [content for content, _ in desk.pushed] == [("first",), ("second",)]


def test_p1_three_saves_during_a_push_are_one_more_push_of_the_last() -> None:
    desk = Desk(push_takes=5.0)

    async def story() -> None:
        desk.save("first")
        for content in ("second", "third", "fourth"):
            await asyncio.sleep(1)
            desk.save(content)

    told(desk, story())
    assert [content for content, _ in desk.pushed] == [("first",), ("fourth",)]
    assert desk.looks == 4


def test_created_and_deleted_within_the_quiet_time_is_nothing() -> None:
    desk = Desk()

    async def story() -> None:
        desk.save("gone")
        await asyncio.sleep(0.03)
        desk.delete()

    told(desk, story())
    assert (desk.pushed, desk.looks) == ([], 1)


def test_a_single_save_is_pushed_after_the_quiet_time_and_no_later() -> None:
    desk = Desk()

    async def story() -> None:
        desk.save("one")

    told(desk, story())
    assert [(content, round(at - 1.0, 3)) for content, at in desk.pushed] == [(("one",), 0.05)]
