"""What of a push is told: a retry that fails as the one before it is not (P7, P11)."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from connectord.base44 import App
from connectord.daemon.repeats import Repeats
from connectord.project import Project
from connectord.sync import Outcome, Result, Trigger
from connectord.sync.events import OutcomeKnown, PushFinished, PushStarted, RetryScheduled, SyncEvent

PROJECT = Project(Path("/shop"), None, Path("/shop/connectors"), "app", "https://example.com")
APP = cast("App", None)

FAILED, DONE = Outcome("slack", Result.FAILED, code="UNREACHABLE"), Outcome("slack", Result.REMOVED)


def a_try(
    trigger: Trigger, outcome: Outcome = FAILED, *, again: bool = False, removal: bool = False
) -> list[SyncEvent]:
    types = ((), (outcome.type,)) if removal else ((outcome.type,), ())
    tried_again = [RetryScheduled(PROJECT, (outcome.type,), 1.0, "no route", "UNREACHABLE")]
    return [
        PushStarted(PROJECT, "job", trigger, *types),
        OutcomeKnown(PROJECT, APP, "job", None, outcome, again=again),
        PushFinished(PROJECT, "job", (outcome,), 0.1),
        *(tried_again if outcome is FAILED else []),
    ]


def heard(repeats: Repeats, events: list[SyncEvent]) -> list[str]:
    return [type(event).__name__ for event in events if repeats.is_news(event)]


ALL = ["PushStarted", "OutcomeKnown", "PushFinished", "RetryScheduled"]


@pytest.mark.parametrize("removal", [False, True])
def test_p11_a_retry_that_fails_as_before_is_silent_until_it_ends(removal: bool) -> None:
    repeats = Repeats()
    assert heard(repeats, a_try(Trigger.REMOVAL, removal=removal)) == ALL
    assert heard(repeats, a_try(Trigger.RETRY, again=True, removal=removal)) == []
    assert heard(repeats, a_try(Trigger.RETRY, DONE, removal=removal)) == ["OutcomeKnown", "PushFinished"]
    assert heard(repeats, a_try(Trigger.REMOVAL, removal=removal)) == ALL


def test_a_removal_that_is_tried_for_the_first_time_is_told_though_a_retry_was_the_reason_to_look() -> None:
    assert heard(Repeats(), a_try(Trigger.RETRY, DONE, removal=True)) == ALL[:3]


def test_a_save_is_told_though_it_fails_as_before() -> None:
    repeats = Repeats()
    heard(repeats, a_try(Trigger.SAVE))
    assert heard(repeats, a_try(Trigger.SAVE, again=True)) == ["PushStarted", "PushFinished"]


def test_p11_two_connectors_that_take_turns_at_failing_are_told_once_each() -> None:
    repeats = Repeats()
    other = RetryScheduled(PROJECT, ("github",), 8.0, "no route", "UNREACHABLE")
    mine = RetryScheduled(PROJECT, ("slack",), 1.0, "no route", "UNREACHABLE")
    assert [repeats.is_news(event) for event in (mine, other, mine, other)] == [True, True, False, False]


def test_a_failure_that_began_anew_says_again_that_it_is_tried_again() -> None:
    repeats = Repeats()
    heard(repeats, a_try(Trigger.SAVE))
    assert heard(repeats, a_try(Trigger.SAVE, again=False)) == ALL
