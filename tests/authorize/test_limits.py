"""Gaps between requests of a kind, and a backoff after errors in a row (P8)."""

from __future__ import annotations

import random

import pytest

from connectord.authorize.limits import SharedLimits, wait_after
from connectord.authorize.turns import Ask, documented
from connectord.base44 import Busy, Unreachable
from connectord.base44.pace import LONGEST_PUSH

NOW = 1000.0
DOWN = Unreachable("no route")


class Longest(random.Random):
    """Chance at its longest."""

    def uniform(self, a: float, b: float) -> float:
        return b


def limits() -> SharedLimits:
    return SharedLimits(documented(2.0), Longest())


def test_waits_double_up_to_half_a_minute() -> None:
    assert [wait_after(failures, DOWN, Longest()) for failures in range(1, 7)] == [2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("asked_for", "waited"), [(40.0, 42.0), (3600.0, LONGEST_PUSH + 2.0)])
def test_a_retry_after_is_a_floor_with_a_cap(asked_for: float, waited: float) -> None:
    assert wait_after(1, Busy("busy", status=503, retry_after=asked_for), Longest()) == waited


def test_a_request_that_does_not_wait_for_its_turn_pushes_the_next_ones_out() -> None:
    shared = limits()
    for _ in range(3):
        shared.begin(Ask.LIST, NOW)
    assert (shared.lanes[Ask.LIST].free_at, shared.lanes[Ask.LIST].under_way) == (NOW + 4.5, 3)
    assert shared.lanes[Ask.STATUS].under_way == 0


def test_one_failure_is_one_links_and_several_in_a_row_are_everybodys() -> None:
    shared = limits()
    free: list[float] = []
    for _ in range(3):
        shared.failed(Ask.STATUS, NOW, DOWN)
        free.append(shared.lanes[Ask.STATUS].free_at - NOW)
    assert free[1:] == [2.0, 4.0]
    assert free[0] < 0


def test_an_answer_ends_the_row() -> None:
    shared = limits()
    shared.failed(Ask.STATUS, NOW, DOWN)
    shared.answered(Ask.STATUS)
    shared.failed(Ask.STATUS, NOW, DOWN)
    assert shared.lanes[Ask.STATUS].free_at < NOW


def test_a_429_is_everybodys_at_once_and_of_its_kind_alone() -> None:
    shared = limits()
    shared.failed(Ask.LIST, NOW, Busy("slow down", status=429, retry_after=20.0))
    assert shared.lanes[Ask.LIST].free_at == NOW + 22.0
    assert shared.lanes[Ask.STATUS].free_at < NOW


def test_failures_that_are_forgotten_delay_nobody_but_by_the_gap() -> None:
    shared = limits()
    for _ in range(6):
        shared.failed(Ask.STATUS, NOW, DOWN)
    shared.forget_failures(NOW)
    assert shared.lanes[Ask.STATUS].free_at == NOW + 1.0
    shared.failed(Ask.STATUS, NOW, DOWN)
    assert shared.lanes[Ask.STATUS].free_at == NOW + 1.0
