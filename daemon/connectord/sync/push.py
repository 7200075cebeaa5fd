"""One project's pushes: what to send is decided when the job's turn comes, base takes over what was accepted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from connectord.base44 import App
from connectord.base44.errors import SignedOut
from connectord.project.model import Connector, Project, Snapshot
from connectord.store import BaseEntry, Store
from connectord.sync.carry import SETS_AT_ONCE, carry_out
from connectord.sync.events import (
    ConnectorsGone,
    OutcomeKnown,
    PushFinished,
    PushStarted,
    RemovalsWithheld,
    RetryScheduled,
    SyncEvent,
)
from connectord.sync.ledgers import Parking
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import Plan, plan
from connectord.sync.queue import PushJob
from connectord.sync.reconcile import Reconciler, base_key
from connectord.sync.timing import Backoff

SIGNED_OUT_CAP = 5.0
"""Seconds between two looks for new credentials; a look without credentials sends nothing."""


@dataclass(frozen=True, slots=True)
class PushEffects:
    """What a project's pushes act on and through."""

    store: Store
    connect: Callable[[Project], App]
    emit: Callable[[SyncEvent], None]
    clock: Callable[[], float]
    rng: random.Random
    backoff: Backoff = field(default_factory=Backoff)
    sets_at_once: int = SETS_AT_ONCE


class ProjectPush:
    """Carries the push jobs of one project out. `look_again(seconds)` asks its loop for another look later."""

    def __init__(self, effects: PushEffects, look_again: Callable[[float], None]) -> None:
        self._effects = effects
        self._look_again = look_again
        self._parking = Parking()
        self._failures = 0
        self._withheld: tuple[str, ...] = ()
        self._reconciler = Reconciler(effects.store, effects.emit)

    def plan(self, project: Project, snapshot: Snapshot) -> Plan:
        """What the snapshot asks for now. It never has removals in it: without holds nothing may answer for one."""
        base = self._effects.store.base(base_key(project))
        decided = plan(snapshot, base, parked=self._parking.waiting(self._effects.clock()))
        if snapshot.complete:
            self._withhold(project, decided.removals)
        return replace(decided, removals=())

    async def carry(self, job: PushJob) -> None:
        """Send what the job's snapshot asks for, then reconcile if the job wants it. Ends in events, never raises."""
        decided = self.plan(job.project, job.snapshot)
        if not decided.sends_nothing:
            await self._push(job, decided)
        if job.reconcile:
            await self._reconciler.reconcile(job.project, job.snapshot, self._effects.connect(job.project))

    def authorized(self, project: Project, connector_type: str, granted: tuple[str, ...] | None) -> None:
        """Consent came: base remembers that this connector works, and with which scopes."""
        entry = self._effects.store.base(base_key(project)).get(connector_type)
        if entry is not None:
            seen = None if granted is None else frozenset(granted)
            changed = replace(entry, authorized=True, seen_scopes=seen)
            self._effects.store.accept(base_key(project), {connector_type: changed})

    async def _push(self, job: PushJob, decided: Plan) -> None:
        effects, started = self._effects, self._effects.clock()
        sent = _sent(decided, job.snapshot)
        effects.emit(PushStarted(job.project, job.id, job.trigger, tuple(sent)))
        app = effects.connect(job.project)
        outcomes = await carry_out(
            decided,
            app,
            may_remove=_never,
            on_outcome=lambda outcome: effects.emit(
                OutcomeKnown(job.project, app, job.id, sent[outcome.type], outcome)
            ),
            sets_at_once=effects.sets_at_once,
        )
        self._accept(job.project, sent, outcomes)
        effects.emit(PushFinished(job.project, job.id, outcomes, effects.clock() - started))
        self._park_failures(job.project, sent, outcomes)

    def _accept(self, project: Project, sent: dict[str, Connector], outcomes: tuple[Outcome, ...]) -> None:
        accepted = {outcome.type: _entry(sent[outcome.type], outcome) for outcome in outcomes if outcome.accepted}
        self._effects.store.accept(base_key(project), accepted)
        for connector_type in accepted:
            self._parking.release(connector_type)

    def _park_failures(self, project: Project, sent: dict[str, Connector], outcomes: tuple[Outcome, ...]) -> None:
        failures = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
        passing = [outcome for outcome in failures if outcome.transient or outcome.code == SignedOut.code]
        self._failures = self._failures + 1 if passing else 0
        delay = self._delay(passing) if passing else 0.0
        for outcome in failures:
            if outcome in passing:
                self._parking.park(sent[outcome.type], self._effects.clock() + delay)
            else:
                self._parking.park(sent[outcome.type])
        if passing:
            types = tuple(outcome.type for outcome in passing)
            self._effects.emit(RetryScheduled(project, types, delay, passing[0].error or ""))
            self._look_again(delay)

    def _delay(self, passing: list[Outcome]) -> float:
        effects = self._effects
        floor = max((outcome.retry_after or 0.0 for outcome in passing), default=0.0)
        delay = effects.backoff.delay(self._failures, effects.rng, floor=floor)
        signed_out = all(outcome.code == SignedOut.code for outcome in passing)
        return min(delay, SIGNED_OUT_CAP) if signed_out else delay

    def _withhold(self, project: Project, deleted: tuple[str, ...]) -> None:
        gone = tuple(name for name in deleted if name not in self._withheld)
        self._withheld = deleted
        for name in gone:
            self._parking.release(name)
        if gone:
            self._effects.emit(ConnectorsGone(project, gone))
            self._effects.emit(RemovalsWithheld(project, gone))


def _sent(decided: Plan, snapshot: Snapshot) -> dict[str, Connector]:
    sets = {connector.type: connector for connector in decided.sets}
    if decided.provision:
        sets |= {connector.type: connector for connector in snapshot.connectors if connector.is_stripe}
    return sets


def _entry(connector: Connector, outcome: Outcome) -> BaseEntry:
    return BaseEntry(
        connector.type,
        connector.scopes,
        connector.connection_config,
        authorized=outcome.result is not Result.NEEDS_AUTHORIZATION,
    )


async def _never(connector_type: str) -> str | None:
    return f"{connector_type} is not removed: the daemon removes nothing on its own in this version"
