"""One project's pushes: what to send is decided when the job's turn comes, base takes over what was accepted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path

from connectord.base44 import App
from connectord.base44.errors import Base44Error
from connectord.project.model import STRIPE, Connector, Project, Snapshot
from connectord.store import BaseKey, Change, JobRow
from connectord.sync.carried import carrying
from connectord.sync.carry import carry_out
from connectord.sync.changes import change_by, intent
from connectord.sync.effects import PushEffects
from connectord.sync.events import Looked, OutcomeKnown, PushFinished, PushStarted
from connectord.sync.fresh_look import FreshLook
from connectord.sync.ledgers import FailureLedger, Parking
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import Plan, plan
from connectord.sync.queue import LookAgain, PushJob, Trigger
from connectord.sync.reconcile import Reconciler, base_key
from connectord.sync.removals import Removals
from connectord.sync.renewals import Renewals
from connectord.sync.retries import OFFLINE, OFFLINE_CAP, Retries
from connectord.sync.told import Told

PACE_SECONDS = 5.0
"""When to look again for a removal that the documented limit has no room for yet."""


class ProjectPush:
    """Carries the push jobs of one project out.

    `read` reads the project from disk (blocking). `look_again` asks its loop for another look later,
    `beside(coroutine)` lets something run that must not keep the next push waiting, `told` is what was said of the
    project before, `paused` says that a person wants no more of it.
    """

    def __init__(
        self,
        root: Path,
        effects: PushEffects,
        read: Callable[[], tuple[Project, Snapshot]],
        look_again: LookAgain,
        beside: Callable[[Coroutine[None, None, None]], None],
        *,
        told: Told,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self._effects = effects
        self._look_again = look_again
        self._beside = beside
        self._parking = Parking()
        self._renewals = Renewals()
        self._failures = FailureLedger(told)
        self._retries = Retries(effects, look_again)
        self.removals = Removals(
            root,
            store=effects.store,
            policy=effects.removals,
            emit=effects.emit,
            look_again=partial(look_again, trigger=Trigger.REMOVAL),
            clock=effects.clock,
            now=effects.now,
        )
        self._fresh_look = FreshLook(self.removals, effects.store, read=read, plan=self._plan, paused=paused)
        self._reconciler = Reconciler(
            effects, told, latest=self._latest_of, on_plan=self.removals.reconciled, on_failure=self._not_asked
        )
        self._latest: tuple[BaseKey, Snapshot] | None = None
        self._ask_again_at = 0.0

    async def look(self, project: Project, snapshot: Snapshot) -> Plan:
        """Say what the snapshot asks for, and return what may be sent now: removals only after the guard let them."""
        self._renewals.keep_only(snapshot.by_type)
        decided = self._plan(project, snapshot)
        if self._latest is not None and self._latest[0] != base_key(project):
            self._over(())  # those were the other app's
        if self._latest is None or snapshot.number >= self._latest[1].number:
            self._latest = base_key(project), snapshot
        self._effects.emit(Looked(project, snapshot, decided))
        if snapshot.complete:
            self._parking.keep_only([connector.type for connector in snapshot.connectors])
        self._keep_texts(project, snapshot, decided.unchanged)
        removals = await self.removals.look(project, snapshot, decided)
        if snapshot.complete:
            self._over({*_wanted(decided), *self.removals.absent_types()})
        if self.removals.to_ask:
            self.reconcile(project)
        return replace(decided, removals=removals)

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what waits for better times be sent at the next look; `everything`: what failed for good, too."""
        self._retries.forget()
        self.removals.retry_now(everything=everything)
        if everything:
            self._parking.release_all()
        else:
            self._parking.release_passing()

    async def renewed(self, connector_type: str) -> Outcome | None:
        """Have it set once more at the next look, for a fresh consent link; None where it has no usable file.

        It takes as long as its turn and Base44 do: callers bring their own limit.
        """
        self._parking.release(connector_type)
        asked = self._renewals.ask(connector_type)
        self._look_again(0.0, Trigger.ASKED)
        return await asyncio.shield(asked)

    def end(self) -> None:
        """Nothing is looked at any more: nobody needs to wait for a link."""
        self._renewals.end()

    @property
    def reconcile_owed(self) -> bool:
        """Whether Base44 couldn't be asked what it has, so that the next try of anything should ask again."""
        return self._reconciler.owed

    async def carry(self, job: PushJob) -> None:
        """Send what the job's snapshot asks for, then reconcile if the job wants it. Ends in events, never raises."""
        decided = await self.look(job.project, job.snapshot)
        app = self._effects.connect(job.project)
        decided = self._within_pace(decided, app)
        if not decided.sends_nothing:
            with carrying(job):
                await self._push(job, decided, app)
        if job.reconcile:
            self.reconcile(job.project)

    def reconcile(self, project: Project) -> None:
        """Have Base44 asked what it has, beside everything else."""
        self._beside(self._reconciler.reconcile(project, self._effects.connect(project)))

    def _latest_of(self, key: BaseKey) -> Snapshot | None:
        return self._latest[1] if self._latest and self._latest[0] == key else None

    def _plan(self, project: Project, snapshot: Snapshot) -> Plan:
        base = self._renewals.wanted(self._effects.store.base(base_key(project)))
        return plan(snapshot, base, parked=self._parking.waiting(base_key(project), self._effects.clock()))

    async def _push(self, job: PushJob, decided: Plan, app: App) -> None:
        effects, started = self._effects, self._effects.clock()
        sent = _sent(decided, job.snapshot)
        types = (*sent, *decided.removals)
        row = JobRow(job.id, job.project.root, job.trigger.value, types, effects.now(), effects.now())
        effects.store.record(intent(row, base_key(job.project), effects.store.base(base_key(job.project)), sent))
        effects.emit(PushStarted(job.project, job.id, job.trigger, tuple(sent), decided.removals))

        again: list[str] = []

        def known(outcome: Outcome) -> None:
            if outcome.result is Result.FAILED:
                # A look while the rest is under way must not take it for unsent. The job's end says for how long.
                self._park(job.project, sent.get(outcome.type), outcome, math.inf)
            heard = self._failures.heard(outcome, sent.get(outcome.type), base_key(job.project))
            if heard.is_news:
                change = self._change(job, sent.get(outcome.type), outcome)
                effects.store.record(replace(change, noticed=heard.noticed))
            else:
                again.append(outcome.type)
            known_again = not heard.is_news
            effects.emit(OutcomeKnown(job.project, app, job.id, sent.get(outcome.type), outcome, known_again))
            self._renewals.heard(outcome)

        outcomes = await carry_out(
            decided,
            app,
            objection=partial(self._fresh_look.objection, job.project, app),
            on_outcome=known,
            sets_at_once=effects.sets_at_once,
        )
        effects.store.record(Change(jobs=(replace(row, finished_at=effects.now()),)))
        effects.emit(PushFinished(job.project, job.id, outcomes, effects.clock() - started, tuple(again)))
        if decided.removals:
            self._look_again(0.0, Trigger.REMOVAL)  # what is left of them shows
        for failure, until in self._retries.schedule(job.project, outcomes):
            self._park(job.project, sent.get(failure.type), failure, until)

    def _change(self, job: PushJob, connector: Connector | None, outcome: Outcome) -> Change:
        """What an outcome changes in the store, with what it means for what waits here."""
        base, limit = self._effects.store.base(base_key(job.project)), self._effects.authorization_limit
        change = change_by(outcome, connector, job, base, now=self._effects.now(), authorization_limit=limit)
        if not outcome.accepted:
            return change
        if connector is not None:
            self._parking.release(connector.type)
            return replace(change, absences=self.removals.accepted(job.project, job.snapshot, connector.type).absences)
        ended = self.removals.gone(outcome.type)
        return replace(change, holds=ended.holds, ended_holds=ended.ended_holds, ended_absences=ended.ended_absences)

    def _over(self, still: Collection[str]) -> None:
        """The failures of all but these have ended."""
        if ended := self._failures.keep_only(still):
            self._effects.store.record(Change(noticed=ended))

    def _park(self, project: Project, connector: Connector | None, failure: Outcome, until: float) -> None:
        """Keep what failed from being sent again before `until` (by the clock)."""
        if connector is not None:
            self._parking.park(base_key(project), connector, until)
        else:
            self.removals.failed(failure.type, failure.error or "", until)

    def _not_asked(self, error: Base44Error, count: int) -> None:
        """Nobody may save anything for long: that Base44 answers again must show all the same (P8, P12)."""
        now = self._effects.clock()
        # Every look of ours asks again, a push's retries too: each of them with a next one would be more and more.
        if not error.transient or now < self._ask_again_at:
            return
        delay = self._effects.backoff.delay(count, self._effects.rng, floor=error.retry_after)
        delay = OFFLINE_CAP if error.code in OFFLINE else delay
        self._ask_again_at = now + delay
        self._look_again(delay)

    def _within_pace(self, decided: Plan, app: App) -> Plan:
        """As many removals as the documented limit has room for now: a save must not wait behind the others (P4)."""
        room = app.removals_left()
        if len(decided.removals) > room:
            self._look_again(PACE_SECONDS, Trigger.REMOVAL)
        return replace(decided, removals=decided.removals[:room])

    def _keep_texts(self, project: Project, snapshot: Snapshot, unchanged: tuple[str, ...]) -> None:
        """A comment that was edited needs no request, but a restore should bring it back (P6)."""
        base, files = self._effects.store.base(base_key(project)), snapshot.by_type
        said = {name: (files[name].file.name, files[name].text) for name in unchanged}
        kept = {
            name: replace(base[name], file_name=file_name, file_text=file_text)
            for name, (file_name, file_text) in said.items()
            if (base[name].file_name, base[name].file_text) != (file_name, file_text)
        }
        # A text that is too large to be kept differs each time, and what is kept of it doesn't.
        if edited := {name: entry for name, entry in kept.items() if entry != base[name]}:
            self._effects.store.accept(base_key(project), edited)


def _wanted(decided: Plan) -> tuple[str, ...]:
    """The connectors whose files say something that Base44 hasn't accepted."""
    sets = tuple(connector.type for connector in decided.sets)
    return (*sets, *decided.parked, *((STRIPE,) if decided.provision else ()))


def _sent(decided: Plan, snapshot: Snapshot) -> dict[str, Connector]:
    sets = {connector.type: connector for connector in decided.sets}
    if decided.provision:
        sets |= {connector.type: connector for connector in snapshot.connectors if connector.is_stripe}
    return sets
