r"""git's record of where HEAD (or the stash) went: one line for each move, the newest last.

A line is `OLD NEW Name <mail> seconds zone\tmessage`. Lines are told apart by a digest and by where they end, since two
moves in one second may read the same; and so that no person's name and mail address goes to the store.
Source: git-reflog(1), files-backend.c. The log is written before the ref that it tells of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from connectord.project.git_files import read_range, status

MOST_LOG: Final = 1024 * 1024
"""Bytes of a log's end that are looked through: six thousand moves between two looks."""
_LINE_BYTES: Final = 2048  # of a longer line (the subject of a commit may be any length) the end is compared
_LINE: Final = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t]*(?:\t(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where a log ended: `size` in bytes up to the end of its last whole line, and that line's digest.

    `commit` is where the line says that HEAD went; None when the line is none of git's, or went to no commit.
    """

    size: int
    digest: str
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One move: from a commit to a commit (None: there was none), and git's word for it."""

    old: str | None
    new: str | None
    message: str


def read_log_end(log: Path) -> LogEnd | None:
    """The end of a log; None without a whole line. Raises GitUnreadable."""
    found = status(log)
    if found is None:
        return None
    start = max(0, found.st_size - 2 * _LINE_BYTES)
    content = read_range(log, start, found.st_size - start) or b""
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        return None
    line = whole[:-1].rpartition(b"\n")[2]
    entry = _entry(line)
    return LogEnd(start + len(whole), _digest(line), entry.new if entry else None)


def entries_between(log: Path, before: LogEnd | None, now: LogEnd | None) -> tuple[LogEntry, ...] | None:
    """The moves after `before` up to `now`; None when the log doesn't say. Raises GitUnreadable.

    An expired log (git gc) is shorter than it was: then the line itself is looked for. Where it stands twice the first
    one counts, which gives too many moves rather than too few.
    """
    if now is None:
        return None
    start = max(0, now.size - MOST_LOG)
    lines = list(_lines(read_range(log, start, now.size - start) or b"", start))
    if not lines or lines[-1][0] != now.size or _digest(lines[-1][1]) != now.digest:
        return None
    after = _first_after(lines, before, start)
    entries = None if after is None else [_entry(line) for _, line in lines[after:]]
    if entries is None or None in entries:
        return None
    return tuple(entry for entry in entries if entry is not None)


def _first_after(lines: list[tuple[int, bytes]], before: LogEnd | None, start: int) -> int | None:
    if before is None or before.size < start:
        return 0 if start == 0 else None
    found = [index for index, (_, line) in enumerate(lines) if _digest(line) == before.digest]
    in_place = [index for index in found if lines[index][0] == before.size]
    return (in_place or found)[0] + 1 if found else None


def _lines(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines with the place where each ends; what stands before the first line break may be half of one."""
    end = start
    for line in content.split(b"\n")[:-1]:
        end += len(line) + 1
        yield end, line


def _digest(line: bytes) -> str:
    return blake2b(line[-_LINE_BYTES:], digest_size=16).hexdigest()


def _entry(line: bytes) -> LogEntry | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    old, new, message = match.groups()
    return LogEntry(_commit(old), _commit(new), (message or b"").decode("utf-8", "backslashreplace").strip())


def _commit(name: bytes) -> str | None:
    return name.decode("ascii") if name.strip(b"0") else None
