"""The store in a SQLite file. What can't be written now is kept in memory, shown as trouble, and tried again.

Calls are short and meant for the event loop's thread; `prune` and `checkpoint` may be called in another one. Only one
process may use a file (the daemon's lock sees to it); a second one makes trouble, not a crash.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from connectord.store.backlog import Backlog
from connectord.store.base import BaseEntry, BaseKey
from connectord.store.database import Database, checkpoint
from connectord.store.file import DatabaseFile
from connectord.store.memory import MirrorReads
from connectord.store.mirror import Mirror, Unsaved
from connectord.store.place import UnusablePlace
from connectord.store.prune import PruneStep
from connectord.store.rows import Change, HistoryRow, JobRow, Keep
from connectord.store.schema import MIGRATIONS, Fault, Unfit
from connectord.store.trouble import StoreTrouble, TroubleKind, explain, is_damage

_BETWEEN_BATCHES: Final = 0.002
"""Seconds in which the event loop's thread gets its turn while another one prunes."""

_NEWEST: Final = 2**62

_STILL_GOOD: Final = frozenset({TroubleKind.FULL, TroubleKind.LOCKED})
"""Troubles after which the same connection works again; after others it may not, so a new one is opened."""

_ERRORS: Final = (sqlite3.Error, Unfit, UnusablePlace, ValueError, TypeError)
"""What a call can meet: SQLite's errors, damage, a place where nothing can be opened, a value that no column takes."""

OnTrouble = Callable[[StoreTrouble | None], None]

Answer = TypeVar("Answer")


class SqliteStore(MirrorReads):
    """Opens (or begins) the file at `path`. Never raises for what it finds there.

    After opening, `opened_with` says what was set aside, `trouble` what keeps state in memory only. From then on
    `on_trouble` is called once when a trouble begins and once with None when it has ended, in the thread of the
    call that met it. `fault` is for tests (schema.Fault), so are `migrations` and `uid`; `now` gives epoch seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_trouble: OnTrouble = lambda _: None,
        fault: Fault = lambda _: None,
        keep: Keep | None = None,
        migrations: tuple[str, ...] = MIGRATIONS,
        now: Callable[[], float] = time.time,
        uid: int | None = None,
    ) -> None:
        super().__init__()
        self._file = DatabaseFile(path, migrations, fault, now, os.geteuid() if uid is None else uid)
        self._keep = keep or Keep()
        self._lock = threading.RLock()
        self._backlog = Backlog()
        self._database: Database | None = None
        self._worn = False
        self._said: str | None = None
        self._closed = False
        self._untold: deque[StoreTrouble | None] = deque()
        self._on_trouble: OnTrouble = lambda _: None  # what the opening finds is told by the attributes
        self.trouble: StoreTrouble | None = None
        self._write()
        self.opened_with = self._file.set_aside
        self._on_trouble = on_trouble

    def record(self, change: Change) -> None:
        """Take everything that one event changed."""
        with self._lock:
            self._mirror.apply(change)
            self._backlog.add(change)
            self._write()

    def accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        """Take over what Base44 answered."""
        self.record(Change(key=key, base=entries))

    def add_project(self, root: Path, at: float) -> bool:
        """Register a project; False where it is already."""
        with self._lock:
            added = self._mirror.add_project(root, at)
            self._write()
            return added

    def remove_project(self, root: Path) -> bool:
        """Forget a project; its history stays."""
        with self._lock:
            removed = self._mirror.remove_project(root)
            self._backlog.forget(root)
            self._write()
            return removed

    def set_paused(self, root: Path | None, paused: bool) -> None:
        """Pause or resume one registered project, or all of them."""
        with self._lock:
            self._mirror.set_paused(root, paused)
            self._write()

    def jobs(self, project: Path, limit: int) -> tuple[JobRow, ...]:
        """The latest push jobs of a project, newest first."""
        with self._lock:
            waiting = {name: job for name, job in self._backlog.jobs.items() if job.project == project}
            if project in self._backlog.forgotten:  # whatever is written goes first
                return tuple(reversed(waiting.values()))[:limit]
            written: list[JobRow] = self._ask(lambda database: database.jobs(project, limit), [])
            known: set[str] = self._ask(lambda database: database.known_jobs(waiting), set())
            newer = [job for name, job in reversed(waiting.items()) if name not in known]
            return tuple([*newer, *(waiting.get(job.id, job) for job in written)][:limit])

    def history(
        self, project: Path | None = None, limit: int = 100, before: int | None = None
    ) -> tuple[HistoryRow, ...]:
        """The latest of what happened, newest first."""
        with self._lock:
            rows = list(islice(self._backlog.history_of(project, before), limit))
            # From there on the rows are waiting here, and may be written already by a commit that broke off afterwards.
            oldest = min(_NEWEST if before is None else before, self._backlog.first_id)
            rows += self._ask(lambda database: database.history(project, limit - len(rows), oldest), [])
            return tuple(rows)

    def prune(self, now: float) -> None:
        """Drop what is over and old, in small steps. While there is trouble nothing is dropped."""
        with self._lock:
            self._mirror.prune(now, self._keep)
            if not self._write():
                return
            steps: list[PruneStep] = self._ask(lambda database: database.prune_steps(now, self._keep), [])
        for step in steps:
            self._repeat(step)

    def checkpoint(self) -> bool:
        """Move the log into the database. Neither waits for a write nor makes one wait."""
        return checkpoint(self._file.path)

    def flush(self) -> bool:
        """Try again to write what couldn't be written."""
        with self._lock:
            return self._write()

    def close(self) -> None:
        """Write what is left and let go of the file. A change after that is a mistake of the caller's."""
        with self._lock:
            if self._closed:
                return
            saved = self._write()
            self._drop()
            if saved:
                # What was written over an open file shows only now. The next start would find an unfit one and begin
                # with an empty base; this process still knows everything, so it looks first.
                self._write()
                self._drop()
            self._closed = True

    def _write(self) -> bool:
        """Write all that waits. Whether it worked; if not, `trouble` says why."""
        if self._closed:
            raise RuntimeError(f"{self._file.path}: the store is closed")
        done = self._try_to_write()
        self._tell()
        return done

    def _try_to_write(self) -> bool:
        for _ in range(2):  # the second time with a new file
            try:
                database = self._opened()
                if self._mirror.unsaved or self._backlog:
                    database.write(self._mirror, self._backlog)
            except _ERRORS as error:
                if not self._began_anew(error):
                    return False
            else:
                self._mirror.unsaved = Unsaved()
                self._backlog.written()
                self._set_trouble(None)
                return True
        return False

    def _opened(self) -> Database:
        """The database; opened now if it isn't. Raises _ERRORS."""
        if self._database is not None and not self._file.is_in_place():
            self._set_trouble(StoreTrouble(TroubleKind.SET_ASIDE, self._file.lost()))
            self._drop()
        if self._database is None or self._worn:
            before = self._file.identity
            database, found = self._file.open()
            self._drop()
            self._database, self._worn = database, False
            if before is None or before != self._file.identity:
                self._join(database, found)
        return self._database

    def _join(self, database: Database, found: Mirror) -> None:
        """Take over what a file holds that this process sees for the first time; it gets what memory holds."""
        for root in self._backlog.forgotten:
            found.remove_project(root)
        self._mirror.save_everything()
        self._mirror.adopt(found)
        self._backlog.start_behind(database.last_history_id())
        if self._file.set_aside != self._said:
            self._said = self._file.set_aside
            self._set_trouble(StoreTrouble(TroubleKind.SET_ASIDE, self._said or ""))

    def _ask(self, question: Callable[[Database], Answer], otherwise: Answer) -> Answer:
        """Read from the database; what a broken one can't answer is `otherwise`, with trouble."""
        if self._database is None:
            return otherwise
        try:
            return question(self._database)
        except _ERRORS as error:
            if self._began_anew(error):
                self._write()
            self._tell()
            return otherwise

    def _repeat(self, step: PruneStep) -> None:
        """Do a step until it says that nothing is left, letting go of the lock after each time."""
        more = True
        while more:
            with self._lock:
                more = self._ask(lambda database: database.prune(step), otherwise=False)
            if more:
                time.sleep(_BETWEEN_BATCHES)

    def _began_anew(self, error: Exception) -> bool:
        """Take an error in: set a damaged file aside, so that a new one can be tried at once, or note the trouble."""
        if isinstance(error, UnusablePlace):
            self._set_trouble(error.trouble)
        elif not (isinstance(error, Unfit) or is_damage(error)):
            self._set_trouble(explain(error, self._file.path))
        else:
            try:
                self._file.put_aside(str(error) if isinstance(error, Unfit) else f"is damaged ({error})")
            except UnusablePlace as place:
                self._set_trouble(place.trouble)
            else:
                self._drop()
                return True
        # A new connection is tried by the next write; until it works the old one is good for reading.
        self._worn = self.trouble is not None and self.trouble.kind not in _STILL_GOOD
        return False

    def _drop(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None

    def _tell(self) -> None:
        """Last in every call: who is told may well record something."""
        while self._untold:
            self._on_trouble(self._untold.popleft())

    def _set_trouble(self, trouble: StoreTrouble | None) -> None:
        known = self.trouble and self.trouble.kind
        self.trouble = trouble
        if known != (trouble and trouble.kind):
            self._untold.append(trouble)
