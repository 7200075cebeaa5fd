"""Writing what is unsaved, within the caller's transaction. Everything here may be done twice without harm."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from connectord.store import codec
from connectord.store.backlog import Backlog
from connectord.store.mirror import Mirror

K = TypeVar("K")
R = TypeVar("R")

_PUT_PROJECT: Final = "INSERT OR REPLACE INTO projects (root, added_at, paused) VALUES (?, ?, ?)"
_PUT_BASE: Final = "INSERT OR IGNORE INTO bases (api_url, app_id, connectors_dir) VALUES (?, ?, ?)"
_FIND_BASE: Final = "SELECT id FROM bases WHERE api_url = ? AND app_id = ? AND connectors_dir = ?"
_PUT_ENTRY: Final = (
    "INSERT OR REPLACE INTO base_entries"
    " (base, type, scopes, connection_config, seen_scopes, authorized, file_name, file_text, unsure, told)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_AUTHORIZATION: Final = (
    "INSERT OR REPLACE INTO authorizations"
    " (project, type, url, connection_id, scopes, opened_at, deadline, state, noticed, app_id, api_url, dead)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_HOLD: Final = "INSERT OR REPLACE INTO holds (project, reason, types, since, approved_at) VALUES (?, ?, ?, ?, ?)"
_PUT_SIGHTING: Final = (
    "INSERT OR REPLACE INTO sightings (project, api_url, app_id, connectors_dir, directory, git)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_PUT_ABSENCE: Final = (
    "INSERT OR REPLACE INTO absences (project, type, since, directory, git, other_app, removing)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT_NOTICED: Final = (
    "INSERT OR REPLACE INTO noticed (place, kind, item, mark, told_at, shown, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT_SNOOZE: Final = "INSERT OR REPLACE INTO snooze (one, until) VALUES (1, ?)"
# A job that is known keeps its number, which is its place in the order.
_PUT_JOB: Final = (
    "INSERT INTO jobs (id, project, trigger, types, queued_at, started_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET project = excluded.project, trigger = excluded.trigger, types = excluded.types,"
    " queued_at = excluded.queued_at, started_at = excluded.started_at, finished_at = excluded.finished_at"
)
# The same row again is no error: a commit that was reported as failed may have happened.
_PUT_HISTORY: Final = (
    "INSERT OR REPLACE INTO history (id, at, project, kind, message, job, type, result, error)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DROP_PROJECT: Final = "DELETE FROM projects WHERE root = ?"
_DROP_ENTRY: Final = "DELETE FROM base_entries WHERE base = ? AND type = ?"
_DROP_AUTHORIZATION: Final = "DELETE FROM authorizations WHERE project = ? AND type = ?"
_DROP_HOLD: Final = "DELETE FROM holds WHERE project = ? AND reason = ?"
_DROP_SIGHTING: Final = "DELETE FROM sightings WHERE project = ?"
_DROP_ABSENCE: Final = "DELETE FROM absences WHERE project = ? AND type = ?"
_DROP_NOTICED: Final = "DELETE FROM noticed WHERE place = ? AND kind = ? AND item = ?"
_DROP_JOBS: Final = "DELETE FROM jobs WHERE project = ?"


def save(connection: sqlite3.Connection, mirror: Mirror, backlog: Backlog) -> None:
    """Write every unsaved row as it is now, and delete those that are no more. Raises sqlite3.Error."""
    unsaved = mirror.unsaved
    projects = _Table(_PUT_PROJECT, codec.project_columns, _DROP_PROJECT, _of_project)
    authorizations = _Table(_PUT_AUTHORIZATION, codec.authorization_columns, _DROP_AUTHORIZATION, _of_connector)
    holds = _Table(_PUT_HOLD, codec.hold_columns, _DROP_HOLD, _of_connector)
    sightings = _Table(_PUT_SIGHTING, codec.sighting_columns, _DROP_SIGHTING, _of_project)
    absences = _Table(_PUT_ABSENCE, codec.absence_columns, _DROP_ABSENCE, _of_connector)
    noticed = _Table(_PUT_NOTICED, codec.noticed_columns, _DROP_NOTICED, _of_item)
    projects.save(connection, unsaved.projects, mirror.projects)
    _save_base(connection, mirror)
    authorizations.save(connection, unsaved.authorizations, mirror.authorizations)
    holds.save(connection, unsaved.holds, mirror.holds)
    sightings.save(connection, unsaved.sightings, mirror.sightings)
    absences.save(connection, unsaved.absences, mirror.absences)
    noticed.save(connection, unsaved.noticed, mirror.noticed)
    if unsaved.snooze:
        connection.execute(_PUT_SNOOZE, (mirror.snoozed_until,))
    _save_backlog(connection, backlog)


@dataclass(frozen=True, slots=True)
class _Table(Generic[K, R]):
    """How the rows of one table are written and deleted; `columns` are those of a row, `place` those of a key."""

    put: str
    columns: Callable[[R], codec.Columns]
    drop: str
    place: Callable[[K], codec.Columns]

    def save(self, connection: sqlite3.Connection, unsaved: Iterable[K], rows: Mapping[K, R]) -> None:
        for key in unsaved:
            row = rows.get(key)
            if row is None:
                connection.execute(self.drop, self.place(key))
            else:
                connection.execute(self.put, self.columns(row))


def _of_project(root: Path) -> codec.Columns:
    return (codec.path_bytes(root),)


def _of_connector(key: tuple[Path, str]) -> codec.Columns:
    root, name = key
    return codec.path_bytes(root), codec.text(name)


def _of_item(key: tuple[str, str, str]) -> codec.Columns:
    place, kind, item = key
    return os.fsencode(place), kind, codec.text(item)


def _save_base(connection: sqlite3.Connection, mirror: Mirror) -> None:
    keys = {key for key, _ in mirror.unsaved.base}
    numbers = {key: _base_number(connection, codec.base_columns(key)) for key in keys}
    for key, name in mirror.unsaved.base:
        entry = mirror.base.get(key, {}).get(name)
        if entry is None:
            connection.execute(_DROP_ENTRY, (numbers[key], codec.text(name)))
        else:
            connection.execute(_PUT_ENTRY, codec.entry_columns(numbers[key], entry))


def _base_number(connection: sqlite3.Connection, columns: codec.Columns) -> int:
    connection.execute(_PUT_BASE, columns)
    return int(connection.execute(_FIND_BASE, columns).fetchone()[0])


def _save_backlog(connection: sqlite3.Connection, backlog: Backlog) -> None:
    connection.executemany(_DROP_JOBS, [(codec.path_bytes(project),) for project in backlog.forgotten])
    connection.executemany(_PUT_JOB, map(codec.job_columns, backlog.jobs.values()))
    connection.executemany(_PUT_HISTORY, map(codec.history_columns, backlog.history))
