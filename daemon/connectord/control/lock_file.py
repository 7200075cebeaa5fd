"""Reading the daemon's lock from outside: who holds it, and whether anyone does. Imports nothing that is slow."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

LOCK_NAME: Final = "daemon.lock"


def daemon_pid(directory: Path) -> int | None:
    """The pid that the last daemon left in the lock's file; it may be dead by now. None: unreadable or none."""
    try:
        text = (directory / LOCK_NAME).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.strip().isdigit() else None


def is_locked(directory: Path) -> bool:
    """Whether a daemon lives, answering or not. Asks the kernel; holds the lock for no time if it is free."""
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
