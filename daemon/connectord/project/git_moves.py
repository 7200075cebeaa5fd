"""What git did between two marks: nothing, only commits, or something that changes which files there are.

Known limits, all of them commands that a person aims at paths: `git rm`, `git clean`, `git mv`, `git restore`,
`git apply` and `checkout -f` without a branch or with `-b` (which drops what was staged) leave no trace in HEAD, and
count as the person's doing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from connectord.project.git_files import GitUnreadable, find_places
from connectord.project.git_log import LogEntry, entries_between
from connectord.project.git_mark import GitMark

_COMMITTED: Final = re.compile(r"commit(?: \((?:initial|amend)\))?:.*", re.DOTALL)
_CHECKOUT: Final = re.compile(r"checkout: moving from (?P<old>\S+) to (?P<new>\S+)")
_RENAMED: Final = re.compile(r"Branch: renamed refs/heads/(?P<old>\S+) to refs/heads/(?P<new>\S+)")
_BRANCHES: Final = "refs/heads/"
_MOST_SHOWN: Final = 120  # characters of git's word for a move; a subject may be of any length


UNKNOWN: Final = "unknown:"
"""How a `what` begins that says why it can't be told what git did."""


class Moved(StrEnum):
    """Whether git could have made a file vanish. The working tree stays as it is in NONE and COMMITS."""

    NONE = "none"
    COMMITS = "commits"
    SWITCHED = "switched"


@dataclass(frozen=True, slots=True)
class Movement:
    """`what` is a part of a sentence in git's own words, `checkout: moving from main to feature`; empty for NONE."""

    moved: Moved
    what: str = ""


STILL: Final = Movement(Moved.NONE)


def moved(before: GitMark | None, now: GitMark | None, folder: Path) -> Movement:
    """What git did between two readings of `folder`'s repository (None: there was none). Reads the end of a log.

    Whatever can't be told is SWITCHED, with a `what` that begins with UNKNOWN.
    """
    for mark in (before, now):
        if mark is not None and mark.fault is not None:
            return _unknown(mark.fault)
    if before == now:
        return STILL
    if now is None:
        return _unknown("the repository is gone")
    if before is not None and before.git_dir != now.git_dir:
        return _unknown(f"the repository was {before.git_dir} and is {now.git_dir}")
    start = before or GitMark(now.git_dir, now.head)
    return _aside(start, now) or _by_log(start, now, folder)


def _aside(before: GitMark, now: GitMark) -> Movement | None:
    """Movements that HEAD's log doesn't tell of."""
    if (before.stash, before.stash_log) != (now.stash, now.stash_log):
        return Movement(Moved.SWITCHED, "stash")
    if before.tables != now.tables:
        return _unknown("a ref moved (reftable)")
    return None


def _by_log(before: GitMark, now: GitMark, folder: Path) -> Movement:
    at_rest = (before.head, before.commit) == (now.head, now.commit)
    entries = _entries(before, now, folder)
    if entries is None:
        # An expired log (git gc, reflog expire) of a HEAD that stands where it stood.
        return _traces(before, now) or STILL if at_rest and now.log is None else _unknown("HEAD's log doesn't say")
    telling = [entry for entry in entries if not _keeps_files(entry)]
    if telling:
        return Movement(Moved.SWITCHED, _shown(telling[-1]))
    if not _explained(before, entries, now):
        return _unknown("HEAD moved, and its log doesn't say how")
    trace = _traces(before, now)
    if trace or not entries:
        return trace or STILL
    return Movement(Moved.COMMITS, _shown(entries[-1]))


def _entries(before: GitMark, now: GitMark, folder: Path) -> Sequence[LogEntry] | None:
    if before.log == now.log:
        return ()
    try:
        places = find_places(folder)
        return entries_between(places.git_dir / "logs/HEAD", before.log, now.log) if places else None
    except GitUnreadable:  # read a moment ago for `now`; the caller says what that means
        return None


def _keeps_files(entry: LogEntry) -> bool:
    if _COMMITTED.fullmatch(entry.message) or _RENAMED.fullmatch(entry.message):
        return True
    checkout = _CHECKOUT.fullmatch(entry.message)
    return checkout is not None and checkout["old"] != checkout["new"] and entry.old == entry.new


def _explained(before: GitMark, entries: Sequence[LogEntry], now: GitMark) -> bool:
    """Whether the entries lead without a gap from mark to mark: `switch --orphan` writes none of its own."""
    place = before.commit
    branch = _branch(before)
    for entry in entries:
        if entry.old != place:
            return False
        place = entry.new
        turn = _CHECKOUT.fullmatch(entry.message) or _RENAMED.fullmatch(entry.message)
        branch = turn["new"] if turn else branch
    return place == now.commit and (_branch(now) is None or branch == _branch(now))


def _branch(mark: GitMark) -> str | None:
    return mark.head.removeprefix(_BRANCHES) if mark.head and mark.head.startswith("refs/") else None


def _traces(before: GitMark, now: GitMark) -> Movement | None:
    """What HEAD and its log keep silent about, told by the files that git writes on the way."""
    for old, new, what in (
        (before.sparse_checkout, now.sparse_checkout, "sparse-checkout"),
        (before.orig_head, now.orig_head, "a merge or reset (ORIG_HEAD)"),
        (before.auto_merge, now.auto_merge, "a merge or cherry-pick (AUTO_MERGE)"),
    ):
        if new is not None and new != old:  # gone is no trace: a commit clears AUTO_MERGE away
            return Movement(Moved.SWITCHED, what)
    return None


def _unknown(why: str) -> Movement:
    return Movement(Moved.SWITCHED, f"{UNKNOWN} {why}")


def _shown(entry: LogEntry) -> str:
    word = entry.message or "HEAD was moved without a word"
    return word if len(word) <= _MOST_SHOWN else f"{word[: _MOST_SHOWN - 1]}…"
