"""Telling when so much changes that some of it may have been dropped.

watchfiles doesn't tell that the kernel's queue overflowed: notify's Rescan has no path, and watchfiles passes on
nothing without one (its issue 348).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from watchfiles import Change

FLOOD: Final = 1000
"""So many different changes in WINDOW_SECONDS are a flood. One file that is saved again and again is none."""

WINDOW_SECONDS: Final = 0.2


class Flow:
    """The changes of one subscription as they come."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent: set[tuple[Change, str]] = set()
        self._since = clock()

    def is_flood(self, changes: Collection[tuple[Change, str]]) -> bool:
        """Whether these, with those just before them, are so many that others may be missing."""
        now = self._clock()
        if now - self._since > WINDOW_SECONDS:
            self._recent.clear()
            self._since = now
        self._recent.update(changes)
        if len(self._recent) < FLOOD:
            return False
        self._recent.clear()
        return True
