"""The database's tables and the way from an older version of them to this one.

`PRAGMA user_version` counts the migrations that a file has been through. A migration is never edited once it was
released: the next change is the next script. No table may have a column for a secret (P13).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

APPLICATION_ID: Final = 0x434F4E44
"""`COND`: tells connectord's file from another program's database at the same path."""

# Paths and file names are bytes, because a file system has names that are not text. Types, scopes and configs are JSON.
# Projects have no foreign keys: a project that runs for its own life only (`run PATH`) is not registered.
MIGRATIONS: Final[tuple[str, ...]] = (
    f"""
    PRAGMA application_id = {APPLICATION_ID};
    CREATE TABLE projects (
        root BLOB PRIMARY KEY,
        added_at REAL NOT NULL,
        paused INTEGER NOT NULL
    );
    CREATE TABLE bases (
        id INTEGER PRIMARY KEY,
        api_url TEXT NOT NULL,
        app_id TEXT NOT NULL,
        connectors_dir BLOB NOT NULL,
        UNIQUE (api_url, app_id, connectors_dir)
    );
    CREATE TABLE base_entries (
        base INTEGER NOT NULL REFERENCES bases ON DELETE CASCADE,
        type TEXT NOT NULL,
        scopes TEXT NOT NULL,
        connection_config TEXT,
        seen_scopes TEXT,
        authorized INTEGER NOT NULL,
        file_name BLOB,
        file_text TEXT,
        unsure INTEGER NOT NULL,
        PRIMARY KEY (base, type)
    );
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        project BLOB NOT NULL,
        trigger TEXT NOT NULL,
        types TEXT NOT NULL,
        queued_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL
    );
    CREATE INDEX jobs_of_project ON jobs (project, number);
    CREATE TABLE authorizations (
        project BLOB NOT NULL,
        type TEXT NOT NULL,
        url TEXT NOT NULL,
        connection_id TEXT,
        scopes TEXT NOT NULL,
        opened_at REAL NOT NULL,
        deadline REAL NOT NULL,
        state TEXT NOT NULL,
        noticed INTEGER NOT NULL,
        app_id TEXT NOT NULL,
        api_url TEXT NOT NULL,
        PRIMARY KEY (project, type)
    );
    CREATE TABLE holds (
        project BLOB NOT NULL,
        reason TEXT NOT NULL,
        types TEXT NOT NULL,
        since REAL NOT NULL,
        approved_at REAL,
        PRIMARY KEY (project, reason)
    );
    CREATE TABLE sightings (
        project BLOB PRIMARY KEY,
        api_url TEXT NOT NULL,
        app_id TEXT NOT NULL,
        connectors_dir BLOB NOT NULL,
        directory TEXT NOT NULL,
        git TEXT NOT NULL
    );
    CREATE TABLE absences (
        project BLOB NOT NULL,
        type TEXT NOT NULL,
        since REAL NOT NULL,
        directory TEXT NOT NULL,
        git TEXT NOT NULL,
        other_app INTEGER NOT NULL,
        removing INTEGER NOT NULL,
        PRIMARY KEY (project, type)
    );
    CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        project BLOB,
        kind TEXT NOT NULL,
        message TEXT NOT NULL,
        job TEXT,
        type TEXT,
        result TEXT,
        error TEXT
    );
    CREATE INDEX history_of_project ON history (project, id);
    CREATE INDEX history_by_time ON history (at);
    """,
    # A place is a project's path or a host, so it is bytes as well. `snooze` has one row or none.
    """
    CREATE TABLE noticed (
        place BLOB NOT NULL,
        kind TEXT NOT NULL,
        item TEXT NOT NULL,
        mark TEXT NOT NULL,
        told_at REAL NOT NULL,
        shown INTEGER NOT NULL,
        ended_at REAL,
        PRIMARY KEY (place, kind, item)
    );
    CREATE TABLE snooze (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        until REAL NOT NULL
    );
    """,
    """
    ALTER TABLE base_entries ADD COLUMN told TEXT;
    """,
    """
    ALTER TABLE authorizations ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;
    """,
)

Fault = Callable[[str], None]
"""Called at `NAME.begin`, `NAME.commit` (just before) and `NAME.committed` (just after) of every transaction.

Tests die there, or raise sqlite3.Error as a broken disk would. NAME is `schema`, `write` or `prune`.
"""


class Unfit(Exception):
    """This file can't be used, now or later; the message says why, to go after the file's path."""


@contextmanager
def transaction(connection: sqlite3.Connection, fault: Fault, name: str) -> Iterator[None]:
    """All of the block or nothing. Its errors come through, after a rollback."""
    fault(f"{name}.begin")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        fault(f"{name}.commit")
        connection.execute("COMMIT")
    except BaseException:  # an interrupt, too, must not leave a transaction open
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    fault(f"{name}.committed")


def must_be_ours(connection: sqlite3.Connection, migrations: tuple[str, ...]) -> None:
    """Raises Unfit for a file that is newer, or another program's. Changes nothing."""
    version = _pragma(connection, "user_version")
    if (version or _has_tables(connection)) and _pragma(connection, "application_id") != APPLICATION_ID:
        raise Unfit("is another program's database")
    if version > len(migrations):
        raise Unfit(f"was written by a newer connectord (version {version}, this one knows {len(migrations)})")


def upgrade(connection: sqlite3.Connection, migrations: tuple[str, ...], fault: Fault) -> None:
    """Bring a file to the newest version, each step a transaction of its own.

    Raises sqlite3.Error where a step fails, which leaves the file as it was before that step.
    """
    version = _pragma(connection, "user_version")
    for number, script in enumerate(migrations[version:], version + 1):
        with transaction(connection, fault, "schema"):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: executescript would commit what it finds open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"a migration ends within a statement: {statement.strip()}")
