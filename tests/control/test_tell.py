"""News: what is said of each event, to people and to programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.errors import Unreachable
from connectord.control.tell import tell, tell_notice
from connectord.control.tell_consent import tell_ended
from connectord.notify import Link, authorization_notice, stripe_notice
from connectord.project.model import Problem, ProblemCode, Project, Severity
from connectord.sync import Drift, DriftKind, Outcome, Plan, Result, Trigger
from connectord.sync.events import (
    ConnectorsGone,
    HoldChanged,
    LateConsent,
    ProblemsChanged,
    ProjectUnusable,
    PushFinished,
    PushStarted,
    Reconciled,
    ReconcileFailed,
    RemovalsChanged,
    RemovalsComing,
    RetryScheduled,
    SyncEvent,
)
from connectord.sync.guard import HoldReason
from connectord.sync.holds import HeldRemovals, HoldNews, HoldNewsKind

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PROJECT = Project(Path("/app"), Path("/app/base44/config.jsonc"), Path("/app/base44/connectors"), "1" * 24, "https://x")
SLACK = Path("/app/base44/connectors/slack.jsonc")
BROKEN = Problem(SLACK, ProblemCode.SYNTAX, "Expected a value.", 3, 14)
UNKNOWN = Problem(SLACK, ProblemCode.UNKNOWN_TYPE, "not a type", 2, 3, Severity.WARNING)
GONE = Problem(PROJECT.connectors_dir, ProblemCode.MISSING_DIRECTORY, "It isn't there.")
HOLD = HeldRemovals(HoldReason.ROOT_MISSING, ("a", "b"), "it isn't there", 1000.0)
LINK = Link("slack", "https://x/1")

NEVER_HERE = replace(HOLD, untracked=("a", "b"))
NOW_HELD = "Held (root-missing) now: a, b, because it isn't there."
APPROVE = "`connectord approve` removes the connectors"
WAYS_OUT = f"`connectord restore` writes the files back, {APPROVE}"
VOID = "The approval was for other connectors and is void"
SENTENCES: dict[str, tuple[SyncEvent, list[str]]] = {
    "unusable": (
        ProjectUnusable(PROJECT.root, Unreachable("gone")),
        ["gone Nothing of this project is pushed until that is mended."],
    ),
    "usable again": (ProjectUnusable(PROJECT.root, None), ["/app can be read again"]),
    "problems": (
        ProblemsChanged(PROJECT, (BROKEN, UNKNOWN), ()),
        [f"{SLACK}:3:14: Expected a value.", f"{SLACK}:2:3: not a type"],
    ),
    "mended, once a file": (ProblemsChanged(PROJECT, (), (BROKEN, UNKNOWN)), [f"{SLACK}: no longer a problem"]),
    "the directory is gone": (
        ProblemsChanged(PROJECT, (GONE,), ()),
        ["/app/base44/connectors: It isn't there. Nothing is removed because of that."],
    ),
    "push": (PushStarted(PROJECT, "1", Trigger.SAVE, ("a", "b")), ["Pushing a, b"]),
    "push done": (
        PushFinished(PROJECT, "1", (Outcome("a", Result.SYNCED), Outcome("b", Result.FAILED)), 0.5),
        ["Push done in 0.50 s: 2 connectors, 1 failed"],
    ),
    "retry": (RetryScheduled(PROJECT, ("a",), 4.2, "busy", "BUSY"), ["a: trying again in 4 s (busy)"]),
    "retry at once": (RetryScheduled(PROJECT, ("a",), 0.4, "busy", "BUSY"), ["a: trying again in a moment (busy)"]),
    "a removal is coming": (
        RemovalsComing(PROJECT, ("a",), 10.0),
        ["a: the file is gone; removed from Base44 in 10 s, unless it comes back"],
    ),
    "removals are coming": (
        RemovalsComing(PROJECT, ("a", "b"), 10.0),
        ["a, b: the files are gone; removed from Base44 in 10 s, unless they come back"],
    ),
    "the removal of what has no file here is coming": (
        RemovalsComing(PROJECT, ("a",), 10.0, untracked=True),
        ["a: it has no file here; removed from Base44 in 10 s, unless one comes (`connectord pull` writes it)"],
    ),
    "removals of what has no files here are coming": (
        RemovalsComing(PROJECT, ("a", "b"), 3.0, untracked=True),
        ["a, b: they have no files here; removed from Base44 in 3 s, unless one comes (`connectord pull` writes them)"],
    ),
    "a hold of what has no files here": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.CHANGED, NEVER_HERE)),
        [f"{NOW_HELD} `connectord pull` writes the files, {APPROVE}"],
    ),
    "a hold of which one has no file here": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.CHANGED, replace(NEVER_HERE, untracked=("b",)))),
        [f"{NOW_HELD} `connectord restore` writes the files back, `connectord pull` those of b, {APPROVE}"],
    ),
    "a hold": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.BEGAN, HOLD)),
        [f"Not removed from Base44: a, b. Held (root-missing), because it isn't there. {WAYS_OUT}"],
    ),
    "another set": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.CHANGED, HOLD)),
        [f"Held (root-missing) now: a, b, because it isn't there. {WAYS_OUT}"],
    ),
    "approved": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.APPROVED, HOLD)),
        ["Approved, to be removed from Base44: a, b"],
    ),
    "void": (
        HoldChanged(PROJECT, HoldNews(HoldNewsKind.VOID, HOLD)),
        [
            f"{VOID}. Held (root-missing) now: a, b, because it isn't there. {WAYS_OUT}",
        ],
    ),
    "over": (HoldChanged(PROJECT, HoldNews(HoldNewsKind.ENDED, HOLD)), ["No longer held (root-missing): a, b"]),
    "what waits": (RemovalsChanged(PROJECT, (), (HOLD,), ()), []),
    "forgotten": (ConnectorsGone(PROJECT, ("a", "b")), ["a, b: no file any more, and no consent on Base44: forgotten"]),
    "reconciled": (
        Reconciled(
            PROJECT,
            Plan(),
            drifts=(Drift("a", DriftKind.GONE), Drift("b", DriftKind.CHANGED)),
            untracked=("c",),
            late_consents=(LateConsent("d", 2, ("s",)), LateConsent("e", 0)),
        ),
        [
            "a was removed from Base44 by someone else; nothing was sent (`push` or `pull` settles it)",
            "b was changed on Base44 by someone else; nothing was sent (`push` or `pull` settles it)",
            "Only on Base44, left alone: c (`connectord pull` writes files for them)",
            "d: Added, but 1 of 2 scopes were not granted: s",
            "e: Added",
        ],
    ),
    "not reconciled": (
        ReconcileFailed(PROJECT, Unreachable("offline")),
        ["Base44 could not be asked what it has: offline"],
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_each_event_has_its_sentences(name: str) -> None:
    event, sentences = SENTENCES[name]
    assert [news.message for news in tell(event, NOW)] == sentences


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (AuthorizationState.AUTHORIZED, "slack: Added"),
        (AuthorizationState.FAILED, "slack: authorization failed: the consent was refused, or its link has expired"),
        (AuthorizationState.TIMED_OUT, "slack: authorization timed out; the connector still needs it"),
        (AuthorizationState.SKIPPED, "slack: authorization skipped"),
        (AuthorizationState.SUPERSEDED, "slack: the open authorization link is no longer needed"),
    ],
)
def test_each_end_of_an_authorization_has_its_sentence(state: AuthorizationState, sentence: str) -> None:
    opened = Authorization("/app", "slack", "https://x/1", "base44_1", ("a",), 0.0, 120.0)
    assert tell_ended(PROJECT, opened.ended(state), NOW).message == sentence


def test_a_problem_reaches_programs_with_its_place() -> None:
    (news,) = tell(ProblemsChanged(PROJECT, (BROKEN,), ()), NOW)
    assert (news.v, news.event, news.file, news.line, news.column, news.code) == (
        1,
        "file.invalid",
        str(SLACK),
        3,
        14,
        "syntax",
    )


def test_p11_a_batch_is_one_notice_with_a_link_each() -> None:
    notice = authorization_notice("my-app", ("slack", "github"), (LINK, Link("github", "https://x/2")))
    assert [news.message for news in tell_notice(notice, NOW)] == [
        "slack, github need your authorization (my-app):",
        "  slack: https://x/1",
        "  github: https://x/2",
    ]


def test_one_connector_needs_and_stripe_is_ready() -> None:
    assert authorization_notice("my-app", ("slack",), (LINK,)).title == "slack needs your authorization (my-app)"
    assert stripe_notice("my-app", "https://x/3").title == "The Stripe sandbox is ready to claim (my-app)"
