"""One daemon for one user: a lock that the kernel takes back when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from connectord.control.lock_file import LOCK_NAME, daemon_pid
from connectord.control.private import PlaceUnusable, private_directory
from connectord.errors import ConnectordError

PATIENCE: Final = 0.5
"""Seconds: as long as a command may hold the lock to look whether it is free, and more."""


class AlreadyRunning(ConnectordError):
    """Another daemon of this user runs already. `pid` is None where it could not be read."""

    code = "ALREADY_RUNNING"

    def __init__(self, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"connectord is already running: {who} looks after this user's projects.",
            todo=("See what it does with: connectord status", "End it with: connectord stop"),
        )
        self.pid = pid


@contextmanager
def daemon_lock(directory: Path) -> Iterator[None]:
    """Be the daemon while the block runs; the lock's file holds our pid and stays where it is afterwards.

    Raises AlreadyRunning, and PlaceUnusable where the runtime directory isn't the user's alone.
    """
    path = private_directory(directory) / LOCK_NAME
    lock = FileLock(path, mode=0o600, timeout=PATIENCE)
    try:
        lock.acquire(poll_interval=0.05)
    except Timeout as error:
        raise AlreadyRunning(daemon_pid(directory)) from error
    except OSError as error:
        raise PlaceUnusable(f"{path} can't be locked: {error.strerror or error}.") from error
    try:
        _leave_pid(path)
        yield
    finally:
        lock.release()


def _leave_pid(path: Path) -> None:
    """Say who holds the lock. On a full disk nobody is told, and it holds all the same."""
    with contextlib.suppress(OSError):
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
    path.chmod(0o600)
