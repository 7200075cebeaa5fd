"""When to look again for something that waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from connectord.sync.guard import Hold, HoldReason, Verdict, Wait, WaitReason

GIT_HELD_LOOK_SECONDS: Final = 15.0
"""How often git is looked at while it keeps removals held: that its lock goes is no event."""


class Wake:
    """One wake-up is enough, however often a project is looked at meanwhile: every look asks for the next."""

    def __init__(self, look_again: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._look_again = look_again
        self._clock = clock
        self._at = -math.inf

    def for_the_sake_of(self, verdicts: Iterable[Verdict], *more: float | None) -> None:
        """Look again when one of these removals may go on, or when the first of `more` (seconds) is over."""
        self.within([*(_seconds(verdict) for verdict in verdicts), *more])

    def within(self, waits: Iterable[float | None]) -> None:
        """Look again when the first of these (seconds) is over; None: something else will wake us."""
        first = min((seconds for seconds in waits if seconds is not None), default=None)
        if first is None:
            return
        now, at = self._clock(), self._clock() + first
        if self._at <= now or at < self._at:
            self._at = at
            self._look_again(at - now)


def _seconds(verdict: Verdict) -> float | None:
    if isinstance(verdict, Hold):
        return GIT_HELD_LOOK_SECONDS if verdict.reason is HoldReason.GIT_BUSY else None
    # What failed is woken by whoever scheduled its next try (retries.py).
    return verdict.seconds if isinstance(verdict, Wait) and verdict.reason is not WaitReason.FAILED else None
