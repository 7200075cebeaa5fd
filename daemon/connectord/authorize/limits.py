"""What one caller has sent of late, and when more may follow: gaps, and a backoff after errors (P8)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from connectord.authorize.turns import Ask, Lane, Rate
from connectord.base44.errors import Base44Error
from connectord.base44.pace import LONGEST_PUSH
from connectord.base44.retry import Retry

BACKOFF: Final = Retry(first_backoff=2.0, longest_backoff=30.0)
"""Full jitter on top of the Retry-After; a quarter of a link's time at the longest."""


def wait_after(failures: int, error: Base44Error, rng: random.Random) -> float:
    """Seconds to wait after so many failures in a row (from 1)."""
    floor = None if error.retry_after is None else min(error.retry_after, LONGEST_PUSH)
    return BACKOFF.wait(failures, floor, rng)


@dataclass(slots=True)
class SharedLimits:
    """The lanes of one caller at one host."""

    rate: Rate
    rng: random.Random
    lanes: dict[Ask, Lane] = field(default_factory=lambda: dict.fromkeys(Ask, Lane()))
    failures: dict[Ask, int] = field(default_factory=lambda: dict.fromkeys(Ask, 0))

    def begin(self, ask: Ask, now: float) -> None:
        """A request is sent. Who doesn't wait for its turn pushes the next ones out."""
        lane = self.lanes[ask]
        self.lanes[ask] = Lane(max(lane.free_at, now) + self._gap(ask), lane.under_way + 1)

    def ended(self, ask: Ask) -> None:
        """It was answered, or failed, or was given up."""
        lane = self.lanes[ask]
        self.lanes[ask] = replace(lane, under_way=lane.under_way - 1)

    def answered(self, ask: Ask) -> None:
        """It was answered: whatever fails now is one link's trouble, and not everybody's."""
        self.failures[ask] = 0

    def failed(self, ask: Ask, now: float, error: Base44Error) -> None:
        """It failed. One failure alone may be one link's; several in a row, or a 429, are everybody's."""
        self.failures[ask] += 1
        limited = error.status == HTTPStatus.TOO_MANY_REQUESTS
        in_a_row = self.failures[ask] - (0 if limited else 1)
        if in_a_row:
            lane = self.lanes[ask]
            until = now + wait_after(in_a_row, error, self.rng)
            self.lanes[ask] = replace(lane, free_at=max(lane.free_at, until))

    def forget_failures(self, now: float) -> None:
        """Try again at once, though never without the gap: whatever was in the way may be gone."""
        for ask, lane in self.lanes.items():
            self.failures[ask] = 0
            self.lanes[ask] = replace(lane, free_at=min(lane.free_at, now + self._gap(ask)))

    def _gap(self, ask: Ask) -> float:
        return self.rate.status_gap if ask is Ask.STATUS else self.rate.list_gap
