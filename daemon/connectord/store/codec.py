"""Rows as columns and back, in the order in which schema.py has them.

Raises ValueError or TypeError for columns that no connectord wrote.
"""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from connectord.store.base import BaseEntry, BaseKey
from connectord.store.rows import (
    AbsenceRow,
    AuthorizationRow,
    HistoryRow,
    HoldRow,
    JobRow,
    NoticedRow,
    ProjectRow,
    SightingRow,
)

SHARED: Final = 1024
"""So many different lists of scopes are read once and kept once, however many connectors ask for them."""

Columns = tuple[Any, ...]
"""One row as sqlite3 gives and takes it."""


def path_bytes(path: Path | None) -> bytes | None:
    """A path as the file system knows it."""
    return None if path is None else os.fsencode(path)


def text(words: str | None) -> str | None:
    """Text that SQLite takes: half a surrogate pair, which only a broken source has, becomes visible."""
    return None if words is None else words.encode("utf-8", "backslashreplace").decode()


def project_columns(row: ProjectRow) -> Columns:
    """For projects."""
    return path_bytes(row.root), row.added_at, row.paused


def base_columns(key: BaseKey) -> Columns:
    """For bases, but its id."""
    return text(key.api_url), text(key.app_id), path_bytes(key.connectors_dir)


def entry_columns(base: int, entry: BaseEntry) -> Columns:
    """For base_entries."""
    return (
        base,
        text(entry.type),
        json.dumps(entry.scopes),
        None if entry.connection_config is None else json.dumps(dict(entry.connection_config)),
        None if entry.seen_scopes is None else json.dumps(sorted(entry.seen_scopes)),
        entry.authorized,
        None if entry.file_name is None else os.fsencode(entry.file_name),
        text(entry.file_text),
        entry.unsure,
        entry.told,
    )


def authorization_columns(row: AuthorizationRow) -> Columns:
    """For authorizations."""
    return (
        path_bytes(row.project),
        text(row.type),
        text(row.url),
        text(row.connection_id),
        json.dumps(row.scopes),
        row.opened_at,
        row.deadline,
        row.state,
        row.noticed,
        text(row.app_id),
        text(row.api_url),
        row.dead,
    )


def hold_columns(row: HoldRow) -> Columns:
    """For holds."""
    return path_bytes(row.project), row.reason, json.dumps(row.types), row.since, row.approved_at


def sighting_columns(row: SightingRow) -> Columns:
    """For sightings."""
    return path_bytes(row.project), *base_columns(row.base), text(row.directory), text(row.git)


def absence_columns(row: AbsenceRow) -> Columns:
    """For absences."""
    words = text(row.directory), text(row.git)
    return path_bytes(row.project), text(row.type), row.since, *words, row.other_app, row.removing


def noticed_columns(row: NoticedRow) -> Columns:
    """For noticed."""
    return os.fsencode(row.place), row.kind, text(row.item), text(row.mark), row.told_at, row.shown, row.ended_at


def job_columns(row: JobRow) -> Columns:
    """For jobs, but its number."""
    times = row.queued_at, row.started_at, row.finished_at
    return text(row.id), path_bytes(row.project), row.trigger, json.dumps(row.types), *times


def history_columns(row: HistoryRow) -> Columns:
    """For history."""
    words = row.kind, row.message, row.job, row.type, row.result, row.error
    return row.id, row.at, path_bytes(row.project), *map(text, words)


def read_project(row: Columns) -> ProjectRow:
    """From root, added_at, paused."""
    root, added_at, paused = row
    return ProjectRow(_path(root), added_at, bool(paused))


def read_base(row: Columns) -> BaseKey:
    """From the columns of bases, but its id."""
    api_url, app_id, directory = row
    return BaseKey(api_url, app_id, _path(directory))


def read_entry(row: Columns) -> BaseEntry:
    """From the columns of base_entries, but its base."""
    name, scopes, config, seen, authorized, file_name, file_text, unsure, told = row
    return BaseEntry(
        sys.intern(name),
        _strings(scopes),
        None if config is None else json.loads(config),
        None if seen is None else _set(seen),
        bool(authorized),
        None if file_name is None else _file_name(file_name),
        # The reader of files has the same text, if nobody has edited it.
        None if file_text is None else sys.intern(file_text),
        bool(unsure),
        told,
    )


def read_authorization(row: Columns) -> AuthorizationRow:
    """From the columns of authorizations."""
    project, name, url, connection_id, scopes, opened_at, deadline, state, noticed, app_id, api_url, dead = row
    link, asked, times = (url, connection_id), _strings(scopes), (opened_at, deadline)
    return AuthorizationRow(
        _path(project), name, *link, asked, *times, state, bool(noticed), app_id, api_url, bool(dead)
    )


def read_hold(row: Columns) -> HoldRow:
    """From the columns of holds."""
    project, reason, types, since, approved_at = row
    return HoldRow(_path(project), reason, _strings(types), since, approved_at)


def read_sighting(row: Columns) -> SightingRow:
    """From the columns of sightings."""
    project, api_url, app_id, connectors_dir, directory, git = row
    return SightingRow(_path(project), BaseKey(api_url, app_id, _path(connectors_dir)), directory, git)


def read_absence(row: Columns) -> AbsenceRow:
    """From the columns of absences."""
    project, name, since, directory, git, other_app, removing = row
    return AbsenceRow(_path(project), name, since, directory, git, bool(other_app), bool(removing))


def read_noticed(row: Columns) -> NoticedRow:
    """From the columns of noticed."""
    place, kind, item, mark, told_at, shown, ended_at = row
    return NoticedRow(os.fsdecode(place), kind, item, mark, told_at, bool(shown), ended_at)


def read_job(row: Columns) -> JobRow:
    """From the columns of jobs, but its number."""
    name, project, trigger, types, *times = row
    return JobRow(name, _path(project), trigger, _strings(types), *times)


def read_history(row: Columns) -> HistoryRow:
    """From the columns of history."""
    number, at, project, *words = row
    return HistoryRow(number, at, None if project is None else _path(project), *words)


def _path(name: bytes) -> Path:
    return Path(os.fsdecode(name))


@lru_cache(SHARED)
def _file_name(name: bytes) -> str:
    return sys.intern(os.fsdecode(name))


@lru_cache(SHARED)
def _set(listed: str) -> frozenset[str]:
    return frozenset(_strings(listed))


@lru_cache(SHARED)
def _strings(listed: str) -> tuple[str, ...]:
    found = json.loads(listed)
    if not isinstance(found, list):
        raise TypeError(f"not a list: {listed[:80]}")
    # A few scopes stand in thousands of rows.
    return tuple(sys.intern(part) for part in found)
