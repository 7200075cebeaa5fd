"""A directory that is the user's alone: where the lock, the socket and the log are (P13)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from connectord.errors import ConnectordError

OWNER_ONLY: Final = 0o700
_OTHERS: Final = 0o077


class PlaceUnusable(ConnectordError):
    """A place where connectord keeps its own files isn't safe, or can't be made."""

    code = "PLACE_UNUSABLE"


def private_directory(path: Path) -> Path:
    """Make sure of a directory that only this user may enter: made where it is missing, tightened where it is loose.

    Raises PlaceUnusable where it belongs to someone else, as a directory or as a symlink, or can't be made.
    """
    try:
        path.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        _refuse_foreign(path, path.lstat())  # who owns the symlink may turn it elsewhere tomorrow
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unusable(path, f"can't be used: {error.strerror or error}") from error
    try:
        # From here on the descriptor is what counts: whatever the name is turned into meanwhile is not touched.
        found = os.fstat(descriptor)
        _refuse_foreign(path, found)
        if found.st_mode & _OTHERS:
            os.fchmod(descriptor, OWNER_ONLY)
    finally:
        os.close(descriptor)
    return path


def _refuse_foreign(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise _unusable(path, f"belongs to another user (uid {found.st_uid}), who could change or replace it")


def _unusable(path: Path, reason: str) -> PlaceUnusable:
    return PlaceUnusable(
        f"{path} {reason}.",
        todo=(
            "Move it out of the way, or mend its owner and permissions.",
            "Or choose folders of your own with CONNECTORD_RUNTIME_DIR and CONNECTORD_STATE_DIR.",
        ),
    )
