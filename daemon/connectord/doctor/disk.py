"""Whether there is room for the state database and the log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.doctor.words import size

NEEDED: Final = 32 << 20
"""Bytes: ten MiB of log, and a database with its own."""

SCARCE: Final = 256 << 20


def check_disk(around: Around) -> Iterator[Finding]:
    """The disk that the state directory is on, or will be."""
    yield room(around.state, os.statvfs(_there(around.state)))


def room(state: Path, disk: os.statvfs_result) -> Finding:
    """What this much room on the disk of the state directory means."""
    free = disk.f_bavail * disk.f_frsize
    fix = "Free some space. What can't be written is kept in memory until it can, and lost if the daemon ends first."
    if disk.f_flag & os.ST_RDONLY:
        return broken(f"the disk of {state} is read-only", "Mount it writable, or set CONNECTORD_STATE_DIR.")
    if disk.f_files and not disk.f_favail:
        return broken(f"the disk of {state} takes no more files (it is out of inodes)", fix)
    if free < NEEDED:
        return broken(f"the disk of {state} has {size(free)} left", fix)
    if free < SCARCE:
        return attention(f"the disk of {state} has only {size(free)} left", fix)
    return ok(f"{size(free)} left on the disk of {state}")


def _there(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
