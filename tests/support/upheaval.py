"""Everything that can happen to the files of some projects, at random by a seed, for storms against the watcher."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.project import a_project

from connectord.errors import ConnectordError
from connectord.project import SnapshotReader, read_project

BAD_NAME = os.fsdecode(b"\xff.jsonc")
TYPES = ("slack", "github", "notion")


class Upheaval:
    """Three projects in `folder`, one of them below a link. An operation that can't be done now is not done."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        self._folder = folder
        self._count = 0
        self._closed: list[Path] = []
        self.done: list[str] = []
        (folder / "kept").mkdir()
        (folder / "real").mkdir()
        (folder / "linked").symlink_to("real")
        self.roots = [folder / "one" / "app", folder / "other" / "app", folder / "linked" / "app"]
        for root in self.roots:
            a_project(root, {"slack": []})

    def strike(self) -> None:
        """One operation on one project."""
        root, operation = self._rng.choice(self.roots), self._rng.choice(OPERATIONS)
        self._count += 1
        self.done.append(f"{operation.__name__} {root.parent.name}")
        try:
            operation(self, root)
        except OSError as error:
            self.done.append(f"  not done: {error.strerror}")

    def open_doors(self) -> None:
        """Give back the rights that were taken."""
        while self._closed:
            path = self._closed.pop()
            if path.exists():
                path.chmod(0o755 if path.is_dir() else 0o644)

    def save(self, root: Path) -> None:
        self._file(root).write_text(self._text)

    def save_by_renaming(self, root: Path) -> None:
        beside = self._file(root).with_name(".tmp")
        beside.write_text(self._text)
        beside.replace(self._file(root))

    def delete(self, root: Path) -> None:
        self._file(root).unlink()

    def link_a_file(self, root: Path) -> None:
        kept, link = self._kept / "file", self._file(root).with_name(".link")
        kept.write_text(self._text)
        link.symlink_to(kept)
        link.replace(self._file(root))

    def delete_the_directory(self, root: Path) -> None:
        self._wipe(_connectors(root))

    def make_the_directory(self, root: Path) -> None:
        _connectors(root).mkdir(parents=True, exist_ok=True)
        self.save(root)

    def swap_the_directory(self, root: Path) -> None:
        fresh = self._a_directory("fresh")
        _connectors(root).rename(self._kept / "old")
        fresh.rename(_connectors(root))

    def move_the_directory_away_and_back(self, root: Path) -> None:
        away = _connectors(root).rename(self._kept / "away")
        (away / self._file(root).name).write_text(self._text)
        away.rename(_connectors(root))

    def link_the_directory(self, root: Path) -> None:
        fresh = self._a_directory("linked")
        self._wipe(_connectors(root))
        _connectors(root).symlink_to(fresh)

    def link_it_by_two_links(self, root: Path) -> None:
        middle = self._folder / f"middle of {root.parent.name}"
        self._wipe(middle)
        middle.symlink_to(self._a_directory("linked"))
        if self._rng.random() < 0.5:
            self._wipe(_connectors(root))
            _connectors(root).symlink_to(middle)

    def put_a_file_in_its_place(self, root: Path) -> None:
        self._wipe(_connectors(root))
        _connectors(root).write_text("a file")

    def link_the_base44_folder(self, root: Path) -> None:
        fresh = a_project(self._kept / "project", {"slack": [f"a{self._count}"]}).root / "base44"
        self._wipe(root / "base44")
        (root / "base44").symlink_to(fresh)

    def delete_the_project(self, root: Path) -> None:
        self._wipe(root)

    def make_the_project(self, root: Path) -> None:
        if not root.is_dir():
            self._wipe(root)
        a_project(root, {"slack": [f"a{self._count}"]})

    def swap_the_project(self, root: Path) -> None:
        fresh = a_project(self._kept / "project", {"slack": [f"a{self._count}"]}).root
        root.rename(self._kept / "old")
        fresh.rename(root)

    def turn_the_link_above(self, root: Path) -> None:
        above = root.parent
        if above.is_symlink():
            a_project(self._kept / "real" / "app", {"slack": [f"a{self._count}"]})
            above.with_name("turning").symlink_to(self._kept / "real")
            above.with_name("turning").replace(above)

    def name_another_app(self, root: Path) -> None:
        self._wipe(root / ".env")
        kept = self._kept / "env"
        kept.write_text(f"BASE44_APP_ID={self._count:024d}\n")
        if self._rng.random() < 0.5:
            (root / ".env").symlink_to(kept)
        else:
            kept.rename(root / ".env")

    def name_another_directory(self, root: Path) -> None:
        directory = self._rng.choice(("connectors", "not/yet/there"))
        (root / "base44" / "config.jsonc").write_text(f'{{"name": "x", "connectorsDir": "{directory}"}}')

    def close_a_door(self, root: Path) -> None:
        path = self._rng.choice((root, root / "base44", _connectors(root), self._file(root)))
        path.chmod(0)
        self._closed.append(path)

    def write_or_delete_a_bad_name(self, root: Path) -> None:
        bad = _connectors(root) / BAD_NAME
        bad.unlink() if bad.exists() else bad.touch()

    def work_with_git(self, root: Path) -> None:
        if not (root / ".git").exists():
            _git(root, "init -q")
        _git(root, "add .", "commit -qm old")
        self.save(root)
        _git(root, "commit -qam new", "checkout -q HEAD~1", "checkout -q -")
        self.delete(root)
        _git(root, "stash -q", "stash pop -q", "checkout -q .")

    @property
    def _kept(self) -> Path:
        """A folder for this operation alone."""
        folder = self._folder / "kept" / str(self._count)
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def _text(self) -> str:
        return f'{{"type": "slack", "scopes": ["a{self._count}"]}}'

    def _file(self, root: Path) -> Path:
        return _connectors(root) / f"{TYPES[self._count % len(TYPES)]}.jsonc"

    def _a_directory(self, name: str) -> Path:
        directory = self._kept / name
        directory.mkdir()
        (directory / "slack.jsonc").write_text(self._text)
        return directory

    def _wipe(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def what_is_there(root: Path) -> object:
    """What somebody who looks again sees: everything that may decide about a push, or why nothing can be read."""
    try:
        project = read_project(root, {})
    except ConnectordError as error:
        return str(error)
    snapshot = SnapshotReader().read(project)
    return project, snapshot.state, snapshot.connectors, snapshot.problems


def _connectors(root: Path) -> Path:
    return root / "base44" / "connectors"


def _git(root: Path, *commands: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@x.test", "-c", "commit.gpgsign=false")
    for command in commands:  # one that can't be done now is no harm
        subprocess.run(["git", *who, *command.split()], cwd=root, capture_output=True, check=False)


OPERATIONS: tuple[Callable[[Upheaval, Path], object], ...] = tuple(
    operation
    for name, operation in vars(Upheaval).items()
    if not name.startswith("_") and name not in {"strike", "open_doors"}
)
