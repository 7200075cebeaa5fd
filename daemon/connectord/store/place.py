"""The place of the database: a private folder, a private file, and a way to set an unfit one aside."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from connectord.store.trouble import StoreTrouble, TroubleKind

SIDES: Final = ("-wal", "-shm")
"""What SQLite keeps beside the file. The log holds committed changes, so it belongs to the file wherever that goes."""


class UnusablePlace(Exception):
    """Nothing can be opened here now; the trouble says why."""

    def __init__(self, trouble: StoreTrouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def make_private(path: Path, uid: int) -> None:
    """Make folder and file if need be, 0700 and 0600; tighten what is looser. Raises UnusablePlace."""
    try:
        _make_folder(path.parent)
        _must_be_ours(path.parent, path.parent.stat(), uid)
        _tighten(path.parent, 0o700)
        if not os.path.lexists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _must_be_a_file(path, path.lstat())
        _must_be_ours(path, path.lstat(), uid)
        for file in (path, *sides(path)):
            if file.exists():
                _tighten(file, 0o600)
    except OSError as error:
        raise _unusable(path, f"can't be made or opened ({error.strerror or error})") from error


def sides(path: Path) -> tuple[Path, ...]:
    """The files that SQLite keeps beside this one."""
    return tuple(path.with_name(path.name + side) for side in SIDES)


def is_orphaned_log(path: Path) -> bool:
    """Whether there is a log with changes whose database is gone; SQLite would delete it, or mix it into a new one."""
    log = sides(path)[0]
    return _size(log) > 0 and _size(path) == 0


def set_aside(path: Path, now: float) -> Path:
    """Rename the file and what is beside it, to a name with the time in it that nothing has yet. Never deletes.

    The log goes first: a crash in between must not leave it for a new file to swallow. Raises OSError.
    """
    aside = _free_name(path, datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ"))
    for old, new in zip((*sides(path), path), (*sides(aside), aside), strict=True):
        if old.exists():
            old.rename(new)
    return aside


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of what is at the path now; None where there is nothing in it, or nobody may look."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_size else None


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _must_be_a_file(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise _unusable(path, "is a symbolic link, and links are not followed", "Put the file itself there.")
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "something that is no file"
        raise _unusable(path, f"is {kind}", "Move it away.")


def _must_be_ours(path: Path, status: os.stat_result, uid: int) -> None:
    if status.st_uid != uid:
        todo = f"Give it to the user that runs connectord (uid {uid}), or move it away."
        raise _unusable(path, f"belongs to another user (uid {status.st_uid})", todo)


def _tighten(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def _unusable(path: Path, what: str, todo: str = "Check the folder and its permissions.") -> UnusablePlace:
    sentence = f"{path}: the place of the state database {what}; state is kept in memory only."
    return UnusablePlace(StoreTrouble(TroubleKind.UNUSABLE_PLACE, sentence, (todo,)))


def _free_name(path: Path, moment: str) -> Path:
    number = 1
    while True:
        suffix = moment if number == 1 else f"{moment}-{number}"
        aside = path.with_name(f"{path.name}.aside-{suffix}")
        if not any(os.path.lexists(name) for name in (aside, *sides(aside))):
            return aside
        number += 1


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
