"""Versions of the tables, and what never gets a column."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from tests.support.store import KEY, ROOT, Faults, happened

from connectord import store as store_room
from connectord.store import BaseEntry, Change, SqliteStore, TroubleKind
from connectord.store.schema import MIGRATIONS

SLACK = BaseEntry("slack", ("a",))
NEXT = """
    CREATE TABLE trial (x TEXT);  -- a semicolon; in a comment
    ALTER TABLE jobs ADD COLUMN note TEXT;
"""
BROKEN = "CREATE TABLE half (x); CREATE TABLE projects (x);\nINSERT INTO nowhere VALUES (1);"


def a_state(path: Path) -> None:
    store = SqliteStore(path)
    store.record(Change(KEY, {"slack": SLACK}, history=(happened("kept"),)))
    store.close()


def facts(path: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return connection.execute("PRAGMA user_version").fetchone()[0], names


def test_an_older_file_is_upgraded_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    a_state(path)
    store = SqliteStore(path, migrations=(*MIGRATIONS, NEXT))
    assert (store.trouble, store.opened_with) == (None, None)
    assert store.base(KEY) == {"slack": SLACK}
    assert [row.message for row in store.history(ROOT)] == ["kept"]
    store.close()
    version, tables = facts(path)
    assert version == len(MIGRATIONS) + 1
    assert "trial" in tables


def test_an_upgrade_that_fails_leaves_the_old_file_whole_and_aside(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    a_state(path)
    store = SqliteStore(path, migrations=(*MIGRATIONS, BROKEN), now=lambda: 0.0)
    # The empty file can't be upgraded either.
    assert store.trouble is not None
    assert "again and again" in store.trouble.what
    store.close()
    path.unlink(missing_ok=True)
    (tmp_path / "state.db.aside-19700101T000000Z").rename(path)
    assert facts(path)[0] == len(MIGRATIONS)
    assert "half" not in facts(path)[1]
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK}
    again.close()


@pytest.mark.parametrize("point", ["schema.begin", "schema.commit", "schema.committed"])
def test_an_upgrade_that_the_disk_interrupts_is_done_later(tmp_path: Path, point: str) -> None:
    path, faults = tmp_path / "state.db", Faults(point)
    a_state(path)
    faults.code = sqlite3.SQLITE_FULL
    store = SqliteStore(path, migrations=(*MIGRATIONS, NEXT), fault=faults)
    assert store.trouble is not None
    assert store.trouble.kind is TroubleKind.FULL
    assert facts(path)[0] in (len(MIGRATIONS), len(MIGRATIONS) + 1)
    faults.code = None
    assert store.flush() is True
    assert store.base(KEY) == {"slack": SLACK}
    store.close()
    assert facts(path)[0] == len(MIGRATIONS) + 1


def test_a_migration_that_is_cut_off_is_a_mistake_that_shows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db", migrations=(*MIGRATIONS, "CREATE TABLE x (y)"))
    assert "ends within a statement" in str(store.trouble)
    store.close()


def test_p13_nothing_in_the_state_is_named_like_a_secret() -> None:
    rows = [getattr(store_room, name) for name in store_room.__all__ if name.endswith(("Row", "Entry", "Key"))]
    names = {field.name for row in rows for field in fields(row)}
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS:
            connection.executescript(script)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names |= {row[1] for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}
    assert {"scopes", "connection_id", "file_text"} <= names
    assert [name for name in names if re.search("token|secret|password|credential|device|code|refresh", name)] == []


def test_the_public_names_of_the_room() -> None:
    assert sorted(store_room.__all__, key=str.lower) == sorted(set(store_room.__all__), key=str.lower)
    assert all(hasattr(store_room, name) for name in store_room.__all__)
