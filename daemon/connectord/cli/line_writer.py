"""Lines to a pipe, a terminal or a file that keep nobody waiting: who stops reading loses lines, and that is all."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

LIMIT: Final = 1_000
"""Lines that may wait to be read. A pipe holds some 300 more."""

PATIENCE: Final = 1.0
"""Seconds that the last lines get at the end, when nobody reads."""

_NOBODY: Final = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO})
"""The pipe's reader ended, the terminal was closed: there is nobody to write for any more."""


class LineWriter:
    """Writes lines to `descriptor` in a thread of its own, which ends with the process.

    Where more than `limit` wait, or the disk takes none, lines are lost; `gap` makes the line that stands for so many
    once it goes on. `on_trouble` hears, in that thread, why lines are being lost: once when that begins.
    """

    def __init__(
        self, descriptor: int, *, gap: Callable[[int], str], on_trouble: Callable[[str], None], limit: int = LIMIT
    ) -> None:
        self._descriptor = descriptor
        self._gap = gap
        self._on_trouble = on_trouble
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._arrived = threading.Condition()
        self._unread = 0  # lost because too many waited
        self._unwritten = 0  # lost because the disk was full
        self._ended = self._troubled = self._cut = False
        # A buffered stream would be locked while its write hangs, and the interpreter's end waits for that lock.
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand in one line, without its newline. Never blocks and never fails."""
        with self._arrived:
            if len(self._waiting) >= self._limit:
                self._unread += 1
                return
            self._mark_gap()
            self._waiting.append(line)
            self._arrived.notify()

    def close(self, patience: float = PATIENCE) -> None:
        """Give what waits so many seconds to be read; what isn't by then is lost."""
        with self._arrived:
            self._mark_gap()
            self._ended = True
            self._arrived.notify()
        self._thread.join(patience)

    def _mark_gap(self) -> None:
        if self._unread:
            self._waiting.append(self._gap(self._unread))
            self._unread = 0

    def _run(self) -> None:
        try:
            while (line := self._next()) is not None:
                self._try(line)
        except OSError as error:
            self._tell(f"Nobody reads what is said here any more ({error.strerror}); the log has it all.")

    def _next(self) -> str | None:
        """The next line; None at the end."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._ended)
            return self._waiting.popleft() if self._waiting else None

    def _try(self, line: str) -> None:
        try:
            self._write(f"{self._gap(self._unwritten)}\n{line}" if self._unwritten else line)
        except OSError as error:
            if error.errno in _NOBODY:
                raise
            self._unwritten += 1
            self._tell(f"What is said here can't be written: {error.strerror}. Lines are being lost; the log has them.")
        else:
            self._unwritten, self._troubled = 0, False

    def _tell(self, sentence: str) -> None:
        if not self._troubled:
            self._troubled = True
            self._on_trouble(sentence)

    def _write(self, line: str) -> None:
        """All of a line, behind a newline where the one before was cut off by a full disk."""
        rest = memoryview(("\n" * self._cut + line + "\n").encode(errors="backslashreplace"))
        self._cut = False
        begun = len(rest)
        try:
            while rest:
                rest = rest[self._some(rest) :]
        except OSError:
            self._cut = len(rest) < begun
            raise

    def _some(self, data: memoryview) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # whoever shares the terminal has set it so
                select.select([], [self._descriptor], [])
