"""What every store promises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from connectord.store.base import BaseEntry, BaseKey
from connectord.store.rows import (
    AbsenceRow,
    AuthorizationRow,
    Change,
    HistoryRow,
    HoldRow,
    JobRow,
    NoticedRow,
    ProjectRow,
    SightingRow,
)
from connectord.store.trouble import StoreTrouble


class Store(Protocol):
    """Where the daemon's memory lives. Every change is one transaction: all of it or nothing.

    No call raises because of a disk: what can't be written is kept in memory and shown as `trouble`.
    """

    @property
    def trouble(self) -> StoreTrouble | None:
        """Why what was recorded isn't on disk yet; None when it is."""

    def base(self, key: BaseKey) -> Mapping[str, BaseEntry]:
        """The base of one project, by connector type; empty where nothing was ever accepted.

        An entry is the same object for as long as nothing replaced it: an equal one may have come in its place.
        """

    def other_bases(self, key: BaseKey) -> Mapping[BaseKey, Mapping[str, BaseEntry]]:
        """The bases of the same app that were pushed from other directories of this machine."""

    def record(self, change: Change) -> None:
        """Take everything that one event changed."""

    def accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        """Take over what Base44 answered: an entry replaces the one of its type, None forgets it."""

    def projects(self) -> tuple[ProjectRow, ...]:
        """The registered projects, by path."""

    def add_project(self, root: Path, at: float) -> bool:
        """Register a project; False where it is already, and then it stays as it is."""

    def remove_project(self, root: Path) -> bool:
        """Forget a project: its registration, base, jobs, authorizations, holds, absences and notices.

        Its history stays.

        Its base goes too, so that adding it again much later can remove nothing (P2). False where it wasn't known.
        """

    def set_paused(self, root: Path | None, paused: bool) -> None:
        """Pause or resume one registered project, or (None) all of them."""

    def jobs(self, project: Path, limit: int) -> tuple[JobRow, ...]:
        """The latest push jobs of a project, newest first."""

    def open_authorizations(self) -> tuple[AuthorizationRow, ...]:
        """Every link that is being watched, by project and type."""

    def authorizations(self, project: Path) -> tuple[AuthorizationRow, ...]:
        """The latest authorization of each connector type, whatever its state, by type."""

    def authorization(self, project: Path, connector_type: str) -> AuthorizationRow | None:
        """The latest authorization of one connector type, whatever its state."""

    def holds(self, project: Path) -> tuple[HoldRow, ...]:
        """The holds of a project, by reason."""

    def sighting(self, project: Path) -> SightingRow | None:
        """How a project stood when it was last seen; None before the first time."""

    def absences(self, project: Path) -> tuple[AbsenceRow, ...]:
        """The connectors of a project whose files are gone, by type."""

    def noticed(self, place: str) -> tuple[NoticedRow, ...]:
        """What a person was told of a project (its folder) or a host, by kind and item."""

    @property
    def snoozed_until(self) -> float:
        """When notices may be shown again; 0.0 where they were never snoozed."""

    def history(
        self, project: Path | None = None, limit: int = 100, before: int | None = None
    ) -> tuple[HistoryRow, ...]:
        """The latest of what happened, newest first: to one project, or to all; older than the row `before`."""

    def prune(self, now: float) -> None:
        """Drop what is over and old (see Keep). May be called in a thread."""

    def checkpoint(self) -> bool:
        """Move what is in the write-ahead log into the database, with its fsyncs. May be called in a thread.

        False where it couldn't be done, or not all of it; nothing is lost then, and a later one does it.
        """

    def flush(self) -> bool:
        """Try again to write what couldn't be written; whether everything is on disk now."""

    def close(self) -> None:
        """Write what is left and let go of the file. Reading goes on from memory."""
