"""Paths as text for people. Imports nothing of the room, so that every module of it may say where something is."""

from __future__ import annotations

import os
from pathlib import Path


def shown_path(path: Path) -> str:
    r"""A path as text that can be printed anywhere: bytes of a name that aren't UTF-8 become `\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
