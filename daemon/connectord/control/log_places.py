"""Where the log's files are, for the daemon that writes and the command that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAX_BYTES: Final = 2 * 1024 * 1024
KEPT: Final = 5
"""Files, the one that is written included: ten MiB are some 40,000 lines."""


def log_path(state: Path) -> Path:
    """The file that is written now; the one before it ends in `.1`, and so on."""
    return state / "log" / "connectord.jsonl"


def log_files(state: Path) -> list[Path]:
    """The files that are there, the oldest first."""
    newest = log_path(state)
    older = (newest.with_name(f"{newest.name}.{number}") for number in range(KEPT - 1, 0, -1))
    return [path for path in (*older, newest) if path.exists()]


def start_log_path(state: Path) -> Path:
    """What a daemon in the background says before it has a log, and if it crashes; of the last start only."""
    return state / "log" / "start.log"
