"""Where a repository keeps its files, and reading the small ones. Nothing here blocks or reads without a limit.

What isn't there is None. What is there and can't be read is GitUnreadable, which `read_git` turns into a mark that is
unknown: whoever can't tell what git did must not call a deletion a person's (P3).
Source: gitrepository-layout(5), git-worktree(1), gitsubmodules(7), and setup.c for how git looks for a repository.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.project.shown import shown_path

SMALL: Final = 4096
"""Bytes. HEAD, a ref, `commondir` and a `.git` file hold one line with one path at most."""
_POINTER: Final = b"gitdir: "


class GitUnreadable(Exception):
    """A file of git's that is there and can't be taken; the message names it."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{shown_path(file)} {reason}")


@dataclass(frozen=True, slots=True)
class GitPlaces:
    """`git_dir` has the HEAD of this working tree, `common_dir` what all working trees share: refs, the stash."""

    git_dir: Path
    common_dir: Path


def find_places(folder: Path) -> GitPlaces | None:
    """The nearest repository at or above the real place of `folder`, which need not be there. Raises GitUnreadable.

    As git does it, a `.git` directory without HEAD is passed over; GIT_DIR and core.worktree are not looked at. What is
    closed to us is passed over, too: if a repository begins there, the one around it (or none) is another mark.
    """
    try:
        real = Path(os.path.realpath(folder))
    except ValueError:  # a null byte or half a character in its name: nothing can be there
        return None
    for parent in (real, *real.parents):
        git_dir = None if _is_closed(parent) else _git_dir(parent / ".git")
        if git_dir is not None:
            return GitPlaces(git_dir, _common_dir(git_dir))
    return None


def read_small(file: Path, most: int = SMALL) -> bytes | None:
    """The whole of a small file, None if there is none (or a directory). Raises GitUnreadable, also if it is larger."""
    content = read_range(file, 0, most + 1)
    if content is not None and len(content) > most:
        raise GitUnreadable(file, f"is larger than {most} bytes")
    return content


def read_range(file: Path, start: int, most: int) -> bytes | None:
    """At most `most` bytes from `start` on. Otherwise as `read_small`."""
    try:
        mode = os.stat(file).st_mode  # noqa: PTH116  (as in regular_file: before a fifo or a device is opened)
        if stat.S_ISDIR(mode):
            return None
        if not stat.S_ISREG(mode):
            raise GitUnreadable(file, "is not a regular file")
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            stream.seek(start)
            return stream.read(most)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise GitUnreadable(file, f"can't be read: {_reason(error)}") from error


def status(file: Path) -> os.stat_result | None:
    """What the file system says of a file, None if there is none. Raises GitUnreadable."""
    try:
        return os.stat(file)  # noqa: PTH116  (as above)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise GitUnreadable(file, f"can't be looked at: {_reason(error)}") from error


def _is_closed(folder: Path) -> bool:
    try:
        os.stat(f"{folder}/.")  # noqa: PTH116  (a Path would drop the dot, which is what needs the permission)
    except PermissionError:
        return True
    except OSError:  # it isn't there, or worse: whatever is wrong shows where its `.git` is read
        return False
    return False


def _git_dir(dot_git: Path) -> Path | None:
    """What `.git` is: the directory itself, or in a linked worktree or a submodule a file that points to it."""
    pointer = read_small(dot_git)
    if pointer is None:
        return Path(os.path.realpath(dot_git)) if _has_head(dot_git) else None
    if not pointer.startswith(_POINTER):
        raise GitUnreadable(dot_git, "doesn't say where the repository is")
    git_dir = dot_git.parent / os.fsdecode(pointer.removeprefix(_POINTER).rstrip(b"\r\n"))
    if not _has_head(git_dir):
        raise GitUnreadable(dot_git, f"points to {shown_path(git_dir)}, and there is no repository")
    return Path(os.path.realpath(git_dir))


def _has_head(git_dir: Path) -> bool:
    try:
        os.lstat(git_dir / "HEAD")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise GitUnreadable(git_dir, f"can't be looked into: {_reason(error)}") from error
    return True


def _common_dir(git_dir: Path) -> Path:
    said = read_small(git_dir / "commondir")
    if said is None:
        return git_dir
    return Path(os.path.realpath(git_dir / os.fsdecode(said.rstrip(b"\r\n"))))


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
