"""One number for how things are: the exit code of `status`, `wait` and whoever else must not call a failure success."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from connectord.control.models import (
    ConnectorState,
    ConnectorStatus,
    ProblemSeverity,
    ProjectState,
    ProjectStatus,
    WaitResult,
)


class Verdict(IntEnum):
    """The exit codes of design.md that can be told from a status alone."""

    WELL = 0
    FAILED = 1
    NEEDS_AUTHORIZATION = 3
    HELD = 4
    SIGNED_OUT = 5


_WORST_FIRST: Final = (Verdict.SIGNED_OUT, Verdict.FAILED, Verdict.HELD, Verdict.NEEDS_AUTHORIZATION)
"""As `push` ranks them: signed out explains the rest, and a failure is never hidden by what can wait."""

_BY_PROJECT: Final = {
    ProjectState.SIGNED_OUT: Verdict.SIGNED_OUT,
    ProjectState.OFFLINE: Verdict.FAILED,
    ProjectState.HALTED: Verdict.FAILED,
}

_BY_CONNECTOR: Final = {
    ConnectorState.FAILED: Verdict.FAILED,
    ConnectorState.AUTHORIZATION_FAILED: Verdict.FAILED,
    ConnectorState.INVALID: Verdict.FAILED,
    ConnectorState.HELD: Verdict.HELD,
    ConnectorState.NEEDS_AUTHORIZATION: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.SKIPPED: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.TIMED_OUT: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.EXPIRED: Verdict.NEEDS_AUTHORIZATION,
    ConnectorState.DISCONNECTED: Verdict.NEEDS_AUTHORIZATION,
}


WAITS_FOR_CONSENT: Final = frozenset(
    {
        ConnectorState.NEEDS_AUTHORIZATION,
        ConnectorState.SKIPPED,
        ConnectorState.TIMED_OUT,
        ConnectorState.AUTHORIZATION_FAILED,
        ConnectorState.EXPIRED,
        ConnectorState.DISCONNECTED,
    }
)
"""States that end with a person's consent: `authorize` without a name is about these."""


def needs_consent(connector: ConnectorStatus) -> bool:
    """Whether only a person's consent is missing."""
    return connector.state in WAITS_FOR_CONSENT


def verdict(projects: Iterable[ProjectStatus]) -> Verdict:
    """The worst that is true of any of the projects (P12). What is on its way and what has drifted is not bad."""
    found = {one for project in projects for one in _verdicts(project)}
    return next((one for one in _WORST_FIRST if one in found), Verdict.WELL)


def verdict_of_waiting(result: WaitResult) -> Verdict:
    """As `verdict`, and what isn't settled is never well."""
    found = verdict(result.projects)
    return found if result.settled or found is not Verdict.WELL else Verdict.FAILED


def connector_verdict(connector: ConnectorStatus) -> Verdict:
    """What one connector's state means for the exit code."""
    return _BY_CONNECTOR.get(connector.state, Verdict.WELL)


def _verdicts(project: ProjectStatus) -> Iterable[Verdict]:
    yield _BY_PROJECT.get(project.state, Verdict.WELL)
    yield from map(connector_verdict, project.connectors)
    if any(not hold.approved for hold in project.held):
        yield Verdict.HELD
    if any(problem.severity is ProblemSeverity.ERROR for problem in project.problems):
        yield Verdict.FAILED
