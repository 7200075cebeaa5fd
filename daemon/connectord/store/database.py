"""The open database: one connection, and everything that is asked of it or written to it.

Journal mode WAL with `synchronous=NORMAL`: a commit doesn't wait for the disk, survives `kill -9`, and after a power
cut the file is whole, though it may lack the last changes; a level-triggered daemon makes up for them.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from connectord.store import codec
from connectord.store.backlog import Backlog
from connectord.store.base import BaseEntry
from connectord.store.mirror import Mirror
from connectord.store.prune import PruneStep, prune_steps
from connectord.store.rows import HistoryRow, JobRow, Keep
from connectord.store.save import save
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

_JOBS: Final = (
    "SELECT id, project, trigger, types, queued_at, started_at, finished_at FROM jobs"
    " WHERE project = ? ORDER BY number DESC LIMIT ?"
)
_HISTORY: Final = (
    "SELECT id, at, project, kind, message, job, type, result, error FROM history WHERE id < ? ORDER BY id DESC LIMIT ?"
)
_HISTORY_OF: Final = (
    "SELECT id, at, project, kind, message, job, type, result, error FROM history"
    " WHERE project = ? AND id < ? ORDER BY id DESC LIMIT ?"
)


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
            with _understood():
                return cls(connection, fault), _load(connection)
        except sqlite3.Error as error:
            if may_pass(error):
                raise
            raise Unfit(f"is damaged ({error})") from error

    def last_history_id(self) -> int:
        """The highest id that any row of history ever had."""
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'history'").fetchone()
        return 0 if found is None else int(found[0])

    def write(self, mirror: Mirror, backlog: Backlog) -> None:
        """Write everything that is unsaved, in one transaction. Raises sqlite3.Error; then nothing is written."""
        with transaction(self._connection, self._fault, "write"):
            save(self._connection, mirror, backlog)

    def jobs(self, project: Path, limit: int) -> list[JobRow]:
        """The latest push jobs of a project, newest first."""
        found = self._connection.execute(_JOBS, (codec.path_bytes(project), limit))
        with _understood():
            return [codec.read_job(row) for row in found]

    def known_jobs(self, names: Collection[str]) -> set[str]:
        """Which of these jobs are written."""
        ask = "SELECT 1 FROM jobs WHERE id = ?"
        return {name for name in names if self._connection.execute(ask, (codec.text(name),)).fetchone()}

    def history(self, project: Path | None, limit: int, before: int) -> list[HistoryRow]:
        """The latest rows before an id, newest first: of one project, or all."""
        found = (
            self._connection.execute(_HISTORY, (before, limit))
            if project is None
            else self._connection.execute(_HISTORY_OF, (codec.path_bytes(project), before, limit))
        )
        with _understood():
            return [codec.read_history(row) for row in found]

    def prune_steps(self, now: float, keep: Keep) -> list[PruneStep]:
        """What pruning takes: each step deletes a little, and says whether it should be done again."""
        return prune_steps(self._connection, now, keep)

    def prune(self, step: PruneStep) -> bool:
        """Do one step, as a transaction; whether it should be done again."""
        with transaction(self._connection, self._fault, "prune"):
            return step(self._connection)

    def close(self) -> None:
        """Let go of the file. The last connection takes the log over into it."""
        self._connection.close()


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


@contextmanager
def _understood() -> Iterator[None]:
    """A value that connectord never wrote is damage as well."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise Unfit(f"is damaged (it holds a value that connectord never wrote: {error})") from error


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
    bases = connection.execute("SELECT id, api_url, app_id, connectors_dir FROM bases")
    keys = {number: codec.read_base(columns) for number, *columns in bases}
    entries: defaultdict[int, dict[str, BaseEntry]] = defaultdict(dict)
    for number, *columns in connection.execute(
        "SELECT base, type, scopes, connection_config, seen_scopes, authorized, file_name, file_text, unsure, told"
        " FROM base_entries JOIN bases ON bases.id = base_entries.base"
    ):
        entry = codec.read_entry(columns)
        entries[number][entry.type] = entry
    mirror.base = {keys[number]: base for number, base in entries.items()}
    for row in connection.execute(
        "SELECT project, type, url, connection_id, scopes, opened_at, deadline, state, noticed, app_id, api_url, dead"
        " FROM authorizations"
    ):
        authorization = codec.read_authorization(row)
        mirror.authorizations[authorization.key] = authorization
    for row in connection.execute("SELECT project, reason, types, since, approved_at FROM holds"):
        hold = codec.read_hold(row)
        mirror.holds[hold.key] = hold
    for row in connection.execute("SELECT project, api_url, app_id, connectors_dir, directory, git FROM sightings"):
        sighting = codec.read_sighting(row)
        mirror.sightings[sighting.project] = sighting
    for row in connection.execute("SELECT project, type, since, directory, git, other_app, removing FROM absences"):
        absence = codec.read_absence(row)
        mirror.absences[absence.key] = absence
    for row in connection.execute("SELECT place, kind, item, mark, told_at, shown, ended_at FROM noticed"):
        noticed = codec.read_noticed(row)
        mirror.noticed[noticed.key] = noticed
    for (mirror.snoozed_until,) in connection.execute("SELECT until FROM snooze"):
        pass
    return mirror
