"""What is known of one project, kept up to date by events: what `status` says (P12).

The board decides nothing and asks nobody. It remembers the last look, what keeps the project as a whole from being
synced, and through its entries what was said of each connector since.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.errors import Forbidden, NotFound, SignedOut
from connectord.control.entries import BUSY_STATES, SETTLED_STATES, Entries, Entry, Remember
from connectord.control.listing import connector_lines, problem_lines, removal_lines
from connectord.control.models import ConnectorState, ConnectorStatus, Hold, LastPush, ProjectState, ProjectStatus
from connectord.errors import ConnectordError
from connectord.project.model import STRIPE, Project, Snapshot
from connectord.project.shown import shown_path
from connectord.sync.events import (
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
)
from connectord.sync.outcome import Outcome, Result
from connectord.sync.retries import OFFLINE

HALTING = frozenset({NotFound.code, Forbidden.code})


class Board:
    """One project's board. `remember` is asked for connectors that need no push and of which nothing was heard yet.

    `pushing` that a push is under way, `compared` that Base44
    was asked what it has.
    """

    def __init__(self, root: Path, remember: Remember, *, temporary: bool = False, paused: bool = False) -> None:
        self.root = root
        self.temporary = temporary
        self._paused = paused
        self.project: Project | None = None
        self.last_push: LastPush | None = None
        self._entries = Entries(remember)
        self._trigger = ""
        self._snapshot: Snapshot | None = None
        self._removals: RemovalsChanged | None = None
        self._untracked: tuple[str, ...] = ()
        self._unusable: ConnectordError | None = None
        self._waiting_for: dict[str, RetryScheduled] = {}
        self._not_asked: ConnectordError | None = None
        self._answered = False
        self._state: ProjectState | None = None
        self.pushing = False
        self.compared = False

    @property
    def paused(self) -> bool:
        """Whether a person wants nothing of it pushed for now."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused, self._state = paused, None

    @property
    def looked(self) -> bool:
        """Whether the files were looked at yet."""
        return self._snapshot is not None

    @property
    def complete(self) -> bool:
        """Whether the last look says everything: what isn't in it isn't there (P3)."""
        return self._snapshot is not None and self._snapshot.complete

    @property
    def removals_known(self) -> bool:
        """Whether it is known what becomes of connectors without a file."""
        return self._removals is not None

    @property
    def tried_again(self) -> frozenset[str]:
        """The connectors whose failure may pass: they are sent again by themselves."""
        return frozenset(self._waiting_for)

    @property
    def at_ease(self) -> bool:
        """Whether there is nothing about the project that anybody would have to be told."""
        well = self.complete and self._unusable is None and not self._removal_lines()
        return well and all(entry.at_ease for entry in self._shown())

    def apply(self, event: SyncEvent, at: datetime) -> None:
        """Take an event in."""
        self._state = None
        match event:
            case Looked():
                self._looked(event, at)
            case ProjectUnusable(error=error):
                self._unusable = error
            case PushStarted(types=types, trigger=trigger):
                self._trigger, self.pushing = trigger.value, True
                self._entries.pushing(types, at)
            case OutcomeKnown(outcome=outcome):
                self._outcome(outcome, at)
            case PushFinished():
                self._finished(event, at)
            case RetryScheduled():
                self._waiting_for |= dict.fromkeys(event.types, event)
            case RemovalsChanged():
                self._removals = event
            case ReconcileFailed(error=error):
                self._not_asked, self._answered = error, error.code not in OFFLINE
            case Reconciled():
                self._not_asked, self._answered, self.compared = None, True, True
                self._reconciled(event, at)
            case _:
                pass

    def authorization(self, authorization: Authorization, at: datetime) -> None:
        """Take in how an authorization stands. Nobody has asked the list since a time was over, which may know more."""
        self._state = None
        self._entries.authorization(authorization, at)
        if authorization.state is AuthorizationState.TIMED_OUT:
            self.compared = False

    def link_over(self, connector_type: str, link: str) -> None:
        """This link leads nowhere any more."""
        self._state = None
        self._entries.link_over(connector_type, link)

    def status(self) -> ProjectStatus:
        """The board as the API shows it."""
        snapshot, (error, todo) = self._snapshot, self._trouble()
        lines = connector_lines(snapshot, self._entries, self._removal_lines()) if snapshot else ()
        return ProjectStatus(
            path=shown_path(self.root),
            app_id=self.project.app_id if self.project else "",
            api_url=self.project.api_url if self.project else "",
            state=self.state,
            connectors=lines,
            held=self._held(),
            problems=problem_lines(snapshot.problems) if snapshot else (),
            untracked=self._only_there(),
            last_push=self.last_push,
            error=error,
            todo=todo,
            temporary=self.temporary,
        )

    @property
    def unusable(self) -> str | None:
        """Why the project can't be read as it is now."""
        return None if self._unusable is None else self._unusable.what

    @property
    def state(self) -> ProjectState:
        """The project as a whole: what a person should know first wins. Asked several times for each event."""
        self._state = self._state or self._judged()
        return self._state

    def _judged(self) -> ProjectState:
        removals = self._removal_lines()
        states = {entry.state for entry in self._shown()} | {line.state for line in removals}
        waits_for = {event.code for event in self._waiting_for.values()}
        if self._not_asked is not None:
            waits_for |= {self._not_asked.code} & {SignedOut.code, *OFFLINE}
        refused = any(entry.code in HALTING for entry in self._failures()) or waits_for & HALTING
        syncing = self._snapshot is None or states & BUSY_STATES or self._waiting_for
        broken = self._snapshot is not None and self._snapshot.errors
        rows = (
            (self._unusable is not None or refused, ProjectState.HALTED),
            (self.paused, ProjectState.PAUSED),
            (SignedOut.code in waits_for, ProjectState.SIGNED_OUT),
            # One connector may hang where the others are answered: then Base44 is there.
            (waits_for & OFFLINE and not self._answered, ProjectState.OFFLINE),
            (syncing, ProjectState.SYNCING),
            (states - SETTLED_STATES or broken, ProjectState.NEEDS_ACTION),
        )
        return next((state for fits, state in rows if fits), ProjectState.SYNCED)

    def _looked(self, event: Looked, at: datetime) -> None:
        before = self.project or event.project
        if (before.api_url, before.app_id) != (event.project.api_url, event.project.app_id):
            self._untracked, self.compared = (), False  # that was the other app's
        self.project, self._snapshot = event.project, event.snapshot
        to_send = [connector.type for connector in event.plan.sets] + ([STRIPE] if event.plan.provision else [])
        self._entries.queued(to_send, at)
        self._entries.recall(event.plan.unchanged, at)
        self._entries.failed_before(event.plan.parked)
        # Others may be parked for good: only what is waited for counts.
        waiting = {*to_send, *event.plan.parked, *event.plan.removals}
        self._waiting_for = {name: retry for name, retry in self._waiting_for.items() if name in waiting}

    def _outcome(self, outcome: Outcome, at: datetime) -> None:
        self._entries.outcome(outcome, at)
        if outcome.accepted:
            self._untracked = tuple(name for name in self._untracked if name.lower() != outcome.type.lower())

    def _finished(self, event: PushFinished, at: datetime) -> None:
        self.pushing = False
        outcomes = {outcome.type: outcome.result.value for outcome in event.outcomes}
        # What was passed over is said again by RetryScheduled, which follows.
        self._waiting_for = {name: retry for name, retry in self._waiting_for.items() if name not in outcomes}
        self._answered = any(one.result is not Result.HELD and one.code not in OFFLINE for one in event.outcomes)
        milliseconds = round(event.seconds * 1000)
        self.last_push = LastPush(
            id=event.job, at=at, trigger=self._trigger, duration_ms=milliseconds, outcomes=outcomes
        )

    def _reconciled(self, event: Reconciled, at: datetime) -> None:
        self._untracked = event.plan.untracked
        self._entries.reconciled(event, at)

    def _shown(self) -> list[Entry]:
        """The entries that a file stands for; the rest is history."""
        names = self._snapshot.by_type if self._snapshot else {}
        return list(self._entries.among(names).values())

    def _failures(self) -> list[Entry]:
        return [entry for entry in self._shown() if entry.state is ConnectorState.FAILED]

    def _only_there(self) -> tuple[str, ...]:
        """What exists only on Base44 and is left alone: with `removals = "mirror"` some of it is to be removed."""
        kept = self._removals.kept if self._removals else ()
        told = [*(self._snapshot.by_type if self._snapshot else ()), *(line.type for line in self._removal_lines())]
        elsewhere = {name.lower() for name in told}
        return tuple(sorted(name for name in {*self._untracked, *kept} if name.lower() not in elsewhere))

    def _removal_lines(self) -> tuple[ConnectorStatus, ...]:
        return removal_lines(self._removals, self._entries) if self._removals else ()

    def _held(self) -> tuple[Hold, ...]:
        return tuple(
            Hold(
                reason=hold.reason.value,
                types=hold.types,
                since=datetime.fromtimestamp(hold.since, UTC),
                why=hold.why,
                approved=hold.approved,
            )
            for hold in (self._removals.holds if self._removals else ())
        )

    def _trouble(self) -> tuple[str | None, str | None]:
        """What keeps the project as a whole from being synced, and what to do about it."""
        if self._unusable is not None:
            return _words(self._unusable)
        if halted := next((entry for entry in self._failures() if entry.code in HALTING), None):
            return halted.error, halted.todo
        if waiting := next(iter(self._waiting_for.items()), None):
            name, retry = waiting
            failure = self._entries.last_failure(name)
            return retry.error, failure.todo if failure else None
        return _words(self._not_asked) if self._not_asked else (None, None)


def _words(error: ConnectordError) -> tuple[str, str | None]:
    return error.what, " ".join(error.todo) or None
