"""The documented limits: so many requests of an operation per minute and caller, as a sliding window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

from connectord.emulator.operations import OperationName
from connectord.emulator.refusals import TooManyRequests

WINDOW: Final = 60.0
"""Seconds."""

PER_WINDOW: Final = {OperationName.LIST: 60, OperationName.POLL: 70, OperationName.REMOVE: 10}
"""protocol.md, "Operations": documented limits per minute and caller."""


class Limits:
    """Counts requests. `clock` gives seconds; it need not be wall time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[OperationName, str], deque[float]] = {}

    def count(self, operation: OperationName, caller: str) -> None:
        """Note one request. Raises TooManyRequests; a refused request doesn't count."""
        if (allowed := PER_WINDOW.get(operation)) is None:
            return
        now = self._clock()
        times = self._seen.setdefault((operation, caller), deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= allowed:
            wait = max(1, math.ceil(times[0] + WINDOW - now))
            raise TooManyRequests(f"Rate limit exceeded: {allowed} per 1 minute", retry_after=wait)
        times.append(now)

    def forget(self) -> None:
        """Start counting anew."""
        self._seen.clear()
