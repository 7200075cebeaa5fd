"""How many file watchers and watched folders this user has left: Linux gives each user so many of both (inotify(7))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.control.models import WatchState
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.errors import ConnectordError

_LIMITS: Final = Path("sys/fs/inotify")
_SCARCE: Final = 0.9
_DESCRIPTOR: Final = "anon_inode:inotify"


@dataclass(frozen=True, slots=True)
class Used:
    """What the processes of this user have: `instances` are watchers, `watches` the folders that they watch."""

    instances: int
    watches: int


def check_watches(around: Around) -> Iterator[Finding]:
    """What is left, and how the daemon hears of a save."""
    yield from _daemon(around)
    limits = {name: _limit(around.proc, name) for name in ("max_user_instances", "max_user_watches")}
    if None in limits.values():
        yield ok("this system has no limits of watches to look at")
        return
    used = used_by(around.proc, os.geteuid())
    yield _of("watchers", used.instances, limits["max_user_instances"] or 0, "max_user_instances")
    yield _of("watched folders", used.watches, limits["max_user_watches"] or 0, "max_user_watches")


def used_by(proc: Path, uid: int) -> Used:
    """What a user's processes have, as far as this one may look."""
    files = [file for process in _processes(proc, uid) for file in _inotify(process)]
    return Used(len(files), sum(map(_watches, files)))


def _daemon(around: Around) -> Iterator[Finding]:
    try:
        watching = around.status().daemon.watching
    except ConnectordError:  # the check of the daemon says so
        return
    if watching is WatchState.DOWN:
        yield broken("the daemon's file watcher is down, so only rescans notice a save", "See why: connectord logs")


def _of(what: str, used: int, limit: int, name: str) -> Finding:
    sentence = f"{used} of {limit} {what} of this user are in use"
    if used < limit * _SCARCE:
        return ok(sentence)
    fix = (
        f"Raise it until the next boot: sudo sysctl fs.inotify.{name}={max(limit * 4, 512)}",
        "For good: the same name and number in a file in /etc/sysctl.d/",
        "Or end what watches much: editors, other file watchers.",
    )
    if used >= limit:
        return broken(f"{sentence}: new folders can't be watched, and are polled", *fix)
    return attention(f"{sentence}, so the next may be polled", *fix)


def _limit(proc: Path, name: str) -> int | None:
    try:
        return int((proc / _LIMITS / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _processes(proc: Path, uid: int) -> Iterator[Path]:
    for process in proc.iterdir():
        try:
            if process.name.isdecimal() and process.stat().st_uid == uid:
                yield process
        except OSError:  # ended meanwhile
            continue


def _inotify(process: Path) -> Iterator[Path]:
    """The fdinfo files of its watchers."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # ended meanwhile, or closed to us
        return
    for descriptor in descriptors:
        try:
            if str(descriptor.readlink()) == _DESCRIPTOR:
                yield process / "fdinfo" / descriptor.name
        except OSError:
            continue


def _watches(info: Path) -> int:
    try:
        return sum(line.startswith("inotify ") for line in info.read_text(encoding="ascii").splitlines())
    except OSError:
        return 0
