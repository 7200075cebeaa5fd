"""Dropping what is over and old, in steps so small that the event loop's thread can write in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Final

from connectord.store.rows import Keep

PruneStep = Callable[[sqlite3.Connection], bool]
"""Deletes some rows within the caller's transaction; whether there may be more."""

_BATCH: Final = 500

_OLD_HISTORY: Final = "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE at < ? LIMIT ?)"
_OLD_JOBS: Final = "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE queued_at < ? LIMIT ?)"
_MANY_HISTORY: Final = (
    "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE project IS ? ORDER BY id DESC LIMIT ? OFFSET ?)"
)
_MANY_JOBS: Final = (
    "DELETE FROM jobs WHERE number IN"
    " (SELECT number FROM jobs WHERE project IS ? ORDER BY number DESC LIMIT ? OFFSET ?)"
)
_EMPTY_BASES: Final = "DELETE FROM bases WHERE id NOT IN (SELECT base FROM base_entries)"
# Jumps from project to project in the index, where DISTINCT would read every row. It ends in NULL: the daemon's rows.
_PROJECTS: Final = (
    "WITH RECURSIVE found (project) AS (SELECT min(project) FROM history UNION ALL"
    " SELECT (SELECT min(project) FROM history WHERE project > found.project)"
    " FROM found WHERE found.project IS NOT NULL)"
    " SELECT project FROM found"
)


def prune_steps(connection: sqlite3.Connection, now: float, keep: Keep) -> list[PruneStep]:
    """All that there is to do. Each step is repeated until it says that nothing is left."""
    cutoff = now - keep.seconds
    old = [partial(_delete, sql=sql, values=(cutoff, _BATCH)) for sql in (_OLD_HISTORY, _OLD_JOBS)]
    projects = {row[0] for row in connection.execute(_PROJECTS)}
    projects |= {row[0] for row in connection.execute(_PROJECTS.replace("history", "jobs"))}
    many = [
        partial(_delete, sql=sql, values=(project, _BATCH, kept))
        for project in projects
        for sql, kept in ((_MANY_HISTORY, keep.history_rows), (_MANY_JOBS, keep.jobs))
    ]
    return [*old, *many, partial(_delete, sql=_EMPTY_BASES, values=())]


def _delete(connection: sqlite3.Connection, sql: str, values: tuple[float | bytes | None, ...]) -> bool:
    return connection.execute(sql, values).rowcount == _BATCH
