"""When to look and when to try again: settle and backoff as pure functions of time and chance."""

from __future__ import annotations

import random
from dataclasses import dataclass

SHORTEST_BACKOFF = 0.5


@dataclass(frozen=True, slots=True)
class Settle:
    """When a burst of changes is over. All in seconds.

    `quiet` without a change settles it, `cap` after the first change settles it anyway (P1). `patience` is how long
    content that doesn't parse may wait for the other half of its save before it is reported.
    """

    quiet: float = 0.02
    cap: float = 2.0
    patience: float = 1.5

    def remaining(self, *, now: float, first: float, last: float) -> float:
        """How long to wait, now that the first and the last change are known; 0 or less: settled."""
        return min(last + self.quiet, first + self.cap) - now


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next try (P8): full jitter over a doubling span. All in seconds."""

    first: float = 1.0
    cap: float = 300.0

    def delay(self, attempt: int, rng: random.Random, *, floor: float | None = None) -> float:
        """The wait after the `attempt`-th failure, counted from 1; `floor` is the service's Retry-After.

        The floor is honoured up to the cap and no further (defect 11), and the wait is never so short that
        failures become a tight loop.
        """
        doublings = min(attempt - 1, 32)
        span = min(self.cap, self.first * 2**doublings)
        return min(self.cap, max(SHORTEST_BACKOFF, floor or 0.0, rng.uniform(0, span)))
