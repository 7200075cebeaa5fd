"""When changes are so many that some may be missing."""

from __future__ import annotations

from watchfiles import Change

from connectord.watch.flow import FLOOD, WINDOW_SECONDS, Flow


def of(*numbers: int) -> set[tuple[Change, str]]:
    return {(Change.modified, f"/one/{number}") for number in numbers}


def test_very_many_at_once_are_a_flood_and_one_less_is_none() -> None:
    assert Flow().is_flood(of(*range(FLOOD)))
    assert not Flow().is_flood(of(*range(FLOOD - 1)))


def test_very_many_in_small_batches_are_a_flood_which_is_told_once() -> None:
    flow = Flow(clock=lambda: 0.0)
    told = [flow.is_flood(of(number)) for number in range(FLOOD + 1)]
    assert told == [False] * (FLOOD - 1) + [True, False]


def test_the_same_forty_files_saved_ten_thousand_times_are_no_flood() -> None:
    flow = Flow(clock=lambda: 0.0)
    assert not any(flow.is_flood(of(number % 40)) for number in range(10_000))


def test_what_came_long_before_counts_no_more() -> None:
    now = [0.0]
    flow = Flow(clock=lambda: now[0])
    assert not flow.is_flood(of(*range(FLOOD - 1)))
    now[0] += 2 * WINDOW_SECONDS
    assert not flow.is_flood(of(-1))
