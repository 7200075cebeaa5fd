"""A store that lives as long as the process, for tests and as the model that the other one is compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from connectord.store.base import BaseEntry, BaseKey
from connectord.store.mirror import Mirror
from connectord.store.rows import (
    AbsenceRow,
    AuthorizationRow,
    Change,
    HistoryRow,
    HoldRow,
    JobRow,
    Keep,
    NoticedRow,
    ProjectRow,
    SightingRow,
)
from connectord.store.trouble import StoreTrouble


class MirrorReads:
    """The reads that memory alone answers, shared by both stores."""

    def __init__(self) -> None:
        self._mirror = Mirror()

    def base(self, key: BaseKey) -> Mapping[str, BaseEntry]:
        """The base of one project, by connector type."""
        return dict(self._mirror.base.get(key, {}))

    def other_bases(self, key: BaseKey) -> Mapping[BaseKey, Mapping[str, BaseEntry]]:
        """The bases of the same app in other directories."""
        app = key.api_url, key.app_id
        bases = self._mirror.base.items()
        return {other: dict(base) for other, base in bases if (other.api_url, other.app_id) == app and other != key}

    def projects(self) -> tuple[ProjectRow, ...]:
        """The registered projects, by path."""
        return tuple(sorted(self._mirror.projects.values(), key=lambda row: row.root))

    def open_authorizations(self) -> tuple[AuthorizationRow, ...]:
        """Every link that is being watched, by project and type."""
        return _sorted(row for row in self._mirror.authorizations.values() if row.is_open)

    def authorizations(self, project: Path) -> tuple[AuthorizationRow, ...]:
        """The latest authorization of each connector type, by type."""
        return _sorted(row for row in self._mirror.authorizations.values() if row.project == project)

    def authorization(self, project: Path, connector_type: str) -> AuthorizationRow | None:
        """The latest authorization of one connector type."""
        return self._mirror.authorizations.get((project, connector_type))

    def holds(self, project: Path) -> tuple[HoldRow, ...]:
        """The holds of a project, by reason."""
        held = [row for row in self._mirror.holds.values() if row.project == project]
        return tuple(sorted(held, key=lambda row: row.reason))

    def sighting(self, project: Path) -> SightingRow | None:
        """How a project stood when it was last seen."""
        return self._mirror.sightings.get(project)

    def absences(self, project: Path) -> tuple[AbsenceRow, ...]:
        """The connectors of a project whose files are gone, by type."""
        absent = [row for row in self._mirror.absences.values() if row.project == project]
        return tuple(sorted(absent, key=lambda row: row.type))

    def noticed(self, place: str) -> tuple[NoticedRow, ...]:
        """What a person was told of a project or a host, by kind and item."""
        told = [row for row in self._mirror.noticed.values() if row.place == place]
        return tuple(sorted(told, key=lambda row: row.key))

    @property
    def snoozed_until(self) -> float:
        """When notices may be shown again."""
        return self._mirror.snoozed_until


class MemoryStore(MirrorReads):
    """A store without a file."""

    trouble: StoreTrouble | None = None

    def __init__(self, *, keep: Keep | None = None) -> None:
        super().__init__()
        self._keep = keep or Keep()
        self._jobs: dict[str, JobRow] = {}
        self._history: list[HistoryRow] = []
        self._last_id = 0

    def record(self, change: Change) -> None:
        """Take everything that one event changed."""
        self._mirror.apply(change)
        self._jobs.update((job.id, job) for job in change.jobs)
        for row in change.history:
            self._last_id += 1
            self._history.append(replace(row, id=self._last_id))

    def accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        """Take over what Base44 answered."""
        self.record(Change(key=key, base=entries))

    def add_project(self, root: Path, at: float) -> bool:
        """Register a project; False where it is already."""
        return self._mirror.add_project(root, at)

    def remove_project(self, root: Path) -> bool:
        """Forget a project; its history stays."""
        self._jobs = {name: job for name, job in self._jobs.items() if job.project != root}
        return self._mirror.remove_project(root)

    def set_paused(self, root: Path | None, paused: bool) -> None:
        """Pause or resume one registered project, or all of them."""
        self._mirror.set_paused(root, paused)

    def jobs(self, project: Path, limit: int) -> tuple[JobRow, ...]:
        """The latest push jobs of a project, newest first."""
        return tuple([job for job in reversed(self._jobs.values()) if job.project == project][:limit])

    def history(
        self, project: Path | None = None, limit: int = 100, before: int | None = None
    ) -> tuple[HistoryRow, ...]:
        """The latest of what happened, newest first."""
        rows = [
            row
            for row in reversed(self._history)
            if project in (None, row.project) and (before is None or (row.id or 0) < before)
        ]
        return tuple(rows[:limit])

    def prune(self, now: float) -> None:
        """Drop what is over and old."""
        keep, cutoff = self._keep, now - self._keep.seconds
        self._mirror.prune(now, keep)
        history: dict[Path | None, list[HistoryRow]] = defaultdict(list)
        for row in self._history:
            if row.at >= cutoff:
                history[row.project].append(row)
        kept = {row.id for rows in history.values() for row in rows[-keep.history_rows :]}
        self._history = [row for row in self._history if row.id in kept]
        jobs: dict[Path, list[str]] = defaultdict(list)
        for job in self._jobs.values():
            if job.queued_at >= cutoff:
                jobs[job.project].append(job.id)
        left = {name for names in jobs.values() for name in names[-keep.jobs :]}
        self._jobs = {name: job for name, job in self._jobs.items() if name in left}

    def checkpoint(self) -> bool:
        """There is no log to move."""
        return True

    def flush(self) -> bool:
        """There is nothing to write."""
        return True

    def close(self) -> None:
        """There is no file to let go of."""


def _sorted(rows: Iterable[AuthorizationRow]) -> tuple[AuthorizationRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.key))
