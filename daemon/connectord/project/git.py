"""One reading of git per look at a project, from git's own files: no subprocess, and never an error.

The order in which git works decides what a reading is worth (found by experiment, kept by test_git_order):

- checkout, switch, merge, pull, cherry-pick, revert, reset and rebase change the files first, let go of index.lock, and
  move HEAD last. Between the last two a file is gone, nothing is busy and the mark is the old one: for moments, or for
  as long as a person writes the message of a revert.
- `stash` moves refs/stash first and removes the files after that, with index.lock free in between.

So a reading is taken *before* the files: what git does after it shows in the next reading. A file that is gone is a
person's doing only if the mark that was read with the file's last sighting still stands a while later; and the mark of
a sighting counts only once a later look has seen the file under the same mark (a stash in the middle).
Source: gitrepository-layout(5), git-worktree(1).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from connectord.project.git_busy import GitBusy, work_in_progress
from connectord.project.git_files import GitPlaces, GitUnreadable, find_places, read_small, status
from connectord.project.git_log import read_log_end
from connectord.project.git_mark import GitMark
from connectord.project.shown import shown_path

_REF: Final = b"ref:"
_BRANCHES: Final = "refs/heads/"
_REFTABLE: Final = "refs/heads/.invalid"  # what HEAD says where refs are kept in reftable/ (git 2.45 and later)
_COMMIT: Final = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")
_MOST_PACKED: Final = 64 * 1024 * 1024  # bytes of packed-refs: half a million branches
_MOST_TABLES: Final = 64 * 1024
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class GitState:
    """`branch` is None when HEAD is detached, `commit` when there is none yet; both without a repository."""

    branch: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class GitReading:
    """What git's files said at one moment. `mark` is None without a repository, `busy` when nothing is in progress."""

    mark: GitMark | None = None
    busy: GitBusy | None = None
    state: GitState = GitState()


NO_REPOSITORY: Final = GitReading()


@dataclass(frozen=True, slots=True)
class _Head:
    """HEAD as it stands: either the name of a ref, or a commit (detached)."""

    ref: str | None
    commit: str | None


def read_git(folder: Path) -> GitReading:
    """The nearest repository of a folder (of its real place; it need not be there). Blocks on the disk, half a dozen
    small files. What can't be read is an unknown mark that says why, not busy: a wait would not make it readable.
    """
    try:
        places = find_places(folder)
        return NO_REPOSITORY if places is None else _read(places)
    except GitUnreadable as unreadable:
        return GitReading(GitMark.unknown(str(unreadable)))


def busy(folder: Path) -> GitBusy | None:
    """What git is in the middle of in a folder's repository; None without one, or where that can't be told."""
    try:
        places = find_places(folder)
    except GitUnreadable:  # read_git says so, as an unknown mark
        return None
    return work_in_progress(places.git_dir) if places else None


def _read(places: GitPlaces) -> GitReading:
    head, mark = _marked(places)
    for _ in range(_TRIES - 1):
        # The log is written a moment before the ref: a reading between the two would fit to no later one.
        if mark.log is None or mark.log.commit == mark.commit:
            break
        head, mark = _marked(places)
    branch = head.ref.removeprefix(_BRANCHES) if head.ref and head.ref.startswith(_BRANCHES) else None
    state = GitState(None if head.ref == _REFTABLE else branch, mark.commit)
    return GitReading(mark, work_in_progress(places.git_dir), state)


def _marked(places: GitPlaces) -> tuple[_Head, GitMark]:
    head = _head(places.git_dir / "HEAD")
    where = shown_path(places.git_dir)
    if head.ref == _REFTABLE:
        return head, GitMark(where, head.ref, tables=_tables(places))
    log = read_log_end(places.git_dir / "logs/HEAD")
    stash_log = read_log_end(places.common_dir / "logs/refs/stash")
    return head, GitMark(
        git_dir=where,
        head=shown_path(Path(head.ref)) if head.ref else head.commit,
        commit=head.commit or _resolved(places, head.ref or ""),
        log=log,
        stash=_loose(places.common_dir / "refs/stash") or (stash_log.commit if stash_log else None),
        stash_log=stash_log,
        orig_head=_written(places.git_dir / "ORIG_HEAD"),
        auto_merge=_written(places.git_dir / "AUTO_MERGE"),
        sparse_checkout=_written(places.git_dir / "info/sparse-checkout", places.git_dir / "config.worktree"),
    )


def _head(file: Path) -> _Head:
    text = (read_small(file) or b"").strip()
    if _COMMIT.fullmatch(text):
        return _Head(None, text.decode("ascii"))
    ref = os.fsdecode(text.removeprefix(_REF).lstrip()) if text.startswith(_REF) else ""
    if ref != _REFTABLE and not _is_ref(ref):
        raise GitUnreadable(file, "says neither a branch nor a commit")
    return _Head(ref, None)


def _is_ref(ref: str) -> bool:
    parts = ref.split("/")
    return ref.startswith("refs/") and not _CONTROL.search(ref) and not any(part[:1] in ("", ".") for part in parts)


def _resolved(places: GitPlaces, ref: str) -> str | None:
    """The commit of a ref. Its own file wins; after a gc the ref's own log still says it, in fewer bytes than
    packed-refs (which has every branch and tag that was ever fetched).
    """
    for place in dict.fromkeys((places.git_dir, places.common_dir)):
        if commit := _loose(place / ref):
            return commit
    log = read_log_end(places.common_dir / "logs" / ref)
    return log.commit if log and log.commit else _packed(places.common_dir / "packed-refs", ref)


def _loose(file: Path) -> str | None:
    text = (read_small(file) or b"").strip()
    return text.decode("ascii") if _COMMIT.fullmatch(text) else None


def _packed(file: Path, ref: str) -> str | None:
    content = read_small(file, _MOST_PACKED) or b""
    before, found, _ = (b"\n" + content).partition(b" " + os.fsencode(ref) + b"\n")
    commit = before.rpartition(b"\n")[2] if found else b""
    return commit.decode("ascii") if _COMMIT.fullmatch(commit) else None


def _tables(places: GitPlaces) -> str:
    """All refs of a reftable repository hang on these lists: one for HEAD of a worktree, one for what is shared."""
    lists = dict.fromkeys((places.git_dir, places.common_dir))
    contents = [read_small(place / "reftable/tables.list", _MOST_TABLES) or b"" for place in lists]
    return blake2b(b"\0".join(contents), digest_size=16).hexdigest()


def _written(*files: Path) -> int | None:
    times = [found.st_mtime_ns for file in files if (found := status(file))]
    return max(times, default=None)
