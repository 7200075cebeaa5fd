"""P12: how things are, in one number."""

from __future__ import annotations

import pytest
from tests.support.face import NOON, a_connector, a_project_status

from connectord.cli.exit_codes import ExitCode
from connectord.control.models import ConnectorState, ProjectState, WaitResult
from connectord.control.verdict import Verdict, verdict, verdict_of_waiting

CONNECTORS = {
    ConnectorState.SYNCED: Verdict.WELL,
    ConnectorState.QUEUED: Verdict.WELL,
    ConnectorState.PUSHING: Verdict.WELL,
    ConnectorState.REMOVING: Verdict.WELL,
    ConnectorState.DRIFTED: Verdict.WELL,
    ConnectorState.NEEDS_AUTHORIZATION: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.SKIPPED: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.TIMED_OUT: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.EXPIRED: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.DISCONNECTED: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.AUTHORIZATION_FAILED: Verdict.FAILED,
    ConnectorState.FAILED: Verdict.FAILED,
    ConnectorState.INVALID: Verdict.FAILED,
    ConnectorState.HELD: Verdict.HELD,
}

PROJECTS = {
    ProjectState.SYNCED: Verdict.WELL,
    ProjectState.SYNCING: Verdict.WELL,
    ProjectState.NEEDS_ACTION: Verdict.WELL,  # what the action is stands with the connectors
    ProjectState.PAUSED: Verdict.WELL,
    ProjectState.OFFLINE: Verdict.FAILED,
    ProjectState.SIGNED_OUT: Verdict.SIGNED_OUT,
    ProjectState.HALTED: Verdict.FAILED,
}


@pytest.mark.parametrize("state", ConnectorState)
def test_p12_each_state_of_a_connector_has_its_verdict(state: ConnectorState) -> None:
    assert verdict([a_project_status(connectors=(a_connector("slack", state),))]) is CONNECTORS[state]


@pytest.mark.parametrize("state", ProjectState)
def test_p12_each_state_of_a_project_has_its_verdict(state: ProjectState) -> None:
    assert verdict([a_project_status(state=state)]) is PROJECTS[state]


@pytest.mark.parametrize(("severity", "expected"), [("error", Verdict.FAILED), ("warning", Verdict.WELL)])
def test_p12_a_problem_is_a_failure_and_a_warning_is_not(severity: str, expected: Verdict) -> None:
    problem = {"file": "x.jsonc", "message": "no", "severity": severity}
    assert verdict([a_project_status(problems=(problem,))]) is expected


def test_p12_a_hold_counts_even_where_no_connector_says_so() -> None:
    hold = {"reason": "mass-removal", "types": ("slack",), "since": NOON}
    assert verdict([a_project_status(held=(hold,))]) is Verdict.HELD
    assert verdict([a_project_status(held=({**hold, "approved": True},))]) is Verdict.WELL


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("needs-authorization", "held", "failed"), Verdict.FAILED),
        (("needs-authorization", "held", "synced"), Verdict.HELD),
    ],
)
def test_p12_the_worst_wins(states: tuple[str, ...], expected: Verdict) -> None:
    projects = [a_project_status(connectors=(a_connector("slack", state),)) for state in states]
    assert verdict(projects) is expected
    assert verdict([*projects, a_project_status(state="signed-out")]) is Verdict.SIGNED_OUT


def test_p12_what_is_not_settled_is_never_well() -> None:
    needs = a_project_status(connectors=(a_connector("slack", "needs-authorization"),))
    assert verdict_of_waiting(WaitResult(settled=True, projects=())) is Verdict.WELL
    assert verdict_of_waiting(WaitResult(settled=False, projects=())) is Verdict.FAILED
    assert verdict_of_waiting(WaitResult(settled=False, projects=(needs,))) is Verdict.NEEDS_AUTHORIZATION


def test_a_verdict_is_an_exit_code() -> None:
    assert [ExitCode(one).name for one in Verdict] == ["OK", "FAILED", "NEEDS_AUTHORIZATION", "HELD", "SIGNED_OUT"]
