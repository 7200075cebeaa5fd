"""Settle and backoff, as tables of time and chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectord.sync import Backoff, Settle
from connectord.sync.timing import SHORTEST_BACKOFF


@pytest.mark.parametrize(
    ("now", "first", "last", "remaining"),
    [
        (0.0, 0.0, 0.0, 0.05),
        (0.03, 0.0, 0.0, 0.02),
        (0.05, 0.0, 0.0, 0.0),
        (0.06, 0.0, 0.04, 0.03),
        (1.99, 0.0, 1.98, 0.01),
        (2.5, 0.0, 2.49, -0.5),
    ],
)
def test_quiet_settles_and_the_cap_settles_anyway(now: float, first: float, last: float, remaining: float) -> None:
    assert Settle(quiet=0.05, cap=2.0).remaining(now=now, first=first, last=last) == pytest.approx(remaining)


@given(attempt=st.integers(1, 10_000), seed=st.integers(), floor=st.none() | st.floats(0, 1e6))
def test_p8_a_wait_is_never_tight_and_never_beyond_the_cap(attempt: int, seed: int, floor: float | None) -> None:
    backoff = Backoff(first=1.0, cap=300.0)
    delay = backoff.delay(attempt, random.Random(seed), floor=floor)
    assert max(SHORTEST_BACKOFF, min(floor or 0.0, 300.0)) <= delay <= 300.0


def test_p8_the_span_doubles_with_each_failure() -> None:
    class Highest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            del a
            return b

    delays = [Backoff(first=1.0, cap=10.0).delay(attempt, Highest()) for attempt in range(1, 7)]
    assert delays == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_defect_11_a_retry_after_of_an_hour_is_cut_to_the_cap() -> None:
    assert Backoff(cap=300.0).delay(1, random.Random(1), floor=3600.0) == 300.0
