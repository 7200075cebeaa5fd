"""One project as its person knows it: what the files ask for, and what happened behind the daemon's back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.support.project import a_connector

from connectord.project import Project
from connectord.project.model import STRIPE
from connectord.store import BaseEntry

MINE: Final = ("slack", "github", "linear", "stripe", "share_point")
REFUSED: Final = "share_point"
"""Refused for good, since it wants a connection_config that no file here has."""

MANY: Final = 2
SHARED_FROM: Final = 4
"""More files at once than this, or more than half of this many and more, are a mass removal (P5)."""


class Damage(StrEnum):
    """Ways in which a file is there and says nothing (P3)."""

    HALF = "half"
    NOT_TEXT = "not-text"
    A_FOLDER = "a-folder"
    DANGLING = "dangling"
    TOO_LARGE = "too-large"


def damaged(file: Path, damage: Damage) -> None:
    """Put something broken in this place, where nothing is."""
    ways: dict[Damage, Callable[[], object]] = {
        Damage.HALF: lambda: file.write_bytes(b'{"type": '),
        Damage.NOT_TEXT: lambda: file.write_bytes(b"\xff\xfe\x00"),
        Damage.A_FOLDER: file.mkdir,
        Damage.DANGLING: lambda: file.symlink_to("nowhere"),
        Damage.TOO_LARGE: lambda: file.write_bytes(b" " * (256 * 1024 + 1)),
    }
    ways[damage]()


@dataclass
class Folder:
    """A project's files. `wanted` has the scopes of each valid file, None where it is damaged.

    `unseen` says that something changed of which the running daemon got no hint; `meddled` are connectors that
    somebody else touched on Base44. `deleted` are those whose file the person deleted, `missed` those that a look may
    have missed since the last one that is known to have seen everything, `held` those that were shown in a hold and
    whose file never came back, `approved` those that the person said a word for. `shown` are the
    holds as the person read them once.
    """

    project: Project
    wanted: dict[str, list[str] | None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)
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
        self._is_back(name, scopes)

    def damage(self, name: str, damage: Damage) -> None:
        damaged(self._file(name), damage)
        self._is_back(name, None)

    def delete(self, name: str) -> None:
        self._file(name)
        if name in self.wanted:
            del self.wanted[name]
            self.deleted.add(name)
            self.missed.add(name)

    def move_away(self) -> None:
        """The whole connectors directory is gone for a while."""
        self.project.connectors_dir.rename(self._elsewhere)
        self.is_away = True
        self.missed |= self.wanted.keys()

    def come_back(self) -> None:
        if self.project.connectors_dir.exists():  # files were restored meanwhile
            shutil.rmtree(self.project.connectors_dir)
        self._elsewhere.rename(self.project.connectors_dir)
        self.is_away = False
        self._word_is_void(self.wanted.keys())

    def restored(self, files: Mapping[str, list[str]]) -> None:
        """The daemon wrote files back at the person's word: where the directory was away, there is one again."""
        if self.is_away and files:
            shutil.rmtree(self._elsewhere)
            self.is_away = False
            self.deleted |= self.wanted.keys()
            self.wanted.clear()
        for name, scopes in files.items():
            self._is_back(name, scopes)

    def seen(self) -> None:
        """A look has seen everything."""
        if not self.is_away:
            self.missed -= self.wanted.keys()
            self.held -= self.wanted.keys()

    def objection(self, name: str, base: Mapping[str, BaseEntry]) -> str | None:
        """What speaks against removing this connector now, as its person sees it (P2 to P6)."""
        known = {one for one, entry in base.items() if entry.authorized or entry.seen_scopes is not None}
        known |= base.keys() & {STRIPE}  # needs no consent
        absent = known - self.wanted.keys()
        many = len(absent) > MANY or (len(known) >= SHARED_FROM and 2 * len(absent) > len(known))
        rows = (
            (name not in base, "P2: this machine doesn't know it"),
            (not self.is_away and None in self.wanted.values(), "P3: a file can't be read"),
            (not self.is_away and name in self.wanted, "P3: its file is there"),
            (name not in self.approved and self.is_away, "P5: the directory is away"),
            (name not in self.approved and name not in self.deleted, "P5: nobody deleted its file"),
            (name not in self.approved and name in self.held, "P5: it was held"),
            (name not in self.approved and many, f"P5: {sorted(absent)} of {sorted(known)} are gone"),
            (name not in self.approved and not self.wanted, "P5: no file is left"),
        )
        return next((why for fits, why in rows if fits), None)

    def keep_only(self, base: Mapping[str, BaseEntry]) -> None:
        """What the daemon no longer knows was removed: it waits for no word."""
        self.held &= base.keys()
        self.approved &= base.keys()

    def _is_back(self, name: str, scopes: list[str] | None) -> None:
        self.wanted[name] = scopes
        self.deleted.discard(name)
        self._word_is_void([name])

    def _word_is_void(self, names: Iterable[str]) -> None:
        """What was approved is void when one of its files is back (P6)."""
        if self.approved & set(names):
            self.approved.clear()

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
