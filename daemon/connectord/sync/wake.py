"""When to look again for something that waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable


class Wake:
    """One wake-up is enough, however often a project is looked at meanwhile: every look asks for the next."""

    def __init__(self, look_again: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._look_again = look_again
        self._clock = clock
        self._at = -math.inf

    def within(self, waits: Iterable[float | None]) -> None:
        """Look again when the first of these (seconds) is over; None: something else will wake us."""
        first = min((seconds for seconds in waits if seconds is not None), default=None)
        if first is None:
            return
        now, at = self._clock(), self._clock() + first
        if self._at <= now or at < self._at:
            self._at = at
            self._look_again(at - now)
