"""Why the state isn't on disk, in words for a person; and which of SQLite's errors mean what."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class TroubleKind(StrEnum):
    """What is wrong, for programs."""

    FULL = "full"
    READ_ONLY = "read-only"
    LOCKED = "locked"
    UNUSABLE_PLACE = "unusable-place"  # a directory, a link or someone else's file at the path; no permission
    SET_ASIDE = "set-aside"  # damaged, newer, or removed while in use: a new file was begun
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """What happened, with the path, and what to do. Until it ends the state is kept in memory."""

    kind: TroubleKind
    what: str
    todo: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.what, *self.todo))


_SPACE: Final = "Free some space; what happened meanwhile is kept in memory and written then."
_SECOND: Final = "See which other process has it open, and end that one."
_ACCESS: Final = "Check the disk and the permissions of the file and its folder."

_WORDS: Final = {
    sqlite3.SQLITE_FULL: (TroubleKind.FULL, "can't be written, the disk is full", _SPACE),
    sqlite3.SQLITE_READONLY: (TroubleKind.READ_ONLY, "can't be written, it is read-only", _ACCESS),
    sqlite3.SQLITE_PERM: (TroubleKind.READ_ONLY, "can't be written, there is no permission", _ACCESS),
    sqlite3.SQLITE_BUSY: (TroubleKind.LOCKED, "can't be written, another process holds its lock", _SECOND),
    sqlite3.SQLITE_LOCKED: (TroubleKind.LOCKED, "can't be written, another process holds its lock", _SECOND),
    sqlite3.SQLITE_PROTOCOL: (TroubleKind.LOCKED, "can't be written, another process holds its lock", _SECOND),
    sqlite3.SQLITE_CANTOPEN: (TroubleKind.UNUSABLE_PLACE, "can't be opened", _ACCESS),
    sqlite3.SQLITE_IOERR: (TroubleKind.OTHER, "can't be read or written, the disk reports an error", _ACCESS),
    sqlite3.SQLITE_NOMEM: (TroubleKind.OTHER, "can't be written, memory ran out", "End what uses the memory."),
}

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_CUT_OFF: Final = sqlite3.SQLITE_IOERR_SHORT_READ
"""The log ends before a change that was written to it: somebody cut it off, and no disk gives that back."""


def primary_code(error: Exception) -> int | None:
    """SQLite's result code without its extension; None for an error that isn't SQLite's own."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: Exception) -> bool:
    """Whether the file itself is broken: nothing will mend it, a new one is needed."""
    return primary_code(error) in _DAMAGE or getattr(error, "sqlite_errorcode", None) == _CUT_OFF


def may_pass(error: sqlite3.Error) -> bool:
    """Whether the cause lies outside the file, so that it may work later."""
    return primary_code(error) in _WORDS


def explain(error: Exception, path: Path) -> StoreTrouble:
    """The trouble that an error of a write means."""
    unknown = (TroubleKind.OTHER, "can't be written", _ACCESS)
    kind, what, todo = _WORDS.get(primary_code(error) or 0, unknown)
    return StoreTrouble(kind, f"{path}: the state database {what} ({error}).", (todo,))
