"""What the board says of connectors that failed and wait: none is forgotten, none is queued for ever (P12)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.face import NOON
from tests.support.project import a_project, a_snapshot

from connectord.control.board import Board
from connectord.control.models import ConnectorState, ProjectState
from connectord.project import Connector, Project
from connectord.sync import Outcome, Plan, Result
from connectord.sync.events import Looked, OutcomeKnown, PushFinished, RetryScheduled, SyncEvent

GITHUB, SLACK = Connector("github", ("repo",)), Connector("slack", ("a",))
BUSY = Outcome("github", Result.FAILED, error="Base44 is busy", code="BUSY", transient=True)
REFUSED = Outcome("github", Result.FAILED, error="no such scope", code="REFUSED")
SYNCED = Outcome("slack", Result.SYNCED)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path, {"github": ["repo"], "slack": ["a"]})


def a_board(project: Project, *events: SyncEvent) -> Board:
    board = Board(project.root, lambda _: {})
    for event in events:
        board.apply(event, NOON)
    return board


def looked(project: Project, **plan: object) -> Looked:
    return Looked(project, a_snapshot(project), Plan(**plan))  # type: ignore[arg-type]


def finished(project: Project, *outcomes: Outcome) -> PushFinished:
    return PushFinished(project, "j1", outcomes, 0.1)


def known(project: Project, connector: Connector, outcome: Outcome) -> OutcomeKnown:
    return OutcomeKnown(project, None, "j1", connector, outcome)  # type: ignore[arg-type]


def test_one_that_waits_is_still_waited_for_when_another_file_was_pushed(project: Project) -> None:
    board = a_board(
        project,
        looked(project, sets=(GITHUB, SLACK)),
        known(project, GITHUB, BUSY),
        known(project, SLACK, SYNCED),
        finished(project, BUSY, SYNCED),
        RetryScheduled(project, ("github",), 8.0, "Base44 is busy", "BUSY"),
        looked(project, sets=(SLACK,), parked=("github",)),
        known(project, SLACK, SYNCED),
        finished(project, SYNCED),
    )
    assert board.state is ProjectState.SYNCING
    assert board.status().error == "Base44 is busy"


def test_the_waiting_ends_with_the_try_that_it_was_for(project: Project) -> None:
    board = a_board(
        project,
        looked(project, sets=(GITHUB,), unchanged=("slack",)),
        known(project, GITHUB, BUSY),
        finished(project, BUSY),
        RetryScheduled(project, ("github",), 8.0, "Base44 is busy", "UNREACHABLE"),
        known(project, GITHUB, Outcome("github", Result.SYNCED)),
        finished(project, Outcome("github", Result.SYNCED)),
    )
    assert board.state is ProjectState.SYNCED


def test_a_change_that_is_taken_back_to_what_had_failed_is_failed_again_and_not_queued(project: Project) -> None:
    board = a_board(
        project,
        looked(project, sets=(GITHUB,), unchanged=("slack",)),
        known(project, GITHUB, REFUSED),
        finished(project, REFUSED),
        looked(project, sets=(Connector("github", ("repo", "user")),), unchanged=("slack",)),
        looked(project, parked=("github",), unchanged=("slack",)),
    )
    states = {one.type: (one.state, one.error) for one in board.status().connectors}
    assert states["github"] == (ConnectorState.FAILED, "no such scope")
    assert board.state is ProjectState.NEEDS_ACTION
