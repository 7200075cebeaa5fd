"""One project as its person knows it: what the files ask for, and what happened behind the daemon's back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.support.project import a_connector

from connectord.project import Project

MINE: Final = ("slack", "github", "linear", "stripe", "share_point")
REFUSED: Final = "share_point"
"""Refused for good, since it wants a connection_config that no file here has."""


class Damage(StrEnum):
    """Ways in which a file is there and says nothing (P3)."""

    HALF = "half"
    NOT_TEXT = "not-text"
    A_FOLDER = "a-folder"
    DANGLING = "dangling"
    TOO_LARGE = "too-large"


@dataclass
class Folder:
    """A project's files. `wanted` has the scopes of each valid file, None where it is damaged.

    `unseen` says that something changed of which the running daemon got no hint; `meddled` are connectors that
    somebody else touched on Base44, `deleted` those whose file the person deleted.
    """

    project: Project
    wanted: dict[str, list[str] | None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    meddled: set[str] = field(default_factory=set)
    unseen: bool = False
    is_away: bool = False

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def valid(self) -> dict[str, list[str]]:
        """What must be at Base44: nothing that can't be read."""
        return {} if self.is_away else {name: scopes for name, scopes in self.wanted.items() if scopes is not None}

    @property
    def is_complete(self) -> bool:
        """Whether a connector's absence means anything (P3)."""
        return not self.is_away and None not in self.wanted.values()

    def save(self, name: str, scopes: list[str]) -> None:
        self._file(name)
        a_connector(self._reachable, name, scopes)
        self.wanted[name] = scopes

    def damage(self, name: str, damage: Damage) -> None:
        file = self._file(name)
        ways: dict[Damage, Callable[[], object]] = {
            Damage.HALF: lambda: file.write_bytes(b'{"type": '),
            Damage.NOT_TEXT: lambda: file.write_bytes(b"\xff\xfe\x00"),
            Damage.A_FOLDER: file.mkdir,
            Damage.DANGLING: lambda: file.symlink_to("nowhere"),
            Damage.TOO_LARGE: lambda: file.write_bytes(b" " * (256 * 1024 + 1)),
        }
        ways[damage]()
        self.wanted[name] = None

    def delete(self, name: str) -> None:
        self._file(name)
        self.wanted.pop(name, None)
        self.deleted.add(name)

    def move_away(self) -> None:
        """The whole connectors directory is gone for a while."""
        self.project.connectors_dir.rename(self._elsewhere)
        self.is_away = True

    def come_back(self) -> None:
        self._elsewhere.rename(self.project.connectors_dir)
        self.is_away = False

    @property
    def _elsewhere(self) -> Path:
        return self.root.with_name(f"{self.root.name}-elsewhere")

    @property
    def _reachable(self) -> Project:
        if not self.is_away:
            return self.project
        raise AssertionError("the rules change no file of a directory that is away")

    def _file(self, name: str) -> Path:
        """The path of a connector's file, with nothing there any more."""
        file = self._reachable.connectors_dir / f"{name}.jsonc"
        if file.is_dir():
            shutil.rmtree(file)
        file.unlink(missing_ok=True)
        return file
