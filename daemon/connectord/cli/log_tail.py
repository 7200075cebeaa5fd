"""Reading the daemon's log files while they are written and rotated."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import BinaryIO

from connectord.control.log_places import log_files, log_path


class LogTail:
    """The end of the log, and what comes after it. Only whole lines are given out, without their newline."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = log_path(state)
        self._file: BinaryIO | None = None
        self._begun = b""

    def last(self, count: int) -> list[str]:
        """The last lines of all files together, the oldest first. To be asked once, before `more`."""
        lines: deque[str] = deque(maxlen=count)
        for path in log_files(self._state):
            if path != self._path:
                lines.extend(path.read_bytes().decode(errors="backslashreplace").splitlines())
        lines.extend(self.more())
        return list(lines)

    def more(self) -> list[str]:
        """The lines since the last look, through a rotation too; none where there is no file yet."""
        lines = self._rest()
        if self._is_rotated():
            self.close()
            lines += self._rest()
        return lines

    def close(self) -> None:
        """Let go of the file; a later look begins with the one that is there then."""
        if self._file is not None:
            self._file.close()
        self._file, self._begun = None, b""

    def _rest(self) -> list[str]:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return []
        *whole, self._begun = (self._begun + self._file.read()).split(b"\n")
        return [line.decode(errors="backslashreplace") for line in whole]

    def _is_rotated(self) -> bool:
        if self._file is None:
            return False
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False  # between the two renames of a rotation, or deleted: the next look knows
