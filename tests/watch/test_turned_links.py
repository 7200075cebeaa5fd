"""P1: what a project's files are reached by may turn to elsewhere, and what is there then is watched. In both modes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import at_rest, watched

from connectord.project import Project, read_project

MODES = pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])

Change = Callable[[], object]
Arrange = Callable[[Path], tuple[Project, Change]]
"""A project in a folder, and what happens to it: the result is a connectors directory with other content."""


def turned(link: Path, target: Path) -> None:
    """Turn a link as careful programs do: no moment without one."""
    new = link.with_name(".new")
    new.symlink_to(target)
    os.replace(new, link)  # noqa: PTH105  (the call that programs make)


def two_directories(folder: Path) -> tuple[Path, Path]:
    one, other = folder / "one", folder / "other"
    one.mkdir()
    other.mkdir()
    (other / "slack.jsonc").write_text('{type: "slack"}')
    return one, other


def the_directory_is_a_link_that_turns(folder: Path) -> tuple[Project, Change]:
    one, other = two_directories(folder)
    project = a_project(folder / "app")
    project.connectors_dir.symlink_to(one)
    return project, lambda: turned(project.connectors_dir, other)


def a_link_in_the_middle_of_a_chain_turns(folder: Path) -> tuple[Project, Change]:
    one, other = two_directories(folder)
    project = a_project(folder / "app")
    (folder / "chain").mkdir()
    (folder / "chain" / "middle").symlink_to(one)
    project.connectors_dir.symlink_to(folder / "chain" / "middle")
    return project, lambda: turned(folder / "chain" / "middle", other)


def what_the_directory_points_to_is_replaced(folder: Path) -> tuple[Project, Change]:
    one, other = two_directories(folder)
    project = a_project(folder / "app")
    project.connectors_dir.symlink_to(one)

    def replaced() -> None:
        one.rename(folder / "away")
        other.rename(one)

    return project, replaced


def what_the_directory_points_to_appears(folder: Path) -> tuple[Project, Change]:
    _, other = two_directories(folder)
    project = a_project(folder / "app")
    project.connectors_dir.symlink_to(folder / "later")
    return project, lambda: other.rename(folder / "later")


def the_base44_folder_is_a_link_that_turns(folder: Path) -> tuple[Project, Change]:
    for name, connectors in (("one", {}), ("other", {"slack": ["a"]})):
        a_project(folder / name, connectors)
    (folder / "app").mkdir()
    (folder / "app" / "base44").symlink_to(folder / "one" / "base44")
    return read_project(folder / "app", {}), lambda: turned(folder / "app" / "base44", folder / "other" / "base44")


def what_the_base44_folder_points_to_is_replaced(folder: Path) -> tuple[Project, Change]:
    project, _ = the_base44_folder_is_a_link_that_turns(folder)

    def replaced() -> None:
        (folder / "one" / "base44").rename(folder / "one" / "away")
        (folder / "other" / "base44").rename(folder / "one" / "base44")

    return project, replaced


def a_link_above_the_project_turns(folder: Path) -> tuple[Project, Change]:
    a_project(folder / "releases" / "1" / "app", {})
    a_project(folder / "releases" / "2" / "app", {"slack": ["a"]})
    (folder / "current").symlink_to("releases/1")
    project = read_project(folder / "current" / "app", {})
    return project, lambda: turned(folder / "current", Path("releases/2"))


def the_root_is_a_link_that_turns(folder: Path) -> tuple[Project, Change]:
    a_project(folder / "one", {})
    a_project(folder / "other", {"slack": ["a"]})
    (folder / "app").symlink_to("one")
    return read_project(folder / "app", {}), lambda: turned(folder / "app", Path("other"))


def the_root_becomes_a_link_to_elsewhere(folder: Path) -> tuple[Project, Change]:
    project = a_project(folder / "app", {})
    a_project(folder / "other", {"slack": ["a"]})

    def turns() -> None:
        shutil.rmtree(project.root)
        project.root.symlink_to(folder / "other")

    return project, turns


def the_root_is_another_directory(folder: Path) -> tuple[Project, Change]:
    project = a_project(folder / "app", {})
    a_project(folder / "other", {"slack": ["a"]})

    def swapped() -> None:
        project.root.rename(folder / "away")
        (folder / "other").rename(project.root)

    return project, swapped


CASES: list[Arrange] = [
    the_directory_is_a_link_that_turns,
    a_link_in_the_middle_of_a_chain_turns,
    what_the_directory_points_to_is_replaced,
    what_the_directory_points_to_appears,
    the_base44_folder_is_a_link_that_turns,
    what_the_base44_folder_points_to_is_replaced,
    a_link_above_the_project_turns,
    the_root_is_a_link_that_turns,
    the_root_becomes_a_link_to_elsewhere,
    the_root_is_another_directory,
]


@MODES
@pytest.mark.parametrize("arrange", CASES, ids=lambda arrange: arrange.__name__)
async def test_p1_what_is_elsewhere_now_is_hinted_at_and_watched(
    arrange: Arrange, polling: str | None, tmp_path: Path
) -> None:
    project, change = arrange(tmp_path)
    async with watched(project, polling=polling) as (watcher, hints):
        await at_rest(watcher)
        change()
        assert await hints.until((project.connectors_dir / "slack.jsonc").exists)
        await at_rest(watcher)
        file = project.connectors_dir / "github.jsonc"
        assert await hints.of(project.root, lambda: file.write_text('{type: "github"}'))


@MODES
async def test_p1_a_root_that_becomes_a_file_is_waited_for(polling: str | None, tmp_path: Path) -> None:
    project = a_project(tmp_path / "app", {})
    async with watched(project, polling=polling) as (watcher, hints):
        await at_rest(watcher)
        shutil.rmtree(project.root)
        project.root.write_text("a file")
        assert await hints.until(project.root.is_file)
        await at_rest(watcher)
        project.root.unlink()
        a_project(project.root, {"slack": ["a"]})
        assert await hints.until((project.connectors_dir / "slack.jsonc").exists)
        assert await hints.of(project.root, lambda: a_connector(project, "github", ["repo"]))


@MODES
@pytest.mark.parametrize("name", [".env", "base44/.app.jsonc", "base44/connectors/slack.jsonc"])
async def test_p1_a_file_behind_a_link_is_watched_where_it_is_and_where_the_link_turns_to(
    name: str, polling: str | None, tmp_path: Path
) -> None:
    project = a_project(tmp_path / "app", {"slack": ["a"]}, env="BASE44_X=1")
    one, other = tmp_path / "kept" / "one", tmp_path / "kept" / "other"
    one.parent.mkdir()
    (project.root / name).rename(one)
    shutil.copyfile(one, other)
    (project.root / name).symlink_to(one)
    async with watched(project, polling=polling) as (watcher, hints):
        for now in (one, other):
            await at_rest(watcher)
            assert await hints.of(project.root, lambda: now.write_text(now.read_text() + "\n"))  # noqa: B023  (at once)
            await at_rest(watcher)
            assert await hints.of(project.root, lambda: turned(project.root / name, other))


@MODES
@pytest.mark.parametrize("name", ["a\nname\n.jsonc", "x" * 249 + ".jsonc"], ids=["with newlines", "of 255 bytes"])
async def test_p1_names_that_few_expect_are_names(name: str, polling: str | None, tmp_path: Path) -> None:
    project = a_project(tmp_path / "a\nb", {})
    async with watched(project, polling=polling) as (watcher, hints):
        await at_rest(watcher)
        assert await hints.of(project.root, lambda: a_connector(project, name, ["a"]))
        assert await hints.of(project.root, (project.connectors_dir / name).unlink)
        assert watcher.state.polled == ()
