"""A look at the state database from outside, beside a running daemon or without one. It changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from connectord.store import codec, place
from connectord.store.rows import ProjectRow
from connectord.store.schema import MIGRATIONS, Unfit, must_be_ours


@dataclass(frozen=True, slots=True)
class Inspection:
    """How the file at `path` is. `size` in bytes, with its log; None where there is no file yet.

    `problem` completes "the state database ...". `projects` are the registered ones, as far as they can be read.
    `aside` are earlier files that couldn't be used and were renamed.
    """

    path: Path
    size: int | None
    problem: str | None = None
    projects: tuple[ProjectRow, ...] = ()
    aside: tuple[Path, ...] = ()


def inspect(path: Path) -> Inspection:
    """Read and check the database. Blocks on the disk; a file of 10 MiB takes some 30 ms."""
    aside = tuple(sorted(path.parent.glob(f"{path.name}.aside-*[0-9Z]")))
    try:
        size = sum(file.stat().st_size for file in (path, *place.sides(path)) if file.exists())
        if not path.exists():
            return Inspection(path, None, "is gone and has left its log" if size else None, aside=aside)
        if place.is_orphaned_log(path):
            return Inspection(path, size, "is empty and has left its log", aside=aside)
        return Inspection(path, size, projects=_projects(path), aside=aside)
    except Unfit as unfit:
        return Inspection(path, size, str(unfit), aside=aside)
    except sqlite3.Error as error:
        return Inspection(path, size, f"can't be read: {error}", aside=aside)
    except OSError as error:
        return Inspection(path, None, f"can't be looked at: {error.strerror or error}", aside=aside)


def _projects(path: Path) -> tuple[ProjectRow, ...]:
    """The registered projects of a whole file. Raises Unfit and sqlite3.Error."""
    with closing(_connect(path)) as connection:
        must_be_ours(connection, MIGRATIONS)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise Unfit(f"is damaged ({' '.join(verdict.split())})")
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            return ()  # just made, and without tables yet
        rows = connection.execute("SELECT root, added_at, paused FROM projects ORDER BY root").fetchall()
        try:
            return tuple(codec.read_project(row) for row in rows)
        except (ValueError, TypeError) as error:
            raise Unfit(f"is damaged (it holds a value that connectord never wrote: {error})") from error


def _connect(path: Path) -> sqlite3.Connection:
    # Reading only, SQLite makes the log's two files where they are missing, and leaves them. Where there is no log
    # nobody has the file open, so it may be taken for one that doesn't change.
    way = "mode=ro" if place.sides(path)[0].exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, timeout=1.0)
