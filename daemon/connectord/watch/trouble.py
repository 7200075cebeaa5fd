"""What an error of watchfiles means: its classes say little, so the texts of notify are read (both are in Rust)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

TROUBLE: Final = (OSError, RuntimeError, ValueError, TypeError)
"""What watchfiles raises: a place that vanished, a limit, its own errors, a path that isn't UTF-8."""

_UNDECODABLE: Final = "Unable to decode path"
_WATCH_LIMIT: Final = "MaxFilesWatch"
_INSTANCE_LIMIT: Final = "(os error 24)"  # EMFILE: inotify instances of this user, or open files of this process


def is_limit(error: Exception) -> bool:
    """Whether the system has nothing left to give, however good the places are."""
    return any(sign in str(error) for sign in (_WATCH_LIMIT, _INSTANCE_LIMIT))


def is_bad_name(error: Exception) -> bool:
    """Whether it is about a name that isn't UTF-8."""
    return isinstance(error, UnicodeError) or _UNDECODABLE in str(error)


def reason(error: Exception) -> str:
    """What happened, and what a person can do about it."""
    if _WATCH_LIMIT in str(error):
        return "The limit of watched directories is reached; raise the sysctl fs.inotify.max_user_watches"
    if _INSTANCE_LIMIT in str(error):
        return "The limit of watchers is reached; raise the sysctl fs.inotify.max_user_instances, or end other watchers"
    return f"The system's file events failed: {str(error) or type(error).__name__}"


def culprits(error: Exception, directories: Iterable[str]) -> frozenset[str]:
    """Those of the directories that bring the others down. Blocks on the disk.

    One name in a directory that isn't UTF-8 ends all watching each time something happens to it, and a directory's own
    name that isn't can't even be handed over; any other error names the directory that it is about.
    """
    if is_bad_name(error):
        return frozenset(directory for directory in directories if has_bad_name(directory))
    return frozenset() if is_limit(error) else frozenset(name for name in directories if f'"{name}"' in str(error))


def has_bad_name(directory: str) -> bool:
    """Whether the directory's path, or the name of an entry, isn't UTF-8."""
    try:
        return not _is_utf8(directory) or not all(map(_is_utf8, os.listdir(directory)))  # noqa: PTH208  (names alone)
    except OSError:  # gone: then it harms nobody
        return False


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # Python keeps such bytes as lone surrogates
        return False
    return True
