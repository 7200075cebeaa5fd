"""Reading a project that is looked after: what its config says, or said last, and what its files say now."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from connectord.base44.errors import Unsendable
from connectord.base44.request import host_address
from connectord.errors import ConnectordError
from connectord.project import (
    InvalidConfig,
    InvalidSetting,
    NoProject,
    Problem,
    ProblemCode,
    Project,
    SnapshotReader,
    read_project,
)
from connectord.project.regular_file import exists
from connectord.project.shown import shown_path
from connectord.sync import Reading


class ConfigMoved(ConnectordError):
    """The config that the project was added with is gone, and another one in its folder would be taken for it."""

    code = "CONFIG_MOVED"

    def __init__(self, before: Path, now: Path) -> None:
        super().__init__(
            f"The project's config in {before} is gone; the one in {now} is not taken for it.",
            todo=("Put it back, or remove the project and add it again: connectord projects remove",),
        )


class ProjectGone(ConnectordError):
    """A project that is looked after isn't where it was: its folder, its disk, or the config in it."""

    code = "PROJECT_GONE"

    def __init__(self, root: Path) -> None:
        there = exists(root)
        missing = "no Base44 config in it (base44/config.jsonc)" if there else "nothing there: no folder, or no disk"
        super().__init__(
            f"The project {shown_path(root)} is gone; there is {missing}.",
            todo=(f"It goes on by itself when it is back. Gone for good: connectord projects remove {root}",),
        )


class ProjectReader:
    """Reads one project, and remembers of its files what need not be parsed again.

    `last` is the project as it was last told. It stays in force while the config says something impossible; where the
    config is gone, nothing is. `real` is the root without symbolic links, as it was when it was last read.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], *, last: Callable[[], Project | None]) -> None:
        self._root = root
        self._environ = environ
        self._last = last
        self._snapshots = SnapshotReader()
        self.real: str | None = None

    def read(self) -> Reading:
        """What the project is, and says, now. Blocks on the disk.

        Raises ProjectGone, NotLinked or ConfigMoved; InvalidConfig, InvalidSetting and Unsendable as long as there is
        no last one.
        """
        last = self._last()
        try:
            project = self._project(last)
        except (InvalidConfig, InvalidSetting, Unsendable) as error:
            if last is None:
                raise
            snapshot = self._snapshots.read(last)
            return last, replace(snapshot, problems=(_problem(last, error), *snapshot.problems))
        return project, self._snapshots.read(project)

    def foreseen(self) -> Project | None:
        """The project as the first look will find it, most likely; None where it can't be read. Blocks on the disk."""
        try:
            return self._project(None)
        except ConnectordError:  # the look says so, to whom it concerns
            return None

    def _project(self, last: Project | None) -> Project:
        try:
            project = read_project(self._root, self._environ)
        except NoProject as error:
            raise ProjectGone(self._root) from error
        self.real = os.path.realpath(self._root)
        # A project whose config is gone must not turn into the one around it, or into another tool's folder.
        if project.root != self._root:
            raise ProjectGone(self._root)
        if last is not None and _config_folder(project) != _config_folder(last):
            raise ConfigMoved(_config_folder(last), _config_folder(project))
        host_address(project.api_url)
        return project


def _problem(project: Project, error: InvalidConfig | InvalidSetting | Unsendable) -> Problem:
    """What is wrong with the config, as a problem beside those of the files: removals are suspended by it, too (P3)."""
    if isinstance(error, InvalidConfig):
        # Perhaps the first half of a save, as with a connector file.
        return Problem(error.file, ProblemCode.SYNTAX, error.message, error.line, error.column)
    return Problem(project.config_path or project.root, ProblemCode.SHAPE, error.what)


def _config_folder(project: Project) -> Path:
    return project.config_path.parent if project.config_path else project.root
