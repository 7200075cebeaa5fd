"""One project in git as its person knows it: which files are gone, who took them, and what the person said of that.

Nothing here asks the daemon. The files are read again after each step, and what has vanished is put down to whoever
took the step: the person's hand, git, or an accident to the directory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.support.git import Repository

from connectord.errors import ConnectordError
from connectord.project import read_project
from connectord.store import BaseEntry, BaseKey
from connectord.sync.reconcile import base_key

GRACE: Final = 10.0
MANY: Final = 2
SHARED_FROM: Final = 4
"""More files at once than this, or more than half of this many and more, are a mass removal (P5)."""

RECENT: Final = 600.0
"""What was removed within so many seconds counts with what is gone now."""

BUSY_SIGNS: Final = ("index.lock", "rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")


class By(StrEnum):
    """Who took a step."""

    HAND = "hand"
    GIT = "git"
    ACCIDENT = "accident"


@dataclass(frozen=True, slots=True)
class Vanishing:
    """How a file went: by whom, when (by the model's time), on which branch, in a project linked to which app.

    `plain` says that nothing else happened that could leave a doubt: then it must be removed in the end.
    """

    by: By
    at: float
    branch: str
    key: BaseKey | None
    plain: bool


@dataclass(frozen=True, slots=True)
class Word:
    """The person's word that exactly these shall be removed."""

    key: BaseKey
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a removal meets at the moment that it is sent. `held` are the holds as they are shown then,
    `remote` the scopes that Base44 has for it.
    """

    now: float
    begun: float
    mode: str
    base: Mapping[str, BaseEntry]
    held: tuple[tuple[str, ...], ...]
    remote: frozenset[str] | None


@dataclass
class Tree:
    """The project's folder. `settled`: since it came to rest neither git nor an accident has moved anything.

    `meddled` are connectors that somebody else changed. `sent` says when a DELETE was sent last; `removed` are the
    connectors that are removed already, when, and whether by a word. `known` are those that were known after the last
    step, by the base `known_by`, and `at` is the place where git stood then.
    """

    repository: Repository
    files: dict[str, list[str] | None] = field(default_factory=dict)
    gone: dict[str, Vanishing] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    meddled: set[str] = field(default_factory=set)
    sent: dict[str, float] = field(default_factory=dict)
    removed: dict[str, tuple[float, bool]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    known_by: BaseKey | None = None
    settled: bool = True
    at: tuple[str, str] = ("", "")

    @property
    def root(self) -> Path:
        return self.repository.folder

    @property
    def directory(self) -> Path:
        return self.root / "base44/connectors"

    @property
    def key(self) -> BaseKey | None:
        """Which base the project has to do with; None while its config can't be read."""
        try:
            return base_key(read_project(self.root, {}))
        except ConnectordError:
            return None

    @property
    def place(self) -> tuple[str, str]:
        """The branch that HEAD is on, and the commit that it is at."""
        head = (self.root / ".git/HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return "detached", head
        ref = self.root / ".git" / head.removeprefix("ref: ")
        return head, ref.read_text(encoding="utf-8").strip() if ref.exists() else "unborn"

    @property
    def is_complete(self) -> bool:
        """Whether every file can be read, and so an absence means anything (P3)."""
        return self.directory.is_dir() and None not in self.files.values()

    @property
    def busy(self) -> bool:
        return any((self.root / ".git" / sign).exists() for sign in BUSY_SIGNS)

    def begin(self) -> None:
        self.files, self.at = dict(self._read()), self.place

    def observe(self, by: By, now: float, base: Mapping[str, BaseEntry]) -> None:
        """See what a step of theirs has left."""
        before, self.files = self.files, dict(self._read())
        key, (branch, commit), was_at = self.key, self.place, self.at
        if commit == was_at[1]:
            # Another branch at the same commit takes nothing along or away.
            here = {name for name, one in self.gone.items() if one.branch == was_at[0]}
            self.gone |= {name: replace(self.gone[name], branch=branch) for name in here}
        self.at = branch, commit
        if by is not By.HAND:
            self.unsettle()
        for name in before.keys() - self.files.keys():
            plain = by is By.HAND and self.settled and not self.busy and name in consented(base) - self.meddled
            self.gone[name] = Vanishing(by, now, branch, key, plain)
        for name in self.files:
            self.gone.pop(name, None)
            self.held.discard(name)
        if self._are_many(base, now - 2 * RECENT, by_a_word=True):
            self.leave_doubt(self.gone)

    def unsettle(self) -> None:
        """Something else than the person's hand was at work."""
        self.settled = False
        self.leave_doubt(self.gone)

    def leave_doubt(self, names: Iterable[str]) -> None:
        """These need not be removed in the end."""
        for name in set(names) & self.gone.keys():
            self.gone[name] = replace(self.gone[name], plain=False)

    def seen(self) -> None:
        """A look has seen the files as they are: a word for what is back is void (P6)."""
        key = self.key
        self.words = [word for word in self.words if word.key == key and not word.types & self.files.keys()]

    def over(self, base: Mapping[str, BaseEntry]) -> None:
        """What the daemon knows no more was removed, and the word for it was kept."""
        if self.key != self.known_by:  # another app's, which was not losing anything
            self.known_by, self.known = self.key, set(base)
            self.removed.clear()
        for name in (self.known - base.keys() - self.files.keys()) & self.sent.keys():
            self.removed[name] = self.sent.pop(name), any(name in word.types for word in self.words)
        self.known = set(base)
        self.held &= base.keys()
        self.words = [Word(word.key, word.types & base.keys()) for word in self.words]

    def objection(self, name: str, app_id: str, around: Surroundings) -> str | None:
        """What speaks against a DELETE of this connector at this moment."""
        key, approved = self.key, self._is_approved(name, around)
        always = (
            (key is None or key.app_id != app_id, "P5: the project is linked to another app"),
            (name not in around.base, "P2: this machine didn't push it"),
            (name in self.files, "P3: its file is there"),
            (None in self.files.values(), "P3: a file can't be read"),
            (any(self._is_unsent(one, around.base) for one in self.files), "P4: a file isn't accepted yet"),
            (around.mode == "never", "the setting says never"),
        )
        unasked = () if approved else self._unasked(name, around)
        return next((why for fits, why in (*always, *unasked) if fits), None)

    def _unasked(self, name: str, around: Surroundings) -> Iterator[tuple[bool, str]]:
        """What speaks against it where the person has said no word."""
        how = self.gone.get(name)
        yield how is None or how.by is not By.HAND, f"P5: the person didn't delete it: {how}"
        if how is not None:
            yield around.now - max(how.at, around.begun) < GRACE, "P4: it came before the grace was over"
            yield how.branch != self.place[0], "P5: it was deleted on another branch"
            yield how.key != self.key, "P5: it was deleted when the project was linked to another app"
        yield around.mode == "ask", "the setting says ask"
        yield self.busy, "P4: git is at work"
        yield name in self.held, "P5: it was held, and nobody said a word"
        yield not self.directory.is_dir(), "P5: the directory is away"
        yield not self.files, "P5: no file is left"
        yield self._are_many(around.base, around.now - RECENT), f"P5: too many are gone: {sorted(self.gone)}"
        entry, there = around.base.get(name), around.remote
        known = entry.seen_scopes if entry else None
        yield known is not None and there is not None and there != known, "P4: it was changed there"

    def _is_approved(self, name: str, around: Surroundings) -> bool:
        holds = [set(types) for types in around.held if name in types]
        return any(
            word.key == self.key
            and name in word.types
            and not word.types & self.files.keys()
            and all(types <= word.types for types in holds)
            for word in self.words
        )

    def _is_unsent(self, name: str, base: Mapping[str, BaseEntry]) -> bool:
        return name not in base or set(base[name].scopes) != set(self.files[name] or ())

    def _are_many(self, base: Mapping[str, BaseEntry], since: float, *, by_a_word: bool = False) -> bool:
        recent = {name for name, (at, word) in self.removed.items() if at > since and (by_a_word or not word)}
        known = consented(base) | (recent - self.files.keys())
        lost = known - self.files.keys()
        too_great = len(known) >= SHARED_FROM and 2 * len(lost) > len(known)
        return bool(lost) and (len(lost) > MANY or too_great or not self.files)

    def _read(self) -> Iterator[tuple[str, list[str] | None]]:
        """What the files say by their names, None where one can't be read."""
        if not self.directory.is_dir():
            return
        for file in self.directory.glob("*.jsonc"):
            yield file.stem, _scopes(file)


def consented(base: Mapping[str, BaseEntry]) -> set[str]:
    """The connectors of which a consent could be lost."""
    return {name for name, entry in base.items() if entry.authorized or entry.seen_scopes is not None}


def _scopes(file: Path) -> list[str] | None:
    try:
        return [str(scope) for scope in json.loads(file.read_text(encoding="utf-8"))["scopes"]]
    except (OSError, ValueError):
        return None
