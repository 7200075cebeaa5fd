"""Writing what is unsaved, within the caller's transaction. Everything here may be done twice without harm."""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from connectord.store import codec
from connectord.store.backlog import Backlog
from connectord.store.mirror import Mirror

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
    " (project, type, url, connection_id, scopes, opened_at, deadline, state, noticed, app_id, api_url)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    _save_projects(connection, mirror)
    _save_base(connection, mirror)
    _save_authorizations(connection, mirror)
    _save_holds(connection, mirror)
    _save_sightings(connection, mirror)
    _save_absences(connection, mirror)
    _save_noticed(connection, mirror)
    _save_backlog(connection, backlog)


def _save_projects(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for root in mirror.unsaved.projects:
        row = mirror.projects.get(root)
        if row is None:
            connection.execute(_DROP_PROJECT, (codec.path_bytes(root),))
        else:
            connection.execute(_PUT_PROJECT, codec.project_columns(row))


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


def _save_authorizations(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for project, name in mirror.unsaved.authorizations:
        row = mirror.authorizations.get((project, name))
        if row is None:
            connection.execute(_DROP_AUTHORIZATION, (codec.path_bytes(project), codec.text(name)))
        else:
            connection.execute(_PUT_AUTHORIZATION, codec.authorization_columns(row))


def _save_holds(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for project, reason in mirror.unsaved.holds:
        row = mirror.holds.get((project, reason))
        if row is None:
            connection.execute(_DROP_HOLD, (codec.path_bytes(project), codec.text(reason)))
        else:
            connection.execute(_PUT_HOLD, codec.hold_columns(row))


def _save_sightings(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for root in mirror.unsaved.sightings:
        row = mirror.sightings.get(root)
        if row is None:
            connection.execute(_DROP_SIGHTING, (codec.path_bytes(root),))
        else:
            connection.execute(_PUT_SIGHTING, codec.sighting_columns(row))


def _save_absences(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for project, name in mirror.unsaved.absences:
        row = mirror.absences.get((project, name))
        if row is None:
            connection.execute(_DROP_ABSENCE, (codec.path_bytes(project), codec.text(name)))
        else:
            connection.execute(_PUT_ABSENCE, codec.absence_columns(row))


def _save_noticed(connection: sqlite3.Connection, mirror: Mirror) -> None:
    for key in mirror.unsaved.noticed:
        row = mirror.noticed.get(key)
        if row is None:
            place, kind, item = key
            connection.execute(_DROP_NOTICED, (os.fsencode(place), kind, codec.text(item)))
        else:
            connection.execute(_PUT_NOTICED, codec.noticed_columns(row))
    if mirror.unsaved.snooze:
        connection.execute(_PUT_SNOOZE, (mirror.snoozed_until,))


def _save_backlog(connection: sqlite3.Connection, backlog: Backlog) -> None:
    connection.executemany(_DROP_JOBS, [(codec.path_bytes(project),) for project in backlog.forgotten])
    connection.executemany(_PUT_JOB, map(codec.job_columns, backlog.jobs.values()))
    connection.executemany(_PUT_HISTORY, map(codec.history_columns, backlog.history))
