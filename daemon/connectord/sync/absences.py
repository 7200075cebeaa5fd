"""Which connectors of a project are without their file, since when, and how things stood before.

A look remembers how things stood (which directory, where git was) while the files are there; the first look that
misses one keeps what was remembered until then, so that how the file went can be told later, after a restart too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectord.project.git_mark import GitMark
from connectord.project.git_moves import Moved, Movement, moved
from connectord.project.model import STRIPE, DirectoryState, Project, Snapshot
from connectord.store import AbsenceRow, BaseEntry, Change, SightingRow, Store
from connectord.sync.reconcile import base_key

STEADY_SECONDS = 10.0
"""How long git must stand still until a look believes that it has finished: a stash moves first, then files go."""

NEVER_SEEN = ""
"""The directory of a sighting that says only whose base it is: nobody saw all of its files yet."""

Moves = Mapping[str, Movement]
"""What git did since each of the places (as text) that it was remembered at."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One connector without its file. `age`: for how many seconds this process has been missing it.

    `switched` says what git did meanwhile that takes files away. `untracked`: nothing was ever pushed of it here.
    `consented`: there is a consent that could be lost.
    """

    row: AbsenceRow
    age: float
    replaced: bool
    switched: str | None
    untracked: bool
    consented: bool


class Absences:
    """The absent connectors of one project. `now` is the time of day, `clock` doesn't jump."""

    def __init__(self, root: Path, store: Store, *, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._root = root
        self._store = store
        self._now = now
        self._clock = clock
        self._first_missed: dict[str, float] = {}
        self._git_moved: tuple[str, float] | None = None

    def remembered_git(self) -> frozenset[str]:
        """Where git was remembered to stand: what it did since then is asked for by `look`."""
        sighting = self._store.sighting(self._root)
        rows = self._store.absences(self._root)
        return frozenset([row.git for row in rows] + ([sighting.git] if sighting else []))

    def turned(self, project: Project) -> bool:
        """Whether the last look was at another app, host or directory, or there was none: nobody saw the files go."""
        sighting = self._store.sighting(self._root)
        return sighting is None or sighting.base != base_key(project)

    def look(
        self,
        project: Project,
        snapshot: Snapshot,
        moves: Moves,
        untracked: Collection[str] = (),
        *,
        all_known: bool = True,
    ) -> tuple[Missing, ...]:
        """Take a look in, and say what is absent now. `untracked` connectors exist on Base44 without this machine.

        `all_known`: nobody has to be asked for more of those.
        """
        base, sighting = self._store.base(base_key(project)), self._store.sighting(self._root)
        turned = self.turned(project)
        stood = sighting if sighting and not turned else _first(project, snapshot)
        rows = self._rows(snapshot, {*base, *untracked}, stood, turned=turned)
        seen = self._seen(project, snapshot, stood, moves)
        if not all_known and ((sighting and turned) or stood.directory == NEVER_SEEN):
            # What the other app turns out to have was without a file before the project was linked to it.
            seen = replace(seen, directory=NEVER_SEEN)
        self._remember(sighting, seen, rows)
        now, here = self._clock(), as_now(project, snapshot)
        # A broken file may be the one that is missed: how that one went is remembered until the file is whole.
        broken = {problem.file.stem.lower() for problem in snapshot.errors}
        rows = [row for row in rows if row.type.lower() not in broken]
        self._first_missed = {row.type: self._first_missed.get(row.type, now) for row in rows}
        return tuple(
            Missing(
                row,
                age=now - self._first_missed[row.type],
                replaced=snapshot.state is DirectoryState.PRESENT and row.directory != here.directory,
                switched=_switched(row.git, moves),
                untracked=row.type not in base,
                consented=row.type not in base or _consented(base[row.type]),
            )
            for row in rows
        )

    @property
    def types(self) -> tuple[str, ...]:
        """The connectors that the last look missed."""
        return tuple(sorted(self._first_missed))

    def steady_in(self) -> float | None:
        """Seconds until a look should see whether git still stands where it does now; None: nothing has moved."""
        if self._git_moved is None:
            return None
        return max(0.0, self._git_moved[1] + STEADY_SECONDS - self._clock())

    def accepted(self, project: Project, snapshot: Snapshot, connector_type: str) -> AbsenceRow:
        """What is to be remembered of a file that has gone since the snapshot whose content Base44 just accepted."""
        stood = as_now(project, snapshot)
        return AbsenceRow(self._root, connector_type, self._now(), stood.directory, stood.git)

    def _rows(self, snapshot: Snapshot, known: Iterable[str], stood: SightingRow, *, turned: bool) -> list[AbsenceRow]:
        before = {} if turned else {row.type: row for row in self._store.absences(self._root)}
        here = {name.lower() for name in snapshot.by_type}
        absent = sorted(name for name in known if name.lower() not in here)
        if snapshot.state is DirectoryState.PRESENT and not snapshot.complete:
            # A broken file may be the one that is missed: who was missed before still is, nobody else yet (P3).
            absent = [name for name in absent if name in before]
        unseen = turned or stood.directory == NEVER_SEEN
        return [before.get(name) or self._missed(name, stood, other_app=unseen) for name in absent]

    def _missed(self, name: str, stood: SightingRow, *, other_app: bool) -> AbsenceRow:
        return AbsenceRow(self._root, name, self._now(), stood.directory, stood.git, other_app=other_app)

    def _seen(self, project: Project, snapshot: Snapshot, stood: SightingRow, moves: Moves) -> SightingRow:
        """What is remembered from now on: of git only what has stood still for a while, unless it can't matter."""
        here = as_now(project, snapshot)
        if not snapshot.complete:
            self._git_moved = None  # the mended file wakes us
            return stood
        if here.git == stood.git or _switched(stood.git, moves) is None:
            self._git_moved = None
            return here
        if snapshot.git.busy or self._git_moved is None or self._git_moved[0] != here.git:
            self._git_moved = here.git, self._clock()
        if self.steady_in() == 0.0:
            self._git_moved = None
            return here
        return replace(here, git=stood.git)

    def _remember(self, before: SightingRow | None, seen: SightingRow, rows: list[AbsenceRow]) -> None:
        stored = {row.type: row for row in self._store.absences(self._root)}
        kept = {row.type for row in rows}
        change = Change(
            sightings=(seen,) if seen != before else (),
            absences=tuple(row for row in rows if stored.get(row.type) != row),
            ended_absences=tuple(row.key for name, row in stored.items() if name not in kept),
        )
        if change != Change():
            self._store.record(change)


def as_now(project: Project, snapshot: Snapshot) -> SightingRow:
    """How things stood when this snapshot was taken."""
    return SightingRow(project.root, base_key(project), _directory(snapshot), _git(snapshot.git.mark))


def _first(project: Project, snapshot: Snapshot) -> SightingRow:
    """The first sighting of a base. Beside a broken file it is none: what is gone by the next look may be gone long."""
    now = as_now(project, snapshot)
    return now if snapshot.complete else replace(now, directory=NEVER_SEEN)


def _directory(snapshot: Snapshot) -> str:
    """Which directory it was, as far as a file system tells (P5); where there is none, none."""
    identity = snapshot.identity
    return f"{identity.device}:{identity.inode}" if identity else NEVER_SEEN


def has_moved(remembered: Iterable[str], snapshot: Snapshot) -> bool:
    """Whether git stands elsewhere than at one of these, so that its log has to be read."""
    return any(text != _git(snapshot.git.mark) for text in remembered)


def moves_since(remembered: Iterable[str], snapshot: Snapshot) -> Moves:
    """What git did since each of these. Reads the end of git's log, so call it in a thread."""
    mark = snapshot.git.mark
    here = _git(mark)
    then = {text: GitMark.from_text(text) if text else None for text in remembered if text != here}
    # Where git can't be read it says the same every time, and that is no standing still.
    return {text: moved(before, mark, snapshot.directory) for text, before in (then | {here: mark}).items()}


def _git(mark: GitMark | None) -> str:
    return mark.as_text() if mark else ""


def _switched(then: str, moves: Moves) -> str | None:
    move = moves[then]
    return move.what if move.moved is Moved.SWITCHED else None


def _consented(entry: BaseEntry) -> bool:
    return entry.authorized or entry.seen_scopes is not None or entry.type == STRIPE
