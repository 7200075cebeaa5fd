"""What the daemon of the tour says, line by line, for a step to wait for."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Collection, Mapping
from typing import IO, Any

from connectord.cli.demo.stage import DemoFailed

WITHIN_SECONDS = 45.0

Line = Mapping[str, Any]


class Listener:
    """Reads the daemon's JSON lines in a thread, which ends with the daemon's output."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: queue.Queue[Line | None] = queue.Queue()
        self._heard: list[Line] = []
        threading.Thread(target=self._read, daemon=True, name="listener").start()

    def forget(self) -> None:
        """What was said until now is of no further interest: the next step waits for something new."""
        self._drain()
        self._heard.clear()

    def heard(self, **wanted: object) -> list[Line]:
        """What was said since the step began and fits."""
        self._drain()
        return [line for line in self._heard if _fits(line, wanted)]

    def expect(self, *, within: float = WITHIN_SECONDS, **wanted: object) -> Line:
        """Wait for a line that fits, said since the step began. Raises DemoFailed when none comes in time."""
        deadline = time.monotonic() + within
        while True:
            fitting = next((line for line in self._heard if _fits(line, wanted)), None)
            if fitting is not None:
                return fitting
            self._heard.append(self._next(deadline, wanted))

    def expect_each(self, types: Collection[str], *, within: float = WITHIN_SECONDS, **wanted: object) -> None:
        """Wait until lines that fit have named each of these, in one line or in many. Raises DemoFailed as expect()."""
        deadline = time.monotonic() + within
        while set(types) - {name for line in self._heard if _fits(line, wanted) for name in line["types"]}:
            self._heard.append(self._next(deadline, wanted | {"types": list(types)}))

    def _next(self, deadline: float, wanted: Mapping[str, object]) -> Line:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise DemoFailed(f"The daemon did not say {dict(wanted)} in time.", details=self._last_words()) from None
        if line is None:
            raise DemoFailed(f"The daemon ended before it said {dict(wanted)}.", details=self._last_words())
        return line

    def _drain(self) -> None:
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            if line is not None:
                self._heard.append(line)

    def _last_words(self) -> tuple[str, ...]:
        return tuple(f"it said: {line.get('message')}" for line in self._heard[-8:])

    def _read(self) -> None:
        for raw in self._stream:
            self._lines.put(json.loads(raw))
        self._lines.put(None)


def _fits(line: Line, wanted: Mapping[str, object]) -> bool:
    return all(line.get(key) == value for key, value in wanted.items())
