"""The programs that are measured side by side, as a benchmark sees them."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Protocol

WITHIN = 90.0
"""Seconds; what doesn't come in this time won't come."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a program said, and the monotonic time at which it was read."""

    at: float
    text: str


class Lines:
    """The lines of a stream as they come; a thread reads them, so that their times are true."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._queue: queue.Queue[Line | None] = queue.Queue()
        self._said: list[str] = []
        self._thread = threading.Thread(target=self._read, name="lines", daemon=True)
        self._thread.start()

    def expect(self, fits: Callable[[str], bool], within: float = WITHIN) -> Line:
        """The next line that fits. Raises TimeoutError, or EOFError, with what was said last."""
        end = time.monotonic() + within
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"nothing came that fits; the last lines: {self._said[-5:]}") from None
            if line is None:
                raise EOFError(f"it has ended; the last lines: {self._said[-5:]}")
            self._said = [*self._said[-4:], line.text]
            if fits(line.text):
                return line

    def _read(self) -> None:
        with contextlib.suppress(ValueError):  # whoever reads it has closed it
            for text in self._stream:
                self._queue.put(Line(time.monotonic(), text.rstrip("\n")))
        self._queue.put(None)


class Contender(Protocol):
    """Something that pushes a project's files when they are saved."""

    @property
    def name(self) -> str:
        """What it is called in the results."""
        ...

    @property
    def pid(self) -> int:
        """The process to look at, with all that it has started."""
        ...

    def done(self, within: float = WITHIN) -> float:
        """Wait until it says that it has finished a push; when it said so. Raises TimeoutError, EOFError."""
        ...


def settle(contender: Contender, quiet: float) -> None:
    """Wait until it has been silent for so many seconds: a program may see two changes in one save."""
    while True:
        try:
            contender.done(quiet)
        except TimeoutError:
            return


def fields(text: str) -> dict[str, Any]:
    """A JSON line's fields; none of any other line."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
