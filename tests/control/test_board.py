"""The board: what every event makes of a status (P12)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44 import App
from connectord.base44.errors import Forbidden, NotFound, SignedOut, TimedOut, Unreachable
from connectord.base44.models import ConnectionStatus
from connectord.control.board import Board
from connectord.control.entries import Entry
from connectord.control.models import ConnectorState, ConnectorStatus, ProjectState
from connectord.errors import ConnectordError
from connectord.project.model import (
    Connector,
    DirectoryState,
    Problem,
    ProblemCode,
    Project,
    Severity,
    Snapshot,
)
from connectord.sync.events import (
    LateConsent,
    Looked,
    OutcomeKnown,
    ProjectUnusable,
    PushFinished,
    PushStarted,
    Reconciled,
    ReconcileFailed,
    RemovalsChanged,
    RetryScheduled,
    SyncEvent,
    WaitingRemoval,
)
from connectord.sync.guard import HoldReason, WaitReason
from connectord.sync.holds import HeldRemovals
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import Drift, DriftKind, LostConsent, Plan
from connectord.sync.queue import Trigger

ROOT = Path("/shop")
FOLDER = ROOT / "connectors"
PROJECT = Project(ROOT, None, FOLDER, "0123456789abcdef01234567", "https://app.base44.com")
AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
NOBODY = cast("App", None)


def a_file(name: str) -> Connector:
    return Connector(name, ("read",), file=FOLDER / f"{name}.jsonc")


def looked(*names: str, problems: tuple[Problem, ...] = (), **plan: Any) -> Looked:
    """A look at valid files of these names; the plan says that they need nothing unless told otherwise."""
    files = tuple(a_file(name) for name in names)
    to_send = {one.type for one in plan.get("sets", ())} | set(plan.get("parked", ()))
    unchanged = tuple(name for name in names if name not in to_send and not (name == "stripe" and "provision" in plan))
    return Looked(
        PROJECT,
        Snapshot(FOLDER, DirectoryState.PRESENT, files, problems),
        Plan(unchanged=plan.pop("unchanged", unchanged), **plan),
    )


def outcome(result: Result, name: str = "slack", **more: Any) -> OutcomeKnown:
    return OutcomeKnown(PROJECT, NOBODY, "job", a_file(name), Outcome(name, result, **more))


def finished(*outcomes: OutcomeKnown) -> PushFinished:
    return PushFinished(PROJECT, "job", tuple(one.outcome for one in outcomes), 0.25)


def retry(code: str) -> RetryScheduled:
    return RetryScheduled(PROJECT, ("slack",), 3.0, "in a sentence", code)


def an_authorization(state: AuthorizationState, **more: Any) -> Authorization:
    return Authorization("/shop", "slack", "https://link", None, ("read", "write"), 0.0, 120.0, state, **more)


def a_problem(file: str = "slack.jsonc", severity: Severity = Severity.ERROR) -> Problem:
    return Problem(FOLDER / file, ProblemCode.SYNTAX, "not JSON5", 3, 7, severity)


@dataclass
class Memory:
    """What the store would say."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def __call__(self, types: Collection[str]) -> dict[str, Entry]:
        return {name: entry for name, entry in self.entries.items() if name in types}


def a_board(*events: SyncEvent, remember: Memory | None = None) -> Board:
    board = Board(ROOT, remember or Memory())
    for event in events:
        board.apply(event, AT)
    return board


def the_one(board: Board) -> ConnectorStatus:
    (only,) = board.status().connectors
    return only


def test_before_the_first_look_it_is_syncing_and_knows_no_connector() -> None:
    status = Board(ROOT, Memory()).status()
    assert (status.state, status.connectors, status.app_id) == (ProjectState.SYNCING, (), "")


def test_what_needs_no_push_is_synced() -> None:
    board = a_board(looked("slack"))
    one = the_one(board)
    assert (one.state, one.scopes, one.file) == (ConnectorState.SYNCED, ("read",), str(FOLDER / "slack.jsonc"))
    assert board.state is ProjectState.SYNCED


def test_a_project_without_connectors_is_synced() -> None:
    assert a_board(looked()).state is ProjectState.SYNCED


def test_what_is_to_be_sent_is_queued_then_pushed() -> None:
    board = a_board(looked("slack", sets=(a_file("slack"),)))
    queued = the_one(board).state
    board.apply(PushStarted(PROJECT, "job", Trigger.SAVE, ("slack",)), AT)
    assert (queued, the_one(board).state) == (ConnectorState.QUEUED, ConnectorState.PUSHING)
    assert board.state is ProjectState.SYNCING


def test_a_look_during_a_push_leaves_it_pushing() -> None:
    look = looked("slack", sets=(a_file("slack"),))
    board = a_board(look, PushStarted(PROJECT, "job", Trigger.SAVE, ("slack",)), look)
    assert the_one(board).state is ConnectorState.PUSHING


def test_stripe_is_queued_by_its_own_word() -> None:
    assert the_one(a_board(looked("stripe", provision=True, unchanged=()))).state is ConnectorState.QUEUED


@pytest.mark.parametrize(
    ("result", "state", "project"),
    [
        (Result.SYNCED, ConnectorState.SYNCED, ProjectState.SYNCED),
        (Result.PROVISIONED, ConnectorState.SYNCED, ProjectState.SYNCED),
        (Result.NEEDS_AUTHORIZATION, ConnectorState.NEEDS_AUTHORIZATION, ProjectState.NEEDS_ACTION),
        (Result.FAILED, ConnectorState.FAILED, ProjectState.NEEDS_ACTION),
    ],
)
def test_p12_an_outcome_is_shown_as_what_it_is(result: Result, state: ConnectorState, project: ProjectState) -> None:
    link = "https://link" if result is Result.NEEDS_AUTHORIZATION else None
    known = outcome(result, error="why", authorize_url=link)
    board = a_board(looked("slack", sets=(a_file("slack"),)), known, finished(known))
    one = the_one(board)
    assert (one.state, one.error, one.authorize_url, board.state) == (state, "why", link, project)


def test_p12_a_removal_that_its_file_has_stopped_leaves_nothing_held() -> None:
    board = a_board(looked("slack"), outcome(Result.HELD, error="not removed: its file is back"))
    assert (the_one(board).state, the_one(board).error) == (ConnectorState.SYNCED, None)
    assert board.state is ProjectState.SYNCED


def test_a_removed_one_is_no_longer_said() -> None:
    assert a_board(looked("slack"), outcome(Result.REMOVED)).status().connectors == ()


def test_what_to_do_about_an_error_shows_beside_its_connector_and_its_project() -> None:
    known = outcome(Result.FAILED, error="refused", todo="Mend it.", code=NotFound.code)
    status = a_board(looked("slack"), known).status()
    assert (status.todo, [one.todo for one in status.connectors]) == ("Mend it.", ["Mend it."])


def test_what_to_do_shows_for_what_is_waited_for_and_for_what_can_not_be_read() -> None:
    known = outcome(Result.FAILED, error="gone", todo="Check the network.", code=Unreachable.code)
    board = a_board(looked("slack", sets=(a_file("slack"),)), known, finished(known), retry(Unreachable.code))
    board.apply(PushStarted(PROJECT, "job", Trigger.RETRY, ("slack",)), AT)
    waiting = board.status().todo
    board.apply(ProjectUnusable(ROOT, ConnectordError("no disk", todo=("Mount it.",))), AT)
    assert (waiting, board.status().todo) == ("Check the network.", "Mount it.")


@pytest.mark.parametrize("code", [NotFound.code, Forbidden.code])
def test_an_app_that_is_gone_or_closed_halts_the_project_and_says_why(code: str) -> None:
    status = a_board(looked("slack"), outcome(Result.FAILED, error="no such app", code=code)).status()
    assert (status.state, status.error) == (ProjectState.HALTED, "no such app")


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (SignedOut.code, ProjectState.SIGNED_OUT),
        (Unreachable.code, ProjectState.OFFLINE),
        (TimedOut.code, ProjectState.OFFLINE),
        ("BUSY", ProjectState.SYNCING),
    ],
)
def test_what_is_waited_for_is_the_projects_state(code: str, state: ProjectState) -> None:
    known = outcome(Result.FAILED, code=code)
    status = a_board(looked("slack", sets=(a_file("slack"),)), known, finished(known), retry(code)).status()
    assert (status.state, status.error) == (state, "in a sentence")


def test_what_only_base44_had_is_tracked_as_soon_as_its_file_is_there_and_after_its_end_when_it_was_pushed() -> None:
    board = a_board(looked("github"), Reconciled(PROJECT, Plan(untracked=("Slack", "notion"))))
    before = board.status().untracked
    board.apply(looked("github", "slack", sets=(a_file("slack"),)), AT)
    added = board.status().untracked
    board.apply(outcome(Result.SYNCED), AT)
    board.apply(looked("github"), AT)
    assert (before, added, board.status().untracked) == (("Slack", "notion"), ("notion",), ("notion",))


def test_one_connector_that_hangs_beside_others_that_are_answered_is_not_offline() -> None:
    hangs, fine = outcome(Result.FAILED, code=TimedOut.code), outcome(Result.SYNCED, "github")
    board = a_board(looked("slack", "github"), hangs, fine, finished(fine, hangs), retry(TimedOut.code))
    assert board.state is ProjectState.SYNCING


def test_offline_shows_beside_a_removal_that_waits_for_the_sets_and_ends_when_the_list_is_answered() -> None:
    hangs, waits = outcome(Result.FAILED, code=TimedOut.code), outcome(Result.HELD, "github", code=WaitReason.UNSENT)
    board = a_board(looked("slack"), hangs, finished(hangs, waits), retry(TimedOut.code))
    offline = board.state
    board.apply(Reconciled(PROJECT, Plan()), AT)
    assert (offline, board.state) == (ProjectState.OFFLINE, ProjectState.SYNCING)


def test_a_list_that_is_not_answered_in_time_is_offline_though_nothing_waits() -> None:
    board = a_board(looked("slack"), ReconcileFailed(PROJECT, TimedOut("no answer")))
    assert (board.state, board.status().error) == (ProjectState.OFFLINE, "no answer")


def test_waiting_goes_on_over_a_look_that_finds_it_parked_and_ends_when_nothing_waits() -> None:
    board = a_board(looked("slack"), retry(Unreachable.code), looked("slack", parked=("slack",)))
    offline = board.state
    board.apply(looked("slack"), AT)
    assert (offline, board.state) == (ProjectState.OFFLINE, ProjectState.SYNCED)


def test_waiting_ends_when_its_file_breaks_though_another_one_is_parked_for_good() -> None:
    board = a_board(looked("slack", "github"), retry("BUSY"))
    board.apply(looked("github", problems=(a_problem(),), parked=("github",)), AT)
    assert board.state is ProjectState.NEEDS_ACTION


def test_a_finished_push_is_the_last_one() -> None:
    known = outcome(Result.SYNCED)
    board = a_board(looked("slack"), PushStarted(PROJECT, "job", Trigger.SAVE, ("slack",)), known, finished(known))
    last = board.status().last_push
    assert last is not None
    assert (last.id, last.trigger, last.duration_ms, last.outcomes) == ("job", "save", 250, {"slack": "synced"})


def test_p12_a_failed_one_that_was_taken_back_is_what_the_store_remembers() -> None:
    waiting = Entry(ConnectorState.TIMED_OUT, AT, authorize_url="https://link")
    board = a_board(
        looked("slack"), outcome(Result.FAILED), looked("slack"), remember=Memory({"slack": waiting})
    )  # fmt: skip
    assert the_one(board).state is ConnectorState.TIMED_OUT


def test_p10_a_restart_remembers_what_waits_for_a_person() -> None:
    waiting = Entry(ConnectorState.NEEDS_AUTHORIZATION, AT, authorize_url="https://link")
    board = a_board(looked("slack"), remember=Memory({"slack": waiting}))
    assert (the_one(board).authorize_url, board.state) == ("https://link", ProjectState.NEEDS_ACTION)


def test_a_look_doesnt_overwrite_what_was_said_of_an_unchanged_one() -> None:
    board = a_board(looked("slack"), outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link"), looked("slack"))
    assert the_one(board).authorize_url == "https://link"


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (AuthorizationState.OPEN, ConnectorState.NEEDS_AUTHORIZATION),
        (AuthorizationState.TIMED_OUT, ConnectorState.TIMED_OUT),
        (AuthorizationState.SKIPPED, ConnectorState.SKIPPED),
    ],
)
def test_p10_an_authorization_that_is_not_given_keeps_its_link_in_sight(
    state: AuthorizationState, shown: ConnectorState
) -> None:
    board = a_board(looked("slack"))
    board.authorization(an_authorization(state), LATER)
    one = the_one(board)
    assert (one.state, one.authorize_url, one.updated_at) == (shown, "https://link", LATER)
    assert board.state is ProjectState.NEEDS_ACTION


def test_p12_a_link_that_base44_has_ended_is_not_offered_again() -> None:
    board = a_board(looked("slack"), outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link"))
    board.authorization(an_authorization(AuthorizationState.FAILED), LATER)
    assert (the_one(board).state, the_one(board).authorize_url) == (ConnectorState.AUTHORIZATION_FAILED, None)
    assert board.state is ProjectState.NEEDS_ACTION


def test_defect_10_an_authorization_that_is_given_says_what_was_not_granted() -> None:
    board = a_board(looked("slack"))
    board.authorization(an_authorization(AuthorizationState.AUTHORIZED, granted=("read",)), AT)
    one = the_one(board)
    assert (one.state, one.missing_scopes, one.authorize_url) == (ConnectorState.SYNCED, ("write",), None)


def test_a_superseded_link_says_nothing_of_its_connector() -> None:
    board = a_board(looked("slack"), outcome(Result.SYNCED))
    board.authorization(an_authorization(AuthorizationState.SUPERSEDED), LATER)
    assert (the_one(board).state, the_one(board).updated_at) == (ConnectorState.SYNCED, AT)


def test_a_broken_file_is_invalid_and_a_problem_with_its_place() -> None:
    status = a_board(looked(problems=(a_problem(),))).status()
    (one,), (problem,) = status.connectors, status.problems
    assert (one.type, one.state) == ("slack", ConnectorState.INVALID)
    assert (problem.file, problem.line, problem.column) == (str(FOLDER / "slack.jsonc"), 3, 7)
    assert status.state is ProjectState.NEEDS_ACTION


def test_a_warning_needs_nobody() -> None:
    status = a_board(looked("slack", problems=(a_problem(severity=Severity.WARNING),))).status()
    assert (status.state, len(status.problems), len(status.connectors)) == (ProjectState.SYNCED, 1, 1)


def removals(
    *waiting: WaitingRemoval, held: tuple[str, ...] = (), kept: tuple[str, ...] = (), approved: bool = False
) -> RemovalsChanged:
    hold = HeldRemovals(HoldReason.MASS_REMOVAL, held, "3 of 5 are gone", AT.timestamp(), approved)
    return RemovalsChanged(PROJECT, waiting, (hold,) if held else (), kept)


@pytest.mark.parametrize(
    ("reason", "state", "project"),
    [
        (None, ConnectorState.REMOVING, ProjectState.SYNCING),
        (WaitReason.GRACE, ConnectorState.REMOVING, ProjectState.SYNCING),
        (WaitReason.GIT_BUSY, ConnectorState.REMOVING, ProjectState.SYNCING),
        (WaitReason.PROBLEMS, ConnectorState.HELD, ProjectState.NEEDS_ACTION),
        (WaitReason.UNSENT, ConnectorState.HELD, ProjectState.NEEDS_ACTION),
        (WaitReason.FAILED, ConnectorState.FAILED, ProjectState.NEEDS_ACTION),
    ],
)
def test_a_removal_that_waits_is_shown_with_what_it_waits_for(
    reason: WaitReason | None, state: ConnectorState, project: ProjectState
) -> None:
    board = a_board(looked("github"), removals(WaitingRemoval("slack", reason, "because")))
    line = next(one for one in board.status().connectors if one.type == "slack")
    assert (line.state, board.state) == (state, project)
    assert (line.error or "").endswith("because")


def test_a_removal_that_is_coming_says_when() -> None:
    coming = WaitingRemoval("slack", WaitReason.GRACE, "its file is gone", at=AT.timestamp() + 10)
    board = a_board(looked("github"), removals(coming))
    line = next(one for one in board.status().connectors if one.type == "slack")
    assert (line.error, line.removal_at) == ("its file is gone", AT + timedelta(seconds=10))


@pytest.mark.parametrize("reason", [WaitReason.PROBLEMS, WaitReason.GIT_BUSY, WaitReason.UNSENT])
def test_p12_of_what_has_no_file_here_no_file_is_said_to_be_gone(reason: WaitReason) -> None:
    waits = WaitingRemoval("slack", reason, "because", untracked=True)
    line = the_one(a_board(looked(), removals(waits)))
    assert (line.error or "").startswith("it has no file here; not removed while")
    assert line.untracked


def test_p12_a_hold_says_which_of_its_connectors_never_had_a_file_here() -> None:
    hold = HeldRemovals(HoldReason.MASS_REMOVAL, ("linear", "slack"), "many", AT.timestamp(), untracked=("slack",))
    status = a_board(looked("github"), RemovalsChanged(PROJECT, (), (hold,), ())).status()
    assert [(line.type, line.untracked) for line in status.connectors] == [
        ("github", False),
        ("linear", False),
        ("slack", True),
    ]


def test_p5_a_hold_is_shown_with_its_reason_its_connectors_and_since_when() -> None:
    status = a_board(looked("github"), removals(held=("linear", "slack"))).status()
    (hold,) = status.held
    assert (hold.reason, hold.types, hold.since) == ("mass-removal", ("linear", "slack"), AT)
    assert hold.why == "3 of 5 are gone"
    assert [one.type for one in status.connectors if one.state is ConnectorState.HELD] == ["linear", "slack"]
    assert status.state is ProjectState.NEEDS_ACTION


def test_p6_an_approved_removal_is_under_way() -> None:
    board = a_board(looked("github"), removals(WaitingRemoval("slack", None, ""), held=("slack",), approved=True))
    (hold,) = board.status().held
    assert (hold.approved, board.state) == (True, ProjectState.SYNCING)


def test_p5_a_hold_that_is_over_is_not_shown() -> None:
    board = a_board(looked("slack"), removals(held=("slack",)), removals())
    assert (board.status().held, board.state) == ((), ProjectState.SYNCED)


def test_p10_an_open_link_is_shown_while_its_file_is_gone() -> None:
    link = "https://base44.test/consent"
    linked = outcome(Result.NEEDS_AUTHORIZATION, authorize_url=link)
    board = a_board(looked("slack", sets=(a_file("slack"),)), linked, looked(), removals(held=("slack",)))
    assert the_one(board).authorize_url == link


def test_what_the_settings_keep_is_untracked() -> None:
    board = a_board(looked("github"), removals(kept=("slack",)))
    assert (board.status().untracked, board.state) == (("slack",), ProjectState.SYNCED)


@pytest.mark.parametrize("reason", WaitReason)
def test_p12_whatever_a_removal_waits_for_shows(reason: WaitReason) -> None:
    board = a_board(looked(), RemovalsChanged(PROJECT, (WaitingRemoval("slack", reason, "it is early"),), (), ()))
    assert "it is early" in (the_one(board).error or "")


def test_p12_what_a_mirror_is_to_remove_or_has_removed_is_not_left_alone() -> None:
    there = Reconciled(PROJECT, Plan(untracked=("gmail", "notion", "slack")))
    hold = HeldRemovals(HoldReason.MASS_REMOVAL, ("gmail",), "many", AT.timestamp())
    waiting = (WaitingRemoval("slack", WaitReason.GRACE, "its file is gone"),)
    board = a_board(looked(), there, RemovalsChanged(PROJECT, waiting, (hold,), ()))
    assert board.status().untracked == ("notion",)
    board.apply(outcome(Result.REMOVED), AT)
    board.apply(RemovalsChanged(PROJECT, (), (), ()), AT)
    assert board.status().untracked == ("gmail", "notion")


def test_p12_what_is_untracked_in_one_app_is_not_said_of_another() -> None:
    board = a_board(looked(), Reconciled(PROJECT, Plan(untracked=("slack",))))
    board.apply(replace(looked(), project=replace(PROJECT, app_id="f" * 24)), LATER)
    assert board.status().untracked == ()


def test_reconciling_tells_drift_lost_consents_and_what_is_untracked() -> None:
    plan = Plan(
        unchanged=("slack", "github", "linear", "notion"),
        drifts=(Drift("slack", DriftKind.CHANGED),),
        unauthorized=(
            LostConsent("github", ConnectionStatus.EXPIRED),
            LostConsent("linear", ConnectionStatus.DISCONNECTED),
            LostConsent("notion"),
        ),
        untracked=("gmail",),
    )
    status = a_board(looked("slack", "github", "linear", "notion"), Reconciled(PROJECT, plan)).status()
    assert {one.type: one.state.value for one in status.connectors} == {
        "slack": "drifted",
        "github": "expired",
        "linear": "disconnected",
        "notion": "needs-authorization",
    }
    assert (status.untracked, status.state) == (("gmail",), ProjectState.NEEDS_ACTION)


def test_p10_reconciling_keeps_the_link_of_a_connector_that_waits() -> None:
    waits = outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link")
    plan = Plan(unchanged=("slack",), unauthorized=(LostConsent("slack"),))
    assert the_one(a_board(looked("slack"), waits, Reconciled(PROJECT, plan))).authorize_url == "https://link"


def test_drift_that_was_settled_elsewhere_is_synced_again() -> None:
    drifted = Reconciled(PROJECT, Plan(unchanged=("slack",), drifts=(Drift("slack", DriftKind.GONE),)))
    board = a_board(looked("slack"), drifted, Reconciled(PROJECT, Plan(unchanged=("slack",))))
    assert board.state is ProjectState.SYNCED


def test_reconciling_leaves_what_is_being_pushed_alone() -> None:
    pushing = PushStarted(PROJECT, "job", Trigger.SAVE, ("slack",))
    board = a_board(looked("slack"), pushing, Reconciled(PROJECT, Plan(unchanged=("slack",))))
    assert the_one(board).state is ConnectorState.PUSHING


def test_a_late_consent_is_synced_with_what_it_lacks() -> None:
    waits = outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link")
    late = Reconciled(PROJECT, Plan(unchanged=("slack",)), late_consents=(LateConsent("slack", 2, ("write",)),))
    one = the_one(a_board(looked("slack"), waits, late))
    assert (one.state, one.missing_scopes) == (ConnectorState.SYNCED, ("write",))


def test_a_project_that_cant_be_read_is_halted_until_it_can_be() -> None:
    board = a_board(looked("slack"), ProjectUnusable(ROOT, ConnectordError("the config is broken")))
    halted = board.status()
    board.apply(ProjectUnusable(ROOT, None), AT)
    assert (halted.state, halted.error) == (ProjectState.HALTED, "the config is broken")
    assert [one.state for one in halted.connectors] == [ConnectorState.SYNCED]
    assert board.state is ProjectState.SYNCED


def test_a_pause_is_said_first_but_for_what_halts() -> None:
    board = a_board(looked("slack", sets=(a_file("slack"),)), retry(SignedOut.code))
    board.paused = True
    paused = board.state
    board.apply(ProjectUnusable(ROOT, ConnectordError("gone")), AT)
    assert (paused, board.state) == (ProjectState.PAUSED, ProjectState.HALTED)


def test_p10_a_link_stays_in_sight_while_newer_content_fails_or_is_broken() -> None:
    waits = outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link")
    again = looked("slack", sets=(a_file("slack"),))
    queued, failing, broken = (
        a_board(looked("slack"), waits, again),
        a_board(looked("slack"), waits, again, outcome(Result.FAILED)),
        a_board(looked("slack"), waits, looked(problems=(a_problem(),))),
    )
    assert [the_one(board).authorize_url for board in (queued, failing, broken)] == ["https://link"] * 3


def test_p12_a_consent_to_an_older_link_makes_no_failed_one_synced() -> None:
    board = a_board(looked("slack"), outcome(Result.FAILED, error="refused"))
    board.authorization(an_authorization(AuthorizationState.AUTHORIZED), AT)
    assert (the_one(board).state, the_one(board).error) == (ConnectorState.FAILED, "refused")


def test_p10_the_end_of_an_older_link_takes_it_out_of_sight() -> None:
    waits = outcome(Result.NEEDS_AUTHORIZATION, authorize_url="https://link")
    board = a_board(looked("slack"), waits, outcome(Result.FAILED))
    board.authorization(an_authorization(AuthorizationState.TIMED_OUT), AT)
    assert (the_one(board).state, the_one(board).authorize_url) == (ConnectorState.FAILED, None)
