"""When what failed is tried again: each connector backs off by its own failures in a row (P8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from connectord.base44.errors import (
    CredentialsUnusable,
    Forbidden,
    NotFound,
    SignedOut,
    TimedOut,
    Unreachable,
)
from connectord.project.model import Project
from connectord.sync.effects import PushEffects
from connectord.sync.events import RetryScheduled
from connectord.sync.outcome import Outcome, Result

OFFLINE_CAP = 5.0
"""Seconds between two tries while nobody answers: that costs the service nothing."""

SLOW_SECONDS = 300.0
"""After so long even a refusal is worth another try where the reason lies beside the file: access, the app, a disk."""

OFFLINE = frozenset({Unreachable.code, TimedOut.code})
ENDS_WITH_A_LOGIN = frozenset({SignedOut.code, CredentialsUnusable.code})
ENDS_ELSEWHERE = frozenset({Forbidden.code, NotFound.code})


def passes(failure: Outcome) -> bool:
    """Whether the same request may succeed later, with nothing but time or a login."""
    return failure.transient or failure.code in ENDS_WITH_A_LOGIN


class Retries:
    """Schedules another look for what failed for a passing reason."""

    def __init__(self, effects: PushEffects, look_again: Callable[[float], None]) -> None:
        self._effects = effects
        self._look_again = look_again
        self._failures: Counter[str] = Counter()

    def forget(self) -> None:
        """Count from the beginning: what these waited for has ended."""
        self._failures.clear()

    def schedule(self, project: Project, outcomes: tuple[Outcome, ...]) -> list[tuple[Outcome, float]]:
        """Take the outcomes of a job in, and say of each that is tried again when (by the clock)."""
        failures = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
        passing = [one for one in failures if passes(one)]
        elsewhere = [one for one in failures if one.code in ENDS_ELSEWHERE and one not in passing]
        again = {outcome.type: self._failures[outcome.type] + 1 for outcome in passing}
        for outcome in outcomes:
            del self._failures[outcome.type]
        self._failures.update(again)
        scheduled = self._together(project, elsewhere, SLOW_SECONDS) if elsewhere else []
        for count in sorted(set(again.values())):
            together = [outcome for outcome in passing if again[outcome.type] == count]
            scheduled += self._together(project, together, self._delay(together, count))
        return scheduled

    def _together(self, project: Project, failures: list[Outcome], delay: float) -> list[tuple[Outcome, float]]:
        until = self._effects.clock() + delay
        first, types = failures[0], tuple(outcome.type for outcome in failures)
        self._effects.emit(RetryScheduled(project, types, delay, first.error or "", first.code or ""))
        self._look_again(delay)
        return [(outcome, until) for outcome in failures]

    def _delay(self, passing: list[Outcome], count: int) -> float:
        effects = self._effects
        floor = max((outcome.retry_after or 0.0 for outcome in passing), default=0.0)
        delay = effects.backoff.delay(count, effects.rng, floor=floor)
        return min(delay, OFFLINE_CAP) if all(outcome.code in OFFLINE for outcome in passing) else delay
