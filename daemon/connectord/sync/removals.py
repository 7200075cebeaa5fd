"""The removals of one project: which connectors without a file may go now, and what is told of those that may not.

What is absent is told by absences.py, whether it may go by guard.py, what waits for a person by holds.py; here they
meet. Nothing is sent from here: carry.py does that, and only after a fresh look (fresh_look.py).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectord.project.model import Project, Snapshot
from connectord.project.shown import shown_path
from connectord.store import Change, Store
from connectord.sync.absences import Absences, Missing
from connectord.sync.around import Around, fault_in, look_around, names_in
from connectord.sync.events import SyncEvent
from connectord.sync.git_work import GitWorkWatch
from connectord.sync.guard import (
    Absent,
    Go,
    Hold,
    HoldReason,
    RemovalMode,
    RemovalPolicy,
    Scene,
    Verdict,
    Wait,
    WaitReason,
    judge,
    judge_approved,
)
from connectord.sync.heard import Failure, Heard
from connectord.sync.holds import HoldNews, Holds
from connectord.sync.losses import Losses
from connectord.sync.plan import Plan
from connectord.sync.reconcile import base_key
from connectord.sync.removal_news import RemovalNews
from connectord.sync.unconsented import Unconsented
from connectord.sync.wake import Wake


class Removals:
    """Decides about the removals of one project. `look_again(seconds)` asks the project's loop for another look.

    About `to_ask` Base44 should be asked (`reconciled` hears of it): somebody may have consented unnoticed.
    """

    def __init__(
        self,
        root: Path,
        *,
        store: Store,
        policy: RemovalPolicy,
        emit: Callable[[SyncEvent], None],
        look_again: Callable[[float], None],
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._root = root
        self._store = store
        self._policy = policy
        self._look_again = look_again
        self._clock = clock
        self._absences = Absences(root, store, now=now, clock=clock)
        self._holds = Holds(root, store, now)
        self._losses = Losses(root, store, now=now, clock=clock)
        self._heard = Heard()
        self._turn = asyncio.Lock()
        self._latest: Snapshot | None = None
        self._git_work = GitWorkWatch(clock)
        self._wake = Wake(look_again, clock)
        self._news = RemovalNews(emit, policy, now)
        self._unconsented = Unconsented(store, policy, self._heard, emit=emit)
        self.verdicts: Mapping[str, Verdict] = {}

    @property
    def to_ask(self) -> frozenset[str]:
        """What Base44 should be asked about before it is forgotten."""
        return self._unconsented.to_ask

    async def look(self, project: Project, snapshot: Snapshot, decided: Plan, *, last: bool = False) -> tuple[str, ...]:
        """Take a look in, tell what is news, and say which connectors may be removed as far as files and git tell.

        `decided` is what else the look asks for. Sets of the same job go first; `last`: there must be none left.
        """
        async with self._turn:
            if self._latest is not None and snapshot.number < self._latest.number:
                # Others looked while this one waited for its turn; they saw what is newer.
                return () if last else self._going()
            self._turn_to(project)
            around = await self._look_around(project, snapshot)
            missing = self._absences.look(
                project,
                snapshot,
                around.moves,
                self._only_there(project),
                all_known=self._policy.mode is not RemovalMode.MIRROR or self._heard.untracked is not None,
            )
            self._latest = snapshot
            self._heard.keep_only({one.row.type for one in missing})
            absent = [self._absent(one, around) for one in missing if one.consented]
            scene = self._scene(project, snapshot, absent, unsent=bool(decided.parked) or (last and decided.has_sets))
            self._unconsented.look(project, missing, scene)
            self._news.announce(project, absent, scene)
            self._news.hold_news(project, self._judge(absent, scene))
            self._show(project)
            waiting = (*self._unconsented.waits.values(), *self.verdicts.values())
            self._wake.for_the_sake_of(waiting, self._absences.steady_in())
            return self._going()

    def reconciled(self, project: Project, decided: Plan) -> None:
        """Base44 was asked about everything: `decided` says what exists only there and what was changed there."""
        if not self._heard.is_about(base_key(project)):
            return
        self._heard.changed |= {one.type for one in decided.held if one.reason is HoldReason.CHANGED_ELSEWHERE}
        self._heard.asked |= self.to_ask
        news = frozenset(decided.untracked) != self._heard.untracked
        self._heard.untracked = frozenset(decided.untracked)
        if self.to_ask or decided.forgotten or (news and self._policy.mode is RemovalMode.MIRROR):
            self._look_again(0.0)

    def changed_elsewhere(self, project: Project, types: Collection[str]) -> None:
        """Base44 was asked: these were changed there by someone else."""
        if self._heard.is_about(base_key(project)):
            self._heard.changed |= frozenset(types)

    def accepted(self, project: Project, snapshot: Snapshot, connector_type: str) -> Change:
        """What changes, beside base, when Base44 accepted what a snapshot says: its file may have gone meanwhile."""
        here = names_in(self._latest) if self._latest and self._heard.is_about(base_key(project)) else None
        if here is None or connector_type.lower() in here:
            return Change()
        return Change(absences=(self._absences.accepted(project, snapshot, connector_type),))

    def gone(self, connector_type: str) -> Change:
        """What changes with the end of a connector, beside base. An approval goes on for the rest of its set."""
        if connector_type not in self._holds.approved():
            self._losses.add(connector_type)
        self._heard.forget(connector_type)
        # A job that was queued before goes by this, where its own look is older than the last one.
        self.verdicts = {name: verdict for name, verdict in self.verdicts.items() if name != connector_type}
        return replace(self._holds.without(connector_type), ended_absences=((self._root, connector_type),))

    def failed(self, connector_type: str, error: str, until: float = math.inf) -> None:
        """A removal failed and isn't tried again before `until` (by the clock)."""
        self._heard.failed(connector_type, Failure(error, until))

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what failed for a passing reason be tried again; `everything`: what failed for good, too."""
        self._heard.retry_now(everything=everything)

    def approve(self, project: Project, shown: Mapping[str, Collection[str]]) -> None:
        """A person's word: remove exactly these. Raises ApprovalRefused if the holds are no longer those shown (P6)."""
        self._news.hold_news(project, self._holds.approve(shown))
        self._show(project)
        self._look_again(0.0)

    def absent_types(self) -> tuple[str, ...]:
        """The connectors whose files are gone, whatever becomes of them."""
        return self._absences.types

    def _only_there(self, project: Project) -> Collection[str]:
        """What is removed though no file of this machine ever was: only where the settings say mirror."""
        if self._policy.mode is not RemovalMode.MIRROR or self._absences.turned(project):
            return ()
        if self._heard.untracked is not None:
            return self._heard.untracked
        # Nobody has asked Base44 yet in this life: what was absent before still is.
        base = self._store.base(base_key(project))
        return [row.type for row in self._store.absences(self._root) if row.type not in base]

    def _turn_to(self, project: Project) -> None:
        """Where the project was linked to another app until now, that one's holds end before anything is looked at."""
        self._heard.turn_to(base_key(project))
        if self._absences.turned(project):
            self._losses.forget()
            self.verdicts = {}
            if ended := self._holds.end_all():
                self._news.hold_news(project, ended)
                self._show(project)

    async def _look_around(self, project: Project, snapshot: Snapshot) -> Around:
        key = base_key(project)
        return await look_around(
            snapshot,
            remembered_git=self._absences.remembered_git,
            known={*self._store.base(key), *self._only_there(project)},
            others=lambda: self._store.other_bases(key),
        )

    def _going(self) -> tuple[str, ...]:
        return tuple(name for name, verdict in self.verdicts.items() if isinstance(verdict, Go))

    def _absent(self, missing: Missing, around: Around) -> Absent:
        name = missing.row.type
        used_by = around.used_by.get(name)
        return Absent(
            name,
            missing.age,
            untracked=missing.untracked,
            replaced=missing.replaced,
            switched=missing.switched,
            other_app=missing.row.other_app,
            used_by=None if used_by is None else shown_path(used_by),
            changed_elsewhere=name in self._heard.changed,
            held=self._holds.reason_of(name),
        )

    def _scene(self, project: Project, snapshot: Snapshot, absent: Sequence[Absent], *, unsent: bool) -> Scene:
        busy = self._git_work.look(snapshot.git.busy)
        known = self._store.base(base_key(project)).keys() | {one.type for one in absent}
        removed = self._losses.recent() - known
        return Scene(
            snapshot.state,
            fault_in(snapshot),
            files=len(snapshot.connectors),
            known=len(known | removed),
            removed=len(removed),
            git_busy=busy,
            git_busy_for=self._git_work.seconds(),
            unsent=unsent,
        )

    def _judge(self, absent: Sequence[Absent], scene: Scene) -> tuple[HoldNews, ...]:
        verdicts = dict(judge(absent, scene, self._policy))
        news = self._holds.compare(verdicts, untracked=[one.type for one in absent if one.untracked])
        approved = self._holds.approved()
        for one in absent:
            if one.type in approved and isinstance(verdicts[one.type], Hold):
                verdicts[one.type] = judge_approved(one, scene, self._policy)
        self.verdicts = {name: self._after_failure(name, verdict) for name, verdict in verdicts.items()}
        return news

    def _after_failure(self, name: str, verdict: Verdict) -> Verdict:
        failure = self._heard.failure_of(name, self._clock())
        if failure is None or not isinstance(verdict, Go):
            return verdict
        seconds = None if math.isinf(failure.until) else failure.until - self._clock()
        return Wait(WaitReason.FAILED, failure.error, seconds)

    def _show(self, project: Project) -> None:
        self._news.show(project, self.verdicts, self._unconsented.waits, self._holds.all())
