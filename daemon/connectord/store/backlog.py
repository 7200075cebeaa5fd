"""What the database doesn't have yet of the tables that are not mirrored: jobs, and history in its order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from connectord.store.rows import Change, HistoryRow, JobRow

MOST_HISTORY: Final = 2_000
"""Rows that wait in memory at most; the oldest are let go of first."""

MOST_JOBS: Final = 1_000
"""As MOST_HISTORY, for jobs."""


@dataclass(slots=True)
class Backlog:
    """Rows in the order in which they came. `forgotten` are projects whose older jobs go before anything is put."""

    jobs: dict[str, JobRow] = field(default_factory=dict)
    history: list[HistoryRow] = field(default_factory=list)
    forgotten: set[Path] = field(default_factory=set)
    next_id: int = 1

    def __bool__(self) -> bool:
        return bool(self.jobs or self.history or self.forgotten)

    @property
    def first_id(self) -> int:
        """The id of the first row of history that waits; without one, the id that the next will get."""
        return self.next_id - len(self.history)

    def add(self, change: Change) -> None:
        """Append a change's jobs and history; each row of history gets its id here."""
        self.jobs.update((job.id, job) for job in change.jobs)
        for row in change.history:
            self.history.append(replace(row, id=self.next_id))
            self.next_id += 1
        del self.history[:-MOST_HISTORY]
        for name in list(self.jobs)[:-MOST_JOBS]:
            del self.jobs[name]

    def forget(self, project: Path) -> None:
        """Drop a project's jobs, here and when it is written."""
        self.jobs = {name: job for name, job in self.jobs.items() if job.project != project}
        self.forgotten.add(project)

    def start_behind(self, last_id: int) -> None:
        """Number on from what a database turned out to hold already."""
        if last_id >= self.first_id:
            self.history = [replace(row, id=number) for number, row in enumerate(self.history, last_id + 1)]
            self.next_id = last_id + len(self.history) + 1

    def written(self) -> None:
        """All of it is in the database now."""
        self.jobs, self.history, self.forgotten = {}, [], set()

    def history_of(self, project: Path | None, before: int | None) -> Iterable[HistoryRow]:
        """Newest first: of one project, or all."""
        for row in reversed(self.history):
            if project in (None, row.project) and (before is None or (row.id or 0) < before):
                yield row
