"""Which branch and commit a folder is on, from git's own files: no subprocess, and never an error.

Where git's files are not as expected the answer is "unknown" (None), as it is outside of a repository.
Source: gitrepository-layout(5), git-worktree(1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.project.regular_file import is_file, is_folder

_BRANCHES: Final = "refs/heads/"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256
_MOST_BYTES: Final = 16 * 1024 * 1024  # packed-refs of a repository with a hundred thousand branches


@dataclass(frozen=True, slots=True)
class GitState:
    """`branch` is None when HEAD is detached, `commit` when there is none yet; both without a repository."""

    branch: str | None = None
    commit: str | None = None


def read_git(folder: Path) -> GitState:
    """The state of the repository that `folder` belongs to, read from a handful of small files."""
    git_dir = _git_dir(folder)
    head = _line(git_dir / "HEAD") if git_dir else None
    if git_dir is None or head is None:
        return GitState()
    if not head.startswith("ref: "):
        return GitState(commit=_as_commit(head))
    ref = head.removeprefix("ref: ").strip()
    if not _is_ref(ref):
        return GitState()
    branch = ref.removeprefix(_BRANCHES) if ref.startswith(_BRANCHES) else None
    return GitState(branch, _resolved(git_dir, ref))


def _is_ref(ref: str) -> bool:
    # Repositories with reftable storage have a placeholder here, refs/heads/.invalid.
    return ref.startswith("refs/") and not any(part in ("", "..") or part.startswith(".") for part in ref.split("/"))


def _git_dir(folder: Path) -> Path | None:
    """The directory that holds HEAD; in a linked worktree or a submodule `.git` is a file that points to it."""
    for parent in (folder, *folder.parents):
        dot_git = parent / ".git"
        if is_folder(dot_git):
            return dot_git
        pointer = _line(dot_git)
        if pointer is not None and pointer.startswith("gitdir: "):
            return parent / pointer.removeprefix("gitdir: ")
    return None


def _resolved(git_dir: Path, ref: str) -> str | None:
    """The commit of a ref: its own file wins over packed-refs; a worktree shares both with the main one."""
    common = _line(git_dir / "commondir")
    places = [git_dir] if common is None else [git_dir, git_dir / common]
    for place in places:
        commit = _as_commit(_line(place / ref))
        if commit is not None:
            return commit
    return _as_commit(_packed(places[-1] / "packed-refs", ref))


def _packed(file: Path, ref: str) -> str | None:
    lines = (_text(file) or "").splitlines()
    return next((line.split(" ")[0] for line in lines if line.endswith(f" {ref}")), None)


def _as_commit(text: str | None) -> str | None:
    return text if text is not None and _COMMIT.fullmatch(text) else None


def _line(file: Path) -> str | None:
    text = _text(file)
    return text.strip() if text is not None else None


def _text(file: Path) -> str | None:
    try:
        if not is_file(file):
            return None
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):  # gone or unreadable: unknown, which the caller says as None
        return None
