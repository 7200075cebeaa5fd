"""The removals of one project: which connectors without a file may go now, and what is told of those that may not.

What is absent is told by absences.py, whether it may go by guard.py, what waits for a person by holds.py; here they
meet. Nothing is sent from here: carry.py does that, and only after a fresh look (fresh_look.py).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from connectord.project.model import DirectoryState, Project, Snapshot
from connectord.project.shown import shown_path
from connectord.store import BaseEntry, BaseKey, Change, Store
from connectord.sync.absences import Absences, Missing, Moves, moves_since
from connectord.sync.events import (
    ConnectorsGone,
    HoldChanged,
    RemovalsChanged,
    RemovalsComing,
    SyncEvent,
    WaitingRemoval,
)
from connectord.sync.git_work import GitWorkWatch
from connectord.sync.guard import (
    GIT_LOOK_SECONDS,
    Absent,
    Go,
    Hold,
    HoldReason,
    Keep,
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
from connectord.sync.other_folders import files_elsewhere
from connectord.sync.plan import Plan
from connectord.sync.reconcile import base_key
from connectord.sync.threads import in_thread


class Removals:
    """Decides about the removals of one project. `look_again(seconds)` asks the project's loop for another look."""

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
        self._emit = emit
        self._look_again = look_again
        self._clock = clock
        self._now = now
        self._absences = Absences(root, store, now=now, clock=clock)
        self._holds = Holds(root, store, now)
        self._losses = Losses(root, store, now=now, clock=clock)
        self._heard = Heard()
        self._turn = asyncio.Lock()
        self._latest: Snapshot | None = None
        self._announced: frozenset[str] = frozenset()
        self._git_work = GitWorkWatch(clock)
        self._shown: RemovalsChanged | None = None
        self._wake_at = -math.inf
        self._unconsented: tuple[WaitingRemoval, ...] = ()
        self._due: Mapping[str, float] = {}
        self.verdicts: Mapping[str, Verdict] = {}

    async def look(self, project: Project, snapshot: Snapshot, decided: Plan, *, last: bool = False) -> tuple[str, ...]:
        """Take a look in, tell what is news, and say which connectors may be removed as far as files and git tell.

        `decided` is what else the look asks for. Sets of the same job go first; `last`: there must be none left.
        """
        async with self._turn:
            if self._latest is not None and snapshot.number < self._latest.number:
                # Others looked while this one waited for its turn; they saw what is newer.
                return () if last else self._going()
            self._turn_to(project)
            moves, used_by = await self._look_around(project, snapshot)
            missing = self._absences.look(project, snapshot, moves, self._only_there(project))
            self._latest = snapshot
            self._heard.keep_only({one.row.type for one in missing})
            busy = self._git_work.look(snapshot.git.busy)
            self._unconsented = self._forget_unconsented(project, snapshot, busy, missing)
            absent = [self._absent(one, used_by) for one in missing if one.consented]
            unsent = bool(decided.parked) or (last and decided.has_sets)
            scene = self._scene(project, snapshot, busy, absent, unsent=unsent)
            news = self._judge(absent, scene)
            self._announce(project, absent, scene)
            self._show(project, news)
            self._wake()
            return self._going()

    def reconciled(self, project: Project, decided: Plan) -> None:
        """Base44 was asked about everything: `decided` says what exists only there and what was changed there."""
        if not self._heard.is_about(base_key(project)):
            return
        changed = [one.type for one in decided.held if one.reason is HoldReason.CHANGED_ELSEWHERE]
        self.changed_elsewhere(project, changed)
        news = frozenset(decided.untracked) != self._heard.untracked
        self._heard.untracked = frozenset(decided.untracked)
        if decided.forgotten or (news and self._policy.mode is RemovalMode.MIRROR):
            self._look_again(0.0)

    def changed_elsewhere(self, project: Project, types: Collection[str]) -> None:
        """Base44 was asked: these were changed there by someone else."""
        if self._heard.is_about(base_key(project)):
            self._heard.changed |= frozenset(types)

    def accepted(self, project: Project, snapshot: Snapshot, connector_type: str) -> Change:
        """What changes, beside base, when Base44 accepted what a snapshot says: its file may have gone meanwhile."""
        if not self._heard.is_about(base_key(project)) or self._has_file(connector_type):
            return Change()
        return Change(absences=(self._absences.accepted(project, snapshot, connector_type),))

    def gone(self, connector_type: str) -> Change:
        """What changes with the end of a connector, beside base. An approval goes on for the rest of its set."""
        if connector_type not in self._holds.approved():
            self._losses.add(connector_type)
        self._heard.forget(connector_type)
        return replace(self._holds.without(connector_type), ended_absences=((self._root, connector_type),))

    def failed(self, connector_type: str, error: str, until: float = math.inf) -> None:
        """A removal failed and isn't tried again before `until` (by the clock)."""
        self._heard.failed(connector_type, Failure(error, until))

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what failed for a passing reason be tried again; `everything`: what failed for good, too."""
        self._heard.retry_now(everything=everything)

    def approve(self, project: Project, shown: Mapping[str, Collection[str]]) -> None:
        """A person's word: remove exactly these. Raises ApprovalRefused if the holds are no longer those shown (P6)."""
        self._show(project, self._holds.approve(shown))
        self._look_again(0.0)

    def absent_types(self) -> tuple[str, ...]:
        """The connectors whose files are gone, whatever becomes of them."""
        return self._absences.types

    def _only_there(self, project: Project) -> Collection[str]:
        """What is removed though no file of this machine ever was: only where the settings say mirror."""
        if self._policy.mode is not RemovalMode.MIRROR:
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
            self._heard.untracked = frozenset()  # of the other app they may be known
            self.verdicts = {}
            if ended := self._holds.end_all():
                self._show(project, ended)

    async def _look_around(self, project: Project, snapshot: Snapshot) -> tuple[Moves, Mapping[str, Path]]:
        """What git did, and which of the connectors without a file have one in another folder."""
        key = base_key(project)
        while True:
            git, known = self._absences.remembered_git(), {*self._store.base(key), *self._only_there(project)}
            looks = partial(_around, git, snapshot, known, self._store.other_bases(key))
            found = await in_thread(looks)
            if self._absences.remembered_git() <= git:  # else a push has ended meanwhile
                return found

    def _has_file(self, connector_type: str) -> bool:
        return self._latest is None or connector_type.lower() in _names(self._latest)

    def _going(self) -> tuple[str, ...]:
        return tuple(name for name, verdict in self.verdicts.items() if isinstance(verdict, Go))

    def _absent(self, missing: Missing, used_by: Mapping[str, Path]) -> Absent:
        name = missing.row.type
        return Absent(
            name,
            missing.age,
            replaced=missing.replaced,
            switched=missing.switched,
            other_app=missing.row.other_app,
            used_by=shown_path(used_by[name]) if name in used_by else None,
            changed_elsewhere=name in self._heard.changed,
            held=self._holds.reason_of(name),
        )

    def _scene(
        self, project: Project, snapshot: Snapshot, busy: str | None, absent: Sequence[Absent], *, unsent: bool
    ) -> Scene:
        known = self._store.base(base_key(project)).keys() | {one.type for one in absent}
        removed = self._losses.recent(_names(snapshot)) - known
        return Scene(
            snapshot.state,
            _fault(snapshot),
            files=len(snapshot.connectors),
            known=len(known | removed),
            removed=len(removed),
            git_busy=busy,
            git_busy_for=self._git_work.seconds(),
            unsent=unsent,
        )

    def _judge(self, absent: Sequence[Absent], scene: Scene) -> tuple[HoldNews, ...]:
        verdicts = dict(judge(absent, scene, self._policy))
        news = self._holds.compare(verdicts)
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

    def _forget_unconsented(
        self, project: Project, snapshot: Snapshot, busy: str | None, missing: Sequence[Missing]
    ) -> tuple[WaitingRemoval, ...]:
        """Forget what nobody ever consented to after its grace: there is nothing to remove, and a file that comes
        back gets a new link. Answers with what waits for that, and for what.
        """
        never = [one for one in missing if not one.consented]
        waits = {one.row.type: self._keeps_unconsented(one, snapshot, busy) for one in never}
        over = [one.row for one in never if waits[one.row.type] is None]
        if over:
            types = tuple(row.type for row in over)
            ended = tuple(row.key for row in over)
            self._store.record(Change(key=base_key(project), base=dict.fromkeys(types), ended_absences=ended))
            self._emit(ConnectorsGone(project, types))
        left = {name: wait for name, wait in waits.items() if wait is not None}
        self._wake_in([wait.seconds for wait in left.values() if wait.seconds is not None])
        return tuple(WaitingRemoval(name, wait.reason, wait.why) for name, wait in left.items())

    def _keeps_unconsented(self, one: Missing, snapshot: Snapshot, busy: str | None) -> Wait | None:
        if why := _fault(snapshot):
            return Wait(WaitReason.PROBLEMS, why)
        if one.age < self._policy.grace:
            left = self._policy.grace - one.age
            return Wait(WaitReason.GRACE, "its file is gone, and nobody had authorized it", left)
        if busy and self._git_work.seconds() < self._policy.git_limit:
            return Wait(WaitReason.GIT_BUSY, busy, GIT_LOOK_SECONDS)
        return None

    def _announce(self, project: Project, absent: Sequence[Absent], scene: Scene) -> None:
        """Say that removals are coming, once, and only of those that nothing else will keep."""
        aged = [replace(one, age=max(one.age, self._policy.grace)) for one in absent]
        would_go = {name for name, verdict in judge(aged, scene, self._policy).items() if isinstance(verdict, Go)}
        in_grace = {one.type: self._policy.grace - one.age for one in absent if one.age < self._policy.grace}
        coming = sorted(would_go & in_grace.keys())
        self._due = {name: float(round(self._now() + in_grace[name])) for name in coming}
        news = tuple(name for name in coming if name not in self._announced)
        self._announced = frozenset(one.type for one in absent if one.type in self._announced or one.type in coming)
        if news:
            self._emit(RemovalsComing(project, news, max(in_grace[name] for name in news)))

    def _show(self, project: Project, news: Sequence[HoldNews]) -> None:
        for one in news:
            self._emit(HoldChanged(project, one))
        waiting = tuple(
            _waiting(name, verdict, self._due.get(name))
            for name, verdict in self.verdicts.items()
            if isinstance(verdict, Wait | Go)
        )
        # Of what nobody consented to a link may be open, and is to be seen until it is forgotten (P10).
        waiting += self._unconsented
        kept = tuple(name for name, verdict in self.verdicts.items() if isinstance(verdict, Keep))
        shown = RemovalsChanged(project, waiting, self._holds.all(), kept)
        if shown != self._shown:
            self._shown = shown
            self._emit(shown)

    def _wake(self) -> None:
        """Look again when the first of what waits may be over."""
        waits = [verdict.seconds for verdict in self.verdicts.values() if isinstance(verdict, Wait)]
        self._wake_in([seconds for seconds in (*waits, self._absences.steady_in()) if seconds is not None])

    def _wake_in(self, waits: Sequence[float]) -> None:
        """One wake-up is enough, however often a project is looked at meanwhile: every look asks for the next."""
        if not waits:
            return
        now, wake_at = self._clock(), self._clock() + min(waits)
        if self._wake_at <= now or wake_at < self._wake_at:
            self._wake_at = wake_at
            self._look_again(wake_at - now)


def _around(
    git: frozenset[str],
    snapshot: Snapshot,
    known: Collection[str],
    others: Mapping[BaseKey, Mapping[str, BaseEntry]],
) -> tuple[Moves, Mapping[str, Path]]:
    without = [name for name in known if name.lower() not in _names(snapshot)]
    return moves_since(git, snapshot), files_elsewhere(without, others)


def _names(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(name.lower() for name in snapshot.by_type)


def _waiting(name: str, verdict: Wait | Go, due: float | None) -> WaitingRemoval:
    if isinstance(verdict, Go):
        return WaitingRemoval(name, None, "")
    if verdict.reason is WaitReason.GRACE and due is None:
        return WaitingRemoval(name, verdict.reason, f"{verdict.why}; nothing is removed yet")
    return WaitingRemoval(name, verdict.reason, verdict.why, due)


def _fault(snapshot: Snapshot) -> str | None:
    """What is wrong with the directory, as a part of a sentence, or with the first broken file in it."""
    problem = next(iter(snapshot.errors), None)
    if problem is None or snapshot.state is DirectoryState.PRESENT:
        return None if problem is None else str(problem)
    return f"{problem.message[:1].lower()}{problem.message[1:].rstrip('.')} ({problem.place})"
