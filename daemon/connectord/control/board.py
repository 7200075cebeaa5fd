"""What is known of one project, kept up to date by events: what `status` says (P12).

The board decides nothing and asks nobody. It remembers the last look, what was said of each connector since, and what
keeps the project as a whole from being synced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.errors import Forbidden, NotFound, SignedOut, Unreachable
from connectord.base44.models import ConnectionStatus
from connectord.control.models import (
    ConnectorState,
    ConnectorStatus,
    Hold,
    LastPush,
    ProblemSeverity,
    ProblemStatus,
    ProjectState,
    ProjectStatus,
)
from connectord.project.model import Project, Snapshot, shown_path
from connectord.sync.events import (
    Looked,
    OutcomeKnown,
    ProjectUnusable,
    PushFinished,
    PushStarted,
    Reconciled,
    RetryScheduled,
    SyncEvent,
)
from connectord.sync.outcome import Outcome, Result

OUTCOME_STATES = {
    Result.SYNCED: ConnectorState.SYNCED,
    Result.PROVISIONED: ConnectorState.SYNCED,
    Result.NEEDS_AUTHORIZATION: ConnectorState.NEEDS_AUTHORIZATION,
    Result.FAILED: ConnectorState.FAILED,
    Result.HELD: ConnectorState.HELD,
}
AUTHORIZATION_STATES = {
    AuthorizationState.OPEN: ConnectorState.NEEDS_AUTHORIZATION,
    AuthorizationState.AUTHORIZED: ConnectorState.SYNCED,
    AuthorizationState.FAILED: ConnectorState.AUTHORIZATION_FAILED,
    AuthorizationState.TIMED_OUT: ConnectorState.TIMED_OUT,
    AuthorizationState.SKIPPED: ConnectorState.SKIPPED,
}
LOST_STATES = {
    None: ConnectorState.NEEDS_AUTHORIZATION,
    ConnectionStatus.EXPIRED: ConnectorState.EXPIRED,
    ConnectionStatus.DISCONNECTED: ConnectorState.DISCONNECTED,
}
BUSY_STATES = frozenset({ConnectorState.QUEUED, ConnectorState.PUSHING, ConnectorState.REMOVING})
SETTLED_STATES = frozenset({ConnectorState.SYNCED})
HALTING = frozenset({NotFound.code, Forbidden.code})

WITHHELD = "withheld"
"""The reason of removals that wait because this version has no way to answer for them."""


@dataclass(slots=True)
class Entry:
    """What was last said of one connector."""

    state: ConnectorState
    at: datetime
    error: str | None = None
    code: str | None = None
    authorize_url: str | None = None
    missing_scopes: tuple[str, ...] = ()


Remember = Callable[[str], Entry | None]
"""What the store knows of a connector that nothing was said of since the daemon began."""


@dataclass(slots=True)
class Board:
    """One project's board. `remember` is asked for connectors that need no push and of which nothing was heard yet."""

    root: Path
    remember: Remember
    project: Project | None = None
    temporary: bool = False
    paused: bool = False
    last_push: LastPush | None = None
    _trigger: str = ""
    _snapshot: Snapshot | None = None
    _entries: dict[str, Entry] = field(default_factory=dict)
    _withheld: tuple[str, ...] = ()
    _withheld_since: datetime | None = None
    _untracked: tuple[str, ...] = ()
    _unusable: str | None = None
    _waiting_for: RetryScheduled | None = None

    def apply(self, event: SyncEvent, at: datetime) -> None:
        """Take an event in."""
        match event:
            case Looked():
                self._looked(event, at)
            case ProjectUnusable(error=error):
                self._unusable = None if error is None else error.what
            case PushStarted(types=types, trigger=trigger):
                self._trigger = trigger.value
                self._say(types, ConnectorState.PUSHING, at)
            case OutcomeKnown(outcome=outcome):
                self._outcome(outcome, at)
            case PushFinished():
                self._finished(event, at)
            case RetryScheduled():
                self._waiting_for = event
            case Reconciled():
                self._reconciled(event, at)
            case _:
                pass

    def authorization(self, authorization: Authorization, at: datetime) -> None:
        """Take in how an authorization stands."""
        state = AUTHORIZATION_STATES.get(authorization.state)
        if state is not None:
            link = None if state is ConnectorState.SYNCED else authorization.url
            missing = authorization.missing_scopes
            self._entries[authorization.type] = Entry(state, at, authorize_url=link, missing_scopes=missing)

    def status(self) -> ProjectStatus:
        """The board as the API shows it."""
        return ProjectStatus(
            path=shown_path(self.root),
            app_id=self.project.app_id if self.project else "",
            api_url=self.project.api_url if self.project else "",
            state=self.state,
            connectors=self._connectors(),
            held=self._held(),
            problems=self._problems(),
            untracked=self._untracked,
            last_push=self.last_push,
            error=self._error(),
            temporary=self.temporary,
        )

    @property
    def state(self) -> ProjectState:
        """The project as a whole: what a person should know first wins."""
        states = {entry.state for entry in self._shown().values()}
        waits_for = self._waiting_for.code if self._waiting_for else None
        halted = self._unusable is not None or any(entry.code in HALTING for entry in self._failures())
        syncing = self._snapshot is None or states & BUSY_STATES or self._waiting_for is not None
        broken = self._snapshot is not None and self._snapshot.errors
        rows = (
            (halted, ProjectState.HALTED),
            (self.paused, ProjectState.PAUSED),
            (waits_for == SignedOut.code, ProjectState.SIGNED_OUT),
            (waits_for == Unreachable.code, ProjectState.OFFLINE),
            (syncing, ProjectState.SYNCING),
            (states - SETTLED_STATES or self._withheld or broken, ProjectState.NEEDS_ACTION),
        )
        return next((state for fits, state in rows if fits), ProjectState.SYNCED)

    def _looked(self, event: Looked, at: datetime) -> None:
        self.project, self._snapshot = event.project, event.snapshot
        to_send = [connector.type for connector in event.plan.sets] + (["stripe"] if event.plan.provision else [])
        self._say(
            [name for name in to_send if self._state_of(name) is not ConnectorState.PUSHING], ConnectorState.QUEUED, at
        )
        for name in event.plan.unchanged:
            self._recall(name, at)
        self._withhold(event, at)
        if not (to_send or event.plan.parked):
            self._waiting_for = None

    def _recall(self, name: str, at: datetime) -> None:
        """A connector that needs no push: a queued one was taken back to what Base44 has already."""
        entry = self._entries.get(name)
        if entry is None or entry.state in BUSY_STATES | {ConnectorState.FAILED}:
            self._entries[name] = self.remember(name) or Entry(ConnectorState.SYNCED, at)

    def _withhold(self, event: Looked, at: datetime) -> None:
        if event.snapshot.complete:
            gone = tuple(name for name in event.plan.removals)
            self._withheld_since = (self._withheld_since or at) if gone else None
            self._withheld = gone

    def _outcome(self, outcome: Outcome, at: datetime) -> None:
        state = OUTCOME_STATES.get(outcome.result)
        if state is None:
            self._entries.pop(outcome.type, None)
            return
        link = outcome.authorize_url or outcome.claim_url
        self._entries[outcome.type] = Entry(state, at, outcome.error, outcome.code, link)

    def _finished(self, event: PushFinished, at: datetime) -> None:
        # What was passed over is said again by RetryScheduled, which follows.
        self._waiting_for = None
        outcomes = {outcome.type: outcome.result.value for outcome in event.outcomes}
        milliseconds = round(event.seconds * 1000)
        self.last_push = LastPush(
            id=event.job, at=at, trigger=self._trigger, duration_ms=milliseconds, outcomes=outcomes
        )

    def _reconciled(self, event: Reconciled, at: datetime) -> None:
        self._untracked = event.plan.untracked
        drifted = {drift.type: drift for drift in event.plan.drifts}
        lost = {one.type: LOST_STATES[one.status] for one in event.plan.unauthorized}
        for name in event.plan.unchanged:
            entry = self._entries.get(name)
            if name in drifted:
                error = f"{drifted[name].kind.value} on Base44 by someone else"
                self._entries[name] = Entry(ConnectorState.DRIFTED, at, error)
            elif name in lost and (entry is None or entry.state in SETTLED_STATES):
                self._entries[name] = Entry(lost[name], at)
            elif name not in lost and (entry is None or entry.state not in BUSY_STATES):
                missing = entry.missing_scopes if entry else ()
                self._entries[name] = Entry(ConnectorState.SYNCED, at, missing_scopes=missing)
        for consent in event.late_consents:
            self._entries[consent.type] = Entry(ConnectorState.SYNCED, at, missing_scopes=consent.missing_scopes)

    def _say(self, types: list[str] | tuple[str, ...], state: ConnectorState, at: datetime) -> None:
        for name in types:
            self._entries[name] = Entry(state, at)

    def _state_of(self, name: str) -> ConnectorState | None:
        entry = self._entries.get(name)
        return entry.state if entry else None

    def _failures(self) -> list[Entry]:
        return [entry for entry in self._shown().values() if entry.state is ConnectorState.FAILED]

    def _shown(self) -> dict[str, Entry]:
        """The entries that a file or a withheld removal stands for; the rest is history."""
        if self._snapshot is None:
            return {}
        names = {*self._snapshot.by_type, *self._withheld}
        return {name: entry for name, entry in self._entries.items() if name in names}

    def _connectors(self) -> tuple[ConnectorStatus, ...]:
        if self._snapshot is None:
            return ()
        shown, valid = self._shown(), []
        for connector in self._snapshot.connectors:
            entry = shown.get(connector.type)
            if entry is not None:
                valid.append(_status(connector.type, entry, shown_path(connector.file), connector.scopes))
        broken = {problem.file for problem in self._snapshot.errors if problem.file != self._snapshot.directory}
        invalid = [
            ConnectorStatus(type=shown_path(Path(file.stem)), state=ConnectorState.INVALID, file=shown_path(file))
            for file in sorted(broken)
        ]
        held = [
            _status(name, Entry(ConnectorState.HELD, self._withheld_since or shown[name].at), None, ())
            for name in self._withheld
            if name in shown
        ]
        return (*valid, *invalid, *held)

    def _held(self) -> tuple[Hold, ...]:
        if not self._withheld or self._withheld_since is None:
            return ()
        return (Hold(reason=WITHHELD, types=self._withheld, since=self._withheld_since),)

    def _problems(self) -> tuple[ProblemStatus, ...]:
        problems = self._snapshot.problems if self._snapshot else ()
        return tuple(
            ProblemStatus(
                file=shown_path(problem.file),
                line=problem.line,
                column=problem.column,
                message=problem.message,
                severity=ProblemSeverity(problem.severity.value),
            )
            for problem in problems
        )

    def _error(self) -> str | None:
        if self._unusable is not None:
            return self._unusable
        halted = next((entry.error for entry in self._failures() if entry.code in HALTING), None)
        return halted or (self._waiting_for.error if self._waiting_for else None)


def _status(name: str, entry: Entry, file: str | None, scopes: tuple[str, ...]) -> ConnectorStatus:
    return ConnectorStatus(
        type=name,
        state=entry.state,
        file=file,
        scopes=scopes,
        missing_scopes=entry.missing_scopes,
        authorize_url=entry.authorize_url,
        error=entry.error,
        updated_at=entry.at,
    )
