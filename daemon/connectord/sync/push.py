"""One project's pushes: what to send is decided when the job's turn comes, base takes over what was accepted."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from connectord.base44 import App
from connectord.base44.errors import (
    CredentialsUnusable,
    Forbidden,
    NotFound,
    SignedOut,
    TimedOut,
    Unreachable,
)
from connectord.project.model import Connector, Project, Snapshot
from connectord.store import OPEN, AuthorizationRow, BaseEntry, Change, HistoryRow, JobRow, Store
from connectord.sync.carry import SETS_AT_ONCE, carry_out
from connectord.sync.events import (
    Looked,
    OutcomeKnown,
    PushFinished,
    PushStarted,
    RetryScheduled,
    SyncEvent,
)
from connectord.sync.fresh_look import FreshLook
from connectord.sync.guard import RemovalPolicy
from connectord.sync.ledgers import Parking
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import Plan, plan
from connectord.sync.queue import PushJob
from connectord.sync.reconcile import Reconciler, base_key
from connectord.sync.removals import Removals
from connectord.sync.timing import Backoff

OFFLINE_CAP = 5.0
"""Seconds between two tries while nobody answers: that costs the service nothing."""

SLOW_SECONDS = 300.0
"""After so long even a refusal is worth another try where the reason lies beside the file: access, the app, a disk."""

PACE_SECONDS = 5.0
"""When to look again for a removal that the documented limit has no room for yet."""

OFFLINE = frozenset({Unreachable.code, TimedOut.code})
ENDS_WITH_A_LOGIN = frozenset({SignedOut.code, CredentialsUnusable.code})
ENDS_ELSEWHERE = frozenset({Forbidden.code, NotFound.code})

OUTCOME_KIND = "connector.outcome"
"""What an outcome is called in the history and in the news."""


@dataclass(frozen=True, slots=True)
class PushEffects:
    """What a project's pushes act on and through. `clock` must not jump; `now` is the time of day, for the store.

    `watched` names the connectors whose consent link is being polled.
    """

    store: Store
    connect: Callable[[Project], App]
    emit: Callable[[SyncEvent], None]
    clock: Callable[[], float]
    now: Callable[[], float]
    rng: random.Random
    backoff: Backoff = field(default_factory=Backoff)
    sets_at_once: int = SETS_AT_ONCE
    authorization_limit: float = 120.0
    removals: RemovalPolicy = field(default_factory=RemovalPolicy)
    watched: Callable[[Project], Collection[str]] = lambda _: ()


class ProjectPush:
    """Carries the push jobs of one project out.

    `read` reads the project from disk (blocking). `look_again(seconds)` asks its loop for another look later,
    `beside(coroutine)` lets something run that must not keep the next push waiting.
    """

    def __init__(
        self,
        root: Path,
        effects: PushEffects,
        read: Callable[[], tuple[Project, Snapshot]],
        look_again: Callable[[float], None],
        beside: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self._effects = effects
        self._look_again = look_again
        self._beside = beside
        self._parking = Parking()
        self._failures = 0
        self.removals = Removals(
            root,
            store=effects.store,
            policy=effects.removals,
            emit=effects.emit,
            look_again=look_again,
            clock=effects.clock,
            now=effects.now,
        )
        self._fresh_look = FreshLook(self.removals, effects.store, read=read, plan=self._plan)
        self._reconciler = Reconciler(effects.store, effects.emit, effects.watched, self._reconciled)

    async def look(self, project: Project, snapshot: Snapshot) -> Plan:
        """Say what the snapshot asks for, and return what may be sent now: removals only after the guard let them."""
        decided = self._plan(project, snapshot)
        self._effects.emit(Looked(project, snapshot, decided))
        if snapshot.complete:
            self._parking.keep_only([connector.type for connector in snapshot.connectors])
        self._keep_texts(project, snapshot, decided.unchanged)
        return replace(decided, removals=await self.removals.look(project, snapshot, decided))

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what waits for better times be sent at the next look; `everything`: what failed for good, too."""
        self._failures = 0
        self.removals.retry_now(everything=everything)
        if everything:
            self._parking.release_all()
        else:
            self._parking.release_passing()

    async def carry(self, job: PushJob) -> None:
        """Send what the job's snapshot asks for, then reconcile if the job wants it. Ends in events, never raises."""
        decided = await self.look(job.project, job.snapshot)
        app = self._effects.connect(job.project)
        decided = self._within_pace(decided, app)
        if not decided.sends_nothing:
            await self._push(job, decided, app)
        if job.reconcile:
            self._beside(self._reconciler.reconcile(job.project, job.snapshot, app))

    def _plan(self, project: Project, snapshot: Snapshot) -> Plan:
        base = self._effects.store.base(base_key(project))
        return plan(snapshot, base, parked=self._parking.waiting(base_key(project), self._effects.clock()))

    async def _push(self, job: PushJob, decided: Plan, app: App) -> None:
        effects, started = self._effects, self._effects.clock()
        sent = _sent(decided, job.snapshot)
        types = (*sent, *decided.removals)
        row = JobRow(job.id, job.project.root, job.trigger.value, types, effects.now(), effects.now())
        effects.store.record(self._intent(job.project, row, tuple(sent)))
        effects.emit(PushStarted(job.project, job.id, job.trigger, tuple(sent), decided.removals))

        def known(outcome: Outcome) -> None:
            effects.store.record(self._change(job, sent.get(outcome.type), outcome))
            effects.emit(OutcomeKnown(job.project, app, job.id, sent.get(outcome.type), outcome))

        outcomes = await carry_out(
            decided,
            app,
            objection=partial(self._fresh_look.objection, job.project, app),
            on_outcome=known,
            sets_at_once=effects.sets_at_once,
        )
        effects.store.record(Change(jobs=(replace(row, finished_at=effects.now()),)))
        effects.emit(PushFinished(job.project, job.id, outcomes, effects.clock() - started))
        self._park_failures(job.project, sent, outcomes)

    def _intent(self, project: Project, row: JobRow, sent: tuple[str, ...]) -> Change:
        """What is about to be sent: without it, a file that is taken back after a crash would look like base (P9)."""
        key = base_key(project)
        known = self._effects.store.base(key)
        unsure = {name: replace(known[name], unsure=True) for name in sent if name in known}
        return Change(key=key, base=unsure, jobs=(row,))

    def _change(self, job: PushJob, connector: Connector | None, outcome: Outcome) -> Change:
        """What an outcome changes, in one transaction: base, the link to watch, and the history (P9)."""
        project, now = job.project, self._effects.now()
        history = HistoryRow(
            None, now, project.root, OUTCOME_KIND, f"{outcome.type}: {outcome.words}",
            job=job.id, type=outcome.type, result=outcome.result.value, error=outcome.error,
        )  # fmt: skip
        if not outcome.accepted:
            return Change(history=(history,))
        if connector is None:
            gone = self.removals.gone(outcome.type)
            return replace(gone, key=base_key(project), base={outcome.type: None}, history=(history,))
        self._parking.release(connector.type)
        return Change(
            key=base_key(project),
            base={connector.type: _entry(connector, outcome, self._effects.store.base(base_key(project)))},
            authorizations=self._link(project, connector, outcome, now),
            history=(history,),
        )

    def _link(
        self, project: Project, connector: Connector, outcome: Outcome, now: float
    ) -> tuple[AuthorizationRow, ...]:
        if outcome.authorize_url is None:
            return ()
        row = AuthorizationRow(
            project=project.root,
            type=connector.type,
            url=outcome.authorize_url,
            connection_id=outcome.connection_id,
            scopes=connector.scopes,
            opened_at=now,
            deadline=now + self._effects.authorization_limit,
            state=OPEN,
            noticed=False,
            app_id=project.app_id,
            api_url=project.api_url,
        )
        return (row,)

    def _park_failures(self, project: Project, sent: dict[str, Connector], outcomes: tuple[Outcome, ...]) -> None:
        key, now = base_key(project), self._effects.clock()
        failures = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
        passing = [one for one in failures if one.transient or one.code in ENDS_WITH_A_LOGIN]
        elsewhere = [one for one in failures if one.code in ENDS_ELSEWHERE]
        for outcome in failures:
            self._parking.park(key, sent[outcome.type])
        if elsewhere:
            self._retry_later(project, sent, elsewhere, SLOW_SECONDS, now)
        self._failures = self._failures + 1 if passing else 0
        if passing:
            self._retry_later(project, sent, passing, self._delay(passing), now)

    def _retry_later(
        self, project: Project, sent: dict[str, Connector], failures: list[Outcome], delay: float, now: float
    ) -> None:
        for outcome in failures:
            self._parking.park(base_key(project), sent[outcome.type], now + delay)
        first, types = failures[0], tuple(outcome.type for outcome in failures)
        self._effects.emit(RetryScheduled(project, types, delay, first.error or "", first.code or ""))
        self._look_again(delay)

    def _delay(self, passing: list[Outcome]) -> float:
        effects = self._effects
        floor = max((outcome.retry_after or 0.0 for outcome in passing), default=0.0)
        delay = effects.backoff.delay(self._failures, effects.rng, floor=floor)
        return min(delay, OFFLINE_CAP) if all(outcome.code in OFFLINE for outcome in passing) else delay

    def _within_pace(self, decided: Plan, app: App) -> Plan:
        """As many removals as the documented limit has room for now: a save must not wait behind the others (P4)."""
        room = app.removals_left()
        if len(decided.removals) > room:
            self._look_again(PACE_SECONDS)
        return replace(decided, removals=decided.removals[:room])

    def _reconciled(self, decided: Plan) -> None:
        self.removals.only_there(decided.untracked)
        self.removals.changed_elsewhere([one.type for one in decided.held])

    def _keep_texts(self, project: Project, snapshot: Snapshot, unchanged: tuple[str, ...]) -> None:
        """A comment that was edited needs no request, but a restore should bring it back (P6)."""
        base, files = self._effects.store.base(base_key(project)), snapshot.by_type
        kept = {
            name: replace(base[name], file_name=files[name].file.name, file_text=files[name].text) for name in unchanged
        }
        if edited := {name: entry for name, entry in kept.items() if entry != base[name]}:
            self._effects.store.accept(base_key(project), edited)


def _sent(decided: Plan, snapshot: Snapshot) -> dict[str, Connector]:
    sets = {connector.type: connector for connector in decided.sets}
    if decided.provision:
        sets |= {connector.type: connector for connector in snapshot.connectors if connector.is_stripe}
    return sets


def _entry(connector: Connector, outcome: Outcome, base: Mapping[str, BaseEntry]) -> BaseEntry:
    needs_consent = outcome.result is Result.NEEDS_AUTHORIZATION
    before = base.get(connector.type)
    return BaseEntry(
        connector.type,
        connector.scopes,
        connector.connection_config,
        # While a new consent is asked for, the old one is still in force: remembered, so that it can't pass for it.
        seen_scopes=before.seen_scopes if needs_consent and before else None,
        authorized=not needs_consent,
        file_name=connector.file.name or None,
        file_text=connector.text,
    )
