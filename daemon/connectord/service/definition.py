"""A unit or plist that is there, read back: whose it is, and what it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from connectord.service.installation import Installation


@dataclass(frozen=True, slots=True)
class Definition:
    """What is written in a unit or plist of ours. `confined`: with what needs a user namespace."""

    python: str
    environment: Mapping[str, str] = field(default_factory=dict)
    confined: bool = True


class Whose(StrEnum):
    """What the service's file is to this installation."""

    NONE = "none"  # there is no file
    CURRENT = "current"  # what this installation would write
    OUTDATED = "outdated"  # this installation's, but of another version or changed by hand
    ANOTHER = "another"  # of another installation, which is still there
    MOVED = "moved"  # of one that is gone: moved, removed, or built anew elsewhere
    FOREIGN = "foreign"  # not written by connectord


def read_file(path: Path) -> str | None:
    """The file's text; None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


def whose(text: str | None, found: Definition | None, ours: Installation, write: Callable[[Definition], str]) -> Whose:
    """Whose file this is. `write` makes the text of a definition, as this installation would.

    The environment in it counts as right: it was this user's when it was written, and shells differ.
    """
    if text is None:
        return Whose.NONE
    if found is None:
        return Whose.FOREIGN
    if found.python != ours.python:
        return Whose.ANOTHER if os.access(found.python, os.X_OK) else Whose.MOVED
    return Whose.CURRENT if text == write(found) else Whose.OUTDATED
