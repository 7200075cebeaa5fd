"""Targets are asked for their places in turn, and one on a disk that hangs keeps none of the others waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import target, watched

from connectord.project import Project
from connectord.project.places import WatchPlace, watch_places
from connectord.watch import Target
from connectord.watch.surveying import Answer, Surveyor

WITHIN = 30.0


@pytest.fixture
def disk() -> Iterator[threading.Event]:
    """Answers once it is set; nobody is left waiting for it at the end."""
    answers = threading.Event()
    yield answers
    answers.set()


def on(disk: threading.Event, root: Path, asked: Callable[[], object] = lambda: None) -> Target:
    def places() -> list[WatchPlace]:
        asked()
        assert disk.wait(WITHIN)
        return [WatchPlace(root, frozenset())]

    return Target(root, places)


def quick(root: Path) -> Target:
    return Target(root, lambda: [WatchPlace(root, frozenset())])


def folders(parent: Path, *names: str) -> list[Path]:
    made = [parent / name for name in names]
    for folder in made:
        folder.mkdir()
    return made


def nobody(root: Path, answer: Answer) -> None:
    raise AssertionError(root, answer)


async def test_all_targets_say_where_their_places_are_or_what_keeps_them_from_it(tmp_path: Path) -> None:
    def fail() -> list[WatchPlace]:
        raise ValueError("a defect")

    one, other = folders(tmp_path, "one", "other")
    answers = await Surveyor(nobody).survey([quick(one), Target(tmp_path, fail), quick(other)])
    assert answers.keys() == {one, tmp_path, other}
    assert isinstance(answers[tmp_path], ValueError)
    assert not isinstance(answers[one], Exception)


async def test_those_that_hang_are_left_out_and_join_when_they_answer(tmp_path: Path, disk: threading.Event) -> None:
    hung, dead, fine = folders(tmp_path, "hung", "dead", "fine")
    late = asyncio.Queue[Path]()
    surveyor = Surveyor(lambda root, _: late.put_nowait(root), patience=0.01)
    assert (await surveyor.survey([on(disk, hung), on(disk, dead), quick(fine)])).keys() == {fine}
    disk.set()
    assert {await late.get(), await late.get()} == {hung, dead}
    assert (await surveyor.survey([on(disk, hung)])).keys() == {hung}


async def test_one_that_hangs_is_not_asked_again_meanwhile(tmp_path: Path, disk: threading.Event) -> None:
    asked: list[int] = []
    hung = on(disk, tmp_path, lambda: asked.append(1))
    late = asyncio.Event()
    surveyor = Surveyor(lambda *_: late.set(), patience=0.01)
    for _ in range(3):
        assert await surveyor.survey([hung]) == {}
    assert asked == [1]
    disk.set()
    await late.wait()
    assert (await surveyor.survey([hung])).keys() == {tmp_path}


async def test_a_disk_that_hangs_at_the_start_keeps_no_other_project_from_being_watched(
    tmp_path: Path, disk: threading.Event
) -> None:
    hung, fine = a_project(tmp_path / "hung", {"slack": []}), a_project(tmp_path / "fine", {"slack": []})

    def places(project: Project) -> tuple[WatchPlace, ...]:
        assert disk.wait(WITHIN)
        return watch_places(project)

    async with watched() as (watcher, hints):
        watcher.add(Target(hung.root, lambda: places(hung)))
        watcher.add(target(fine))
        assert await hints.have(lambda: fine.root in hints.roots)
        assert await hints.of(fine.root, lambda: a_connector(fine, "slack", ["a"]))
        assert hung.root not in hints.roots
        disk.set()
        assert await hints.have(lambda: hung.root in hints.roots)
        assert await hints.of(hung.root, lambda: a_connector(hung, "slack", ["a"]))
