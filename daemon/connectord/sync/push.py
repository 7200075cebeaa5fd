"""One project's pushes: what to send is decided when the job's turn comes, base takes over what was accepted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace

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
from connectord.store import OPEN, AuthorizationRow, BaseEntry, BaseKey, Change, HistoryRow, JobRow, Store
from connectord.sync.carry import SETS_AT_ONCE, carry_out
from connectord.sync.events import (
    ConnectorsGone,
    Looked,
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

OFFLINE_CAP = 5.0
"""Seconds between two tries while nobody answers: that costs the service nothing."""

SLOW_SECONDS = 300.0
"""After so long even a refusal is worth another try where the reason lies beside the file: access, the app, a disk."""

OFFLINE = frozenset({Unreachable.code, TimedOut.code})
ENDS_WITH_A_LOGIN = frozenset({SignedOut.code, CredentialsUnusable.code})
ENDS_ELSEWHERE = frozenset({Forbidden.code, NotFound.code})

OUTCOME_KIND = "connector.outcome"
"""What an outcome is called in the history and in the news."""


@dataclass(frozen=True, slots=True)
class PushEffects:
    """What a project's pushes act on and through. `clock` must not jump; `now` is the time of day, for the store.

    `watched` names the connectors whose consent link is being polled. `removal_grace` (seconds) is how long a file
    must be gone before anyone is told so.
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
    removal_grace: float = 10.0
    watched: Callable[[Project], Collection[str]] = lambda _: ()


class ProjectPush:
    """Carries the push jobs of one project out.

    `look_again(seconds)` asks its loop for another look later, `beside(coroutine)` lets something run that must not
    keep the next push waiting.
    """

    def __init__(
        self,
        effects: PushEffects,
        look_again: Callable[[float], None],
        beside: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self._effects = effects
        self._look_again = look_again
        self._beside = beside
        self._parking = Parking()
        self._failures: Counter[str] = Counter()
        self._absent_since: dict[str, float] = {}
        self._told_gone: set[str] = set()
        self._key: BaseKey | None = None
        self._reconciler = Reconciler(effects.store, effects.emit, effects.watched)

    def look(self, project: Project, snapshot: Snapshot) -> Plan:
        """Say what the snapshot asks for, and return what may be sent: never a removal, as nothing answers for one."""
        decided = self._plan(project, snapshot)
        self._effects.emit(Looked(project, snapshot, decided))
        if snapshot.complete:
            self._parking.keep_only([connector.type for connector in snapshot.connectors])
            self._withhold(project, decided.removals)
        return replace(decided, removals=())

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what waits for better times be sent at the next look; `everything`: what failed for good, too."""
        self._failures.clear()
        if everything:
            self._parking.release_all()
        else:
            self._parking.release_passing()

    async def carry(self, job: PushJob) -> None:
        """Send what the job's snapshot asks for, then reconcile if the job wants it. Ends in events, never raises."""
        decided = self.look(job.project, job.snapshot)
        app = self._effects.connect(job.project)
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
        row = JobRow(job.id, job.project.root, job.trigger.value, tuple(sent), effects.now(), effects.now())
        effects.store.record(self._intent(job.project, row))
        effects.emit(PushStarted(job.project, job.id, job.trigger, tuple(sent)))

        def known(outcome: Outcome) -> None:
            if outcome.result is Result.FAILED:
                # A look while the rest is under way must not take it for unsent. The job's end says for how long.
                self._parking.park(base_key(job.project), sent[outcome.type])
            effects.store.record(self._change(job, sent[outcome.type], outcome))
            effects.emit(OutcomeKnown(job.project, app, job.id, sent[outcome.type], outcome))

        outcomes = await carry_out(decided, app, may_remove=_never, on_outcome=known, sets_at_once=effects.sets_at_once)
        effects.store.record(Change(jobs=(replace(row, finished_at=effects.now()),)))
        effects.emit(PushFinished(job.project, job.id, outcomes, effects.clock() - started))
        self._park_failures(job.project, sent, outcomes)

    def _intent(self, project: Project, row: JobRow) -> Change:
        """What is about to be sent: without it, a file that is taken back after a crash would look like base (P9)."""
        key = base_key(project)
        known = self._effects.store.base(key)
        unsure = {name: replace(known[name], unsure=True) for name in row.types if name in known}
        return Change(key=key, base=unsure, jobs=(row,))

    def _change(self, job: PushJob, connector: Connector, outcome: Outcome) -> Change:
        """What an outcome changes, in one transaction: base, the link to watch, and the history (P9)."""
        project, now = job.project, self._effects.now()
        history = HistoryRow(
            None, now, project.root, OUTCOME_KIND, f"{outcome.type}: {outcome.words}",
            job=job.id, type=outcome.type, result=outcome.result.value, error=outcome.error,
        )  # fmt: skip
        if not outcome.accepted:
            return Change(history=(history,))
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
        """Say when what failed is tried again. Each connector backs off by its own failures in a row (P8)."""
        now = self._effects.clock()
        failures = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
        passing = [one for one in failures if one.transient or one.code in ENDS_WITH_A_LOGIN]
        elsewhere = [one for one in failures if one.code in ENDS_ELSEWHERE]
        if elsewhere:
            self._retry_later(project, sent, elsewhere, SLOW_SECONDS, now)
        again = {outcome.type: self._failures[outcome.type] + 1 for outcome in passing}
        for outcome in outcomes:
            del self._failures[outcome.type]
        self._failures.update(again)
        for count in sorted(set(again.values())):
            together = [outcome for outcome in passing if again[outcome.type] == count]
            self._retry_later(project, sent, together, self._delay(together, count), now)

    def _retry_later(
        self, project: Project, sent: dict[str, Connector], failures: list[Outcome], delay: float, now: float
    ) -> None:
        for outcome in failures:
            self._parking.park(base_key(project), sent[outcome.type], now + delay)
        first, types = failures[0], tuple(outcome.type for outcome in failures)
        self._effects.emit(RetryScheduled(project, types, delay, first.error or "", first.code or ""))
        self._look_again(delay)

    def _delay(self, passing: list[Outcome], count: int) -> float:
        effects = self._effects
        floor = max((outcome.retry_after or 0.0 for outcome in passing), default=0.0)
        delay = effects.backoff.delay(count, effects.rng, floor=floor)
        return min(delay, OFFLINE_CAP) if all(outcome.code in OFFLINE for outcome in passing) else delay

    def _withhold(self, project: Project, deleted: tuple[str, ...]) -> None:
        """Tell of files that are gone, after a grace: a checkout or an editor may put them back in a moment."""
        if self._key != base_key(project):  # another app or host has a base of its own to miss them in
            self._key = base_key(project)
            self._absent_since, self._told_gone = {}, set()
        now, grace = self._effects.clock(), self._effects.removal_grace
        self._absent_since = {name: self._absent_since.get(name, now) for name in deleted}
        self._told_gone &= set(deleted)
        ripe = tuple(
            name for name, since in self._absent_since.items() if now - since >= grace and name not in self._told_gone
        )
        young = [since + grace - now for name, since in self._absent_since.items() if now - since < grace]
        if young:
            self._look_again(min(young))
        if ripe:
            self._told_gone |= set(ripe)
            self._effects.emit(ConnectorsGone(project, ripe))
            self._forget_unauthorized(project, ripe)

    def _forget_unauthorized(self, project: Project, gone: tuple[str, ...]) -> None:
        """What nobody ever consented to leaves nothing to remove; a file that comes back gets a new link."""
        base = self._effects.store.base(base_key(project))
        forgotten = [name for name in gone if not base[name].authorized]
        withheld = tuple(name for name in gone if name not in forgotten)
        if forgotten:
            self._effects.store.accept(base_key(project), dict.fromkeys(forgotten))
            self._look_again(0.0)
        if withheld:
            self._effects.emit(RemovalsWithheld(project, withheld))


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
    )


async def _never(connector_type: str) -> str | None:
    return f"{connector_type} is not removed: the daemon removes nothing on its own in this version"
