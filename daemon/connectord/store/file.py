"""The database file from outside: opened when its place allows it, set aside when it can't be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectord.store import place
from connectord.store.database import Database, connect
from connectord.store.mirror import Mirror
from connectord.store.place import UnusablePlace
from connectord.store.schema import Fault, Unfit
from connectord.store.trouble import StoreTrouble, TroubleKind

STATE_FILE: Final = "state.db"
"""The file's name in the state directory."""

_MOST_SET_ASIDE: Final = 3
"""A disk that damages every new file too must not be filled with them."""


class DatabaseFile:
    """The file at `path`. `set_aside` says what was last set aside, and why; `identity` tells one file from another."""

    def __init__(
        self, path: Path, migrations: tuple[str, ...], fault: Fault, now: Callable[[], float], uid: int
    ) -> None:
        self.path = path
        self.set_aside: str | None = None
        self._migrations = migrations
        self._fault = fault
        self._now = now
        self._uid = uid
        self._times = 0
        self.identity: tuple[int, int] | None = None

    def open(self) -> tuple[Database, Mirror]:
        """The database and what it holds; what is unfit is set aside and an empty one begun.

        Raises UnusablePlace, and sqlite3.Error for what may pass.
        """
        while True:
            place.make_private(self.path, self._uid)
            if place.is_orphaned_log(self.path):
                self.put_aside("is gone and has left its log")
                continue
            connection = connect(self.path)
            try:
                opened = Database.prepare(connection, self._migrations, self._fault)
                self.identity = place.identity(self.path)
            except Unfit as reason:
                try:
                    # Before the connection is closed: SQLite would fold the log into the file first, and delete it.
                    self.put_aside(str(reason))
                finally:
                    connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return opened

    def is_in_place(self) -> bool:
        """Whether the path still leads to the file that was opened; SQLite itself would write on into nowhere."""
        return place.identity(self.path) == self.identity

    def lost(self) -> str:
        """Take note that the file is no longer in its place; the sentence that says so."""
        self.identity = None
        return (
            f"{self.path}: the state database was removed or replaced while in use, so a new one was begun with what"
            " this process knows. Older history is gone."
        )

    def put_aside(self, reason: str) -> None:
        """Rename the file because of `reason`. Raises UnusablePlace."""
        self._times += 1
        self.identity = None
        if self._times > _MOST_SET_ASIDE:
            raise self._stuck(f"{reason}, again and again", "Check the disk.")
        try:
            aside = place.set_aside(self.path, self._now())
        except OSError as error:
            raise self._stuck(f"{reason} and can't be renamed ({error.strerror or error})", "Move it away.") from error
        self.set_aside = (
            f"{self.path}: the state database {reason}, so it was renamed to {aside.name} and a new one was begun."
            " Files whose last push is no longer known are pushed once more; nothing is removed."
        )

    def _stuck(self, what: str, todo: str) -> UnusablePlace:
        sentence = f"{self.path}: the state database {what}; state is kept in memory only."
        return UnusablePlace(StoreTrouble(TroubleKind.UNUSABLE_PLACE, sentence, (todo,)))
