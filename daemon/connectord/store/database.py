"""The open database: one connection, and everything that is asked of it or written to it.

Journal mode WAL with `synchronous=NORMAL`: a commit doesn't wait for the disk, survives `kill -9`, and after a power cut
the file is whole though it may lack the last changes, which a level-triggered daemon makes up for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from connectord.store import codec
from connectord.store.backlog import Backlog
from connectord.store.mirror import Mirror
from connectord.store.rows import HistoryRow, JobRow, Keep
from connectord.store.schema import Fault, Unfit, must_be_ours, transaction, upgrade
from connectord.store.trouble import may_pass

BUSY_SECONDS: Final = 0.02
"""How long a call waits for another process's lock: it holds up the event loop."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 4000",  # a net of 16 MiB below checkpoint(), which is the way that costs no commit
    "PRAGMA journal_size_limit = 4194304",
)

_PRUNE_BATCH: Final = 500


class Database:
    """A database at the newest version of its tables."""

    def __init__(self, connection: sqlite3.Connection, fault: Fault) -> None:
        self._connection = connection
        self._fault = fault

    @classmethod
    def prepare(
        cls, connection: sqlite3.Connection, migrations: tuple[str, ...], fault: Fault
    ) -> tuple[Database, Mirror]:
        """Check and upgrade the file, and read what belongs in memory.

        Raises Unfit for a file that is damaged, newer or another program's; sqlite3.Error for what may pass.
        """
        try:
            _prepare(connection, migrations, fault)
            return cls(connection, fault), _load(connection)
        except sqlite3.Error as error:
            if may_pass(error):
                raise
            raise Unfit(f"is damaged ({error})") from error
        except (ValueError, TypeError) as error:
            raise Unfit(f"is damaged (it holds a value that connectord never wrote: {error})") from error

    def last_history_id(self) -> int:
        """The highest id that any row of history ever had."""
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'history'").fetchone()
        return 0 if found is None else int(found[0])

    def write(self, mirror: Mirror, backlog: Backlog) -> None:
        """Write everything that is unsaved, in one transaction. Raises sqlite3.Error; then nothing is written."""
        with transaction(self._connection, self._fault, "write"):
            self._write_projects(mirror)
            self._write_base(mirror)
            self._write_authorizations(mirror)
            self._write_holds(mirror)
            self._write_backlog(backlog)

    def jobs(self, project: Path, limit: int) -> list[JobRow]:
        """The latest push jobs of a project, newest first."""
        found = self._connection.execute(
            f"SELECT {codec.JOB_COLUMNS} FROM jobs WHERE project = ? ORDER BY number DESC LIMIT ?",
            (codec.path_bytes(project), limit),
        )
        return [codec.read_job(row) for row in found]

    def known_jobs(self, names: Collection[str]) -> set[str]:
        """Which of these jobs are written."""
        ask = "SELECT 1 FROM jobs WHERE id = ?"
        return {name for name in names if self._connection.execute(ask, (codec.text(name),)).fetchone()}

    def history(self, project: Path | None, limit: int, before: int) -> list[HistoryRow]:
        """The latest rows before an id, newest first: of one project, or all."""
        whose = "1" if project is None else "project = :project"
        found = self._connection.execute(
            f"SELECT {codec.HISTORY_COLUMNS} FROM history WHERE {whose} AND id < :before ORDER BY id DESC LIMIT :limit",
            {"project": codec.path_bytes(project), "before": before, "limit": limit},
        )
        return [codec.read_history(row) for row in found]

    def projects_with_rows(self) -> list[tuple[str, bytes | None]]:
        """Each table that grows, with each project that has rows in it."""
        tables = ("history", "jobs")
        asked = ((table, self._connection.execute(f"SELECT DISTINCT project FROM {table}")) for table in tables)
        return [(table, row[0]) for table, found in asked for row in found]

    def prune_old(self, now: float, keep: Keep) -> bool:
        """Delete some of what is older than `keep` allows; whether there may be more."""
        cutoff = {"cutoff": now - keep.seconds, "batch": _PRUNE_BATCH}
        with transaction(self._connection, self._fault, "prune"):
            history = self._connection.execute(
                "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE at < :cutoff LIMIT :batch)", cutoff
            )
            jobs = self._connection.execute(
                "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE queued_at < :cutoff LIMIT :batch)",
                cutoff,
            )
            self._connection.execute("DELETE FROM bases WHERE id NOT IN (SELECT base FROM base_entries)")
        return _PRUNE_BATCH in (history.rowcount, jobs.rowcount)

    def prune_many(self, table: str, project: bytes | None, keep: Keep) -> bool:
        """Delete some of what a project has too many of; whether there may be more."""
        column, kept = ("id", keep.history_rows) if table == "history" else ("number", keep.jobs)
        with transaction(self._connection, self._fault, "prune"):
            done = self._connection.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table} WHERE project IS ?"
                f" ORDER BY {column} DESC LIMIT ? OFFSET ?)",
                (project, _PRUNE_BATCH, kept),
            )
        return done.rowcount == _PRUNE_BATCH

    def close(self) -> None:
        """Let go of the file. The last connection takes the log over into it."""
        self._connection.close()

    def _write_projects(self, mirror: Mirror) -> None:
        for root in mirror.unsaved.projects:
            row = mirror.projects.get(root)
            if row is None:
                self._connection.execute("DELETE FROM projects WHERE root = ?", (codec.path_bytes(root),))
            else:
                self._connection.execute(codec.PUT_PROJECT, codec.project_columns(row))

    def _write_base(self, mirror: Mirror) -> None:
        numbers = {key: self._base_number(codec.base_columns(key)) for key, _ in mirror.unsaved.base}
        for key, name in mirror.unsaved.base:
            entry = mirror.base.get(key, {}).get(name)
            if entry is None:
                self._connection.execute(
                    "DELETE FROM base_entries WHERE base = ? AND type = ?", (numbers[key], codec.text(name))
                )
            else:
                self._connection.execute(codec.PUT_ENTRY, codec.entry_columns(numbers[key], entry))

    def _base_number(self, columns: codec.Columns) -> int:
        self._connection.execute(codec.PUT_BASE, columns)
        return int(self._connection.execute(codec.FIND_BASE, columns).fetchone()[0])

    def _write_authorizations(self, mirror: Mirror) -> None:
        for project, name in mirror.unsaved.authorizations:
            row = mirror.authorizations.get((project, name))
            if row is None:
                delete = "DELETE FROM authorizations WHERE project = ? AND type = ?"
                self._connection.execute(delete, (codec.path_bytes(project), codec.text(name)))
            else:
                self._connection.execute(codec.PUT_AUTHORIZATION, codec.authorization_columns(row))

    def _write_holds(self, mirror: Mirror) -> None:
        for project, reason in mirror.unsaved.holds:
            row = mirror.holds.get((project, reason))
            if row is None:
                delete = "DELETE FROM holds WHERE project = ? AND reason = ?"
                self._connection.execute(delete, (codec.path_bytes(project), codec.text(reason)))
            else:
                self._connection.execute(codec.PUT_HOLD, codec.hold_columns(row))

    def _write_backlog(self, backlog: Backlog) -> None:
        forgotten = [(codec.path_bytes(project),) for project in backlog.forgotten]
        self._connection.executemany("DELETE FROM jobs WHERE project = ?", forgotten)
        self._connection.executemany(codec.PUT_JOB, map(codec.job_columns, backlog.jobs.values()))
        self._connection.executemany(codec.PUT_HISTORY, map(codec.history_columns, backlog.history))


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing file. Threads take turns by SqliteStore's lock."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def checkpoint(path: Path) -> bool:
    """Take the log over into the file, on a connection of its own; whether all of it was.

    PASSIVE neither waits for a writer nor makes one wait, so a thread may do it beside the event loop.
    """
    try:
        with closing(connect(path)) as connection:
            busy, in_log, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:  # the log stays, and with it everything: the next checkpoint or close takes it over
        return False
    return not busy and in_log == moved


def _prepare(connection: sqlite3.Connection, migrations: tuple[str, ...], fault: Fault) -> None:
    must_be_ours(connection, migrations)  # before the first pragma, since that would change another program's file
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Unfit(f"is damaged ({' '.join(verdict.split())})")
    upgrade(connection, migrations, fault)
    # After the upgrade: rebuilding a table, as a migration may have to, must not cascade.
    connection.execute("PRAGMA foreign_keys = ON")


def _load(connection: sqlite3.Connection) -> Mirror:
    mirror = Mirror()
    for row in connection.execute("SELECT root, added_at, paused FROM projects"):
        project = codec.read_project(row)
        mirror.projects[project.root] = project
    for row in connection.execute(
        "SELECT api_url, app_id, connectors_dir, type, scopes, connection_config, seen_scopes, authorized, file_name,"
        " file_text FROM base_entries JOIN bases ON bases.id = base_entries.base"
    ):
        key, entry = codec.read_entry(row)
        mirror.base.setdefault(key, {})[entry.type] = entry
    for row in connection.execute(
        "SELECT project, type, url, connection_id, scopes, opened_at, deadline, state, noticed, app_id, api_url"
        " FROM authorizations"
    ):
        authorization = codec.read_authorization(row)
        mirror.authorizations[authorization.key] = authorization
    for row in connection.execute("SELECT project, reason, types, since FROM holds"):
        hold = codec.read_hold(row)
        mirror.holds[hold.key] = hold
    return mirror
