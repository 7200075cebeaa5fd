"""P1: however a program saves, a hint comes once the new content is there. By events, and by polling."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import Hints, watched

from connectord.project import Project

NEW = '{ "type": "slack", "scopes": ["chat:write", "channels:read"] }\n'

Way = Callable[[Path, Hints], Awaitable[object]]


async def plain_write(file: Path, hints: Hints) -> None:
    file.write_text(NEW)


async def truncate_and_fill_later(file: Path, hints: Hints) -> None:
    with file.open("w") as stream:
        await hints.until(lambda: file.stat().st_size == 0)
        stream.write(NEW)


async def slow_writer(file: Path, hints: Hints) -> None:
    with file.open("w") as stream:
        for end in range(1, len(NEW), 8):
            stream.write(NEW[max(0, end - 8) : end])
            stream.flush()
            await hints.until(lambda size=end: file.stat().st_size == size)  # type: ignore[misc]
        stream.write(NEW[end:])


async def write_beside_and_rename(file: Path, hints: Hints) -> None:
    beside = file.with_name(".slack.jsonc.tmp")
    beside.write_text(NEW)
    beside.replace(file)


async def vim_by_renaming(file: Path, hints: Hints) -> None:
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    backup = file.rename(file.with_name("slack.jsonc~"))
    _written_and_synced(file)
    file.chmod(0o644)
    backup.unlink()


async def vim_in_place(file: Path, hints: Hints) -> None:
    swap, backup = file.with_name(".slack.jsonc.swp"), file.with_name("slack.jsonc~")
    swap.write_bytes(b"b0VIM")
    shutil.copyfile(file, backup)
    _written_and_synced(file)
    backup.unlink()
    swap.unlink()


async def emacs_by_renaming(file: Path, hints: Hints) -> None:
    lock = file.with_name(".#slack.jsonc")
    lock.symlink_to("ada@machine.1234:1700000000")
    file.with_name("#slack.jsonc#").write_text(NEW[:20])
    file.rename(file.with_name("slack.jsonc~"))
    _written_and_synced(file)
    file.with_name("#slack.jsonc#").unlink()
    lock.unlink()


async def emacs_by_copying(file: Path, hints: Hints) -> None:
    shutil.copy2(file, file.with_name("slack.jsonc~"))
    _written_and_synced(file)


async def copied_with_its_time(file: Path, hints: Hints) -> None:
    shutil.copy2(_elsewhere(file, file.stat()), file)


async def moved_in_with_the_same_time_and_size(file: Path, hints: Hints) -> None:
    file.write_text(NEW.replace("write", "wrote"))
    await hints.until(lambda: "wrote" in file.read_text())
    os.replace(_elsewhere(file, file.stat()), file)  # noqa: PTH105  (as `mv` does it)


async def git_checkout(file: Path, hints: Hints) -> None:
    root = file.parents[2]
    await _git(root, "init", "--quiet", "--initial-branch=main")
    await _git(root, "add", ".")
    await _git(root, "commit", "--quiet", "--message=old")
    await _git(root, "checkout", "--quiet", "-b", "other")
    file.write_text(NEW)
    await _git(root, "commit", "--quiet", "--all", "--message=new")
    await _git(root, "checkout", "--quiet", "main")
    await hints.until(lambda: file.read_text() != NEW)
    await _git(root, "checkout", "--quiet", "other")


async def git_stash(file: Path, hints: Hints) -> None:
    root = file.parents[2]
    await _git(root, "init", "--quiet")
    await _git(root, "add", ".")
    await _git(root, "commit", "--quiet", "--message=old")
    file.write_text(NEW)
    await _git(root, "stash", "--quiet")
    await hints.until(lambda: file.read_text() != NEW)
    await _git(root, "stash", "pop", "--quiet")


async def directory_deleted_and_made_again(file: Path, hints: Hints) -> None:
    shutil.rmtree(file.parent)
    file.parent.mkdir()
    file.write_text(NEW)


async def directory_moved_away_and_back(file: Path, hints: Hints) -> None:
    away = file.parents[2] / "away"
    file.parent.rename(away)
    await hints.until(lambda: not file.exists())
    (away / file.name).write_text(NEW)
    away.rename(file.parent)


async def directory_swapped_for_another(file: Path, hints: Hints) -> None:
    other = file.parents[2] / "other"
    other.mkdir()
    (other / file.name).write_text(NEW)
    file.parent.rename(file.parents[2] / "away")
    other.rename(file.parent)


async def directory_becomes_a_file_and_then_a_link(file: Path, hints: Hints) -> None:
    shutil.rmtree(file.parent)
    file.parent.write_text("a file")
    await hints.until(file.parent.is_file)
    file.parent.unlink()
    real = file.parents[2] / "real"
    real.mkdir()
    file.parent.symlink_to(real)
    await hints.until(file.parent.is_symlink)
    (real / file.name).write_text(NEW)


async def the_project_deleted_and_made_again(file: Path, hints: Hints) -> None:
    root = file.parents[2]
    shutil.rmtree(root)
    await hints.until(lambda: not root.exists())
    a_project(root, {})
    file.write_text(NEW)


async def the_project_moved_away_and_back(file: Path, hints: Hints) -> None:
    root = file.parents[2]
    away = root.rename(root.with_name("away"))
    await hints.until(lambda: not root.exists())
    (away / file.relative_to(root)).write_text(NEW)
    away.rename(root)


WAYS: list[Way] = [
    plain_write,
    truncate_and_fill_later,
    slow_writer,
    write_beside_and_rename,
    vim_by_renaming,
    vim_in_place,
    emacs_by_renaming,
    emacs_by_copying,
    copied_with_its_time,
    moved_in_with_the_same_time_and_size,
    git_checkout,
    git_stash,
    directory_deleted_and_made_again,
    directory_moved_away_and_back,
    directory_swapped_for_another,
    directory_becomes_a_file_and_then_a_link,
    the_project_deleted_and_made_again,
    the_project_moved_away_and_back,
]


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_p1_a_save_is_hinted_when_it_is_complete(way: Way, polling: str | None, tmp_path: Path) -> None:
    project = a_project(tmp_path / "app", {"slack": ["chat:write"]})
    file = project.connectors_dir / "slack.jsonc"
    async with watched(project, polling=polling) as (_, hints):
        await way(file, hints)
        assert await hints.until(lambda: _reads(file) == NEW)
        # And it is still watched as before.
        assert await hints.of(project.root, lambda: a_connector(project, "github", ["repo"]))


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
async def test_p1_a_directory_that_appears_only_later_is_watched(polling: str | None, tmp_path: Path) -> None:
    config = '{"name": "x", "connectorsDir": "not/yet/there"}'
    project = a_project(tmp_path, config=config)
    async with watched(project, polling=polling) as (_, hints):
        for directory in reversed((project.connectors_dir, *project.connectors_dir.parents[:2])):
            assert await hints.of(project.root, directory.mkdir)
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))
        assert await hints.of(project.root, (project.connectors_dir / "slack.jsonc").unlink)


OTHERS: dict[str, Callable[[Project], object]] = {
    "a new file": lambda project: a_connector(project, "github", ["repo"]),
    "a file deleted": lambda project: (project.connectors_dir / "slack.jsonc").unlink(),
    "a file renamed away": lambda project: (project.connectors_dir / "slack.jsonc").rename(project.root / "away"),
    "a mode changed": lambda project: (project.connectors_dir / "slack.jsonc").chmod(0o600),
    "another app": lambda project: (project.root / "base44" / ".app.jsonc").write_text("{id: 'x'}"),
    "another config": lambda project: (project.root / "base44" / "config.jsonc").write_text("{}"),
    "an .env file": lambda project: (project.root / ".env").write_text("A=1"),
    "the directory deleted": lambda project: shutil.rmtree(project.connectors_dir),
    "the project deleted": lambda project: shutil.rmtree(project.root),
}


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
@pytest.mark.parametrize("way", OTHERS)
async def test_any_other_change_that_matters_is_hinted(way: str, polling: str | None, tmp_path: Path) -> None:
    project = a_project(tmp_path / "app", {"slack": ["chat:write"]})
    async with watched(project, polling=polling) as (_, hints):
        assert await hints.of(project.root, lambda: OTHERS[way](project))


def _reads(file: Path) -> str | None:
    try:
        return file.read_text()
    except OSError:
        return None


def _written_and_synced(file: Path) -> None:
    with file.open("w") as stream:
        stream.write(NEW)
        stream.flush()
        os.fsync(stream.fileno())


def _elsewhere(file: Path, status: os.stat_result) -> Path:
    """The new content in a file elsewhere that has the times of another one."""
    elsewhere = file.parents[2] / "copy"
    elsewhere.write_text(NEW)
    os.utime(elsewhere, ns=(status.st_atime_ns, status.st_mtime_ns))
    return elsewhere


async def _git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@x.test", "-c", "commit.gpgsign=false")
    await asyncio.to_thread(subprocess.run, ["git", *who, *arguments], cwd=root, check=True)
