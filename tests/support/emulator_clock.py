"""A clock that moves when it is told to."""

from __future__ import annotations


class StandingClock:
    """Seconds since the epoch; `clock()` reads it, `forward` moves it."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds
