"""The removals of one project: which connectors without a file may go now, and what is told of those that may not.

What is absent is told by absences.py, whether it may go by guard.py, what waits for a person by holds.py; here they
meet. Nothing is sent from here: carry.py does that, and only after a fresh look (fresh_look.py).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from connectord.project.model import Project, Snapshot
from connectord.store import Change, Store
from connectord.sync.absences import Absences, Missing, moves_since
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
from connectord.sync.holds import HoldNews, Holds
from connectord.sync.plan import Plan
from connectord.sync.reconcile import base_key
from connectord.sync.threads import in_thread

GIT_HELD_LOOK_SECONDS: Final = 15.0
"""How often git is looked at while it keeps removals held: that its lock goes is no event."""


@dataclass(frozen=True, slots=True)
class _Failure:
    error: str
    until: float


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
        self._absences = Absences(root, store, now=now, clock=clock)
        self._holds = Holds(root, store, now)
        self._turn = asyncio.Lock()
        self._untracked: frozenset[str] | None = None
        self._elsewhere: frozenset[str] = frozenset()
        self._failures: dict[str, _Failure] = {}
        self._announced: frozenset[str] = frozenset()
        self._git_work = GitWorkWatch(clock)
        self._shown: RemovalsChanged | None = None
        self._wake_at = -math.inf
        self._unconsented: tuple[str, ...] = ()
        self.verdicts: Mapping[str, Verdict] = {}

    async def look(self, project: Project, snapshot: Snapshot, decided: Plan, *, last: bool = False) -> tuple[str, ...]:
        """Take a look in, tell what is news, and say which connectors may be removed as far as files and git tell.

        `decided` is what else the look asks for. Sets of the same job go first; `last`: there must be none left.
        """
        async with self._turn:
            moves = await in_thread(partial(moves_since, self._absences.remembered_git(), snapshot))
            missing = self._absences.look(project, snapshot, moves, self._only_there(project))
            missing = self._without_forgotten(project, snapshot, missing)
            absent = [self._absent(one) for one in missing if one.consented]
            unsent = bool(decided.parked) or (last and decided.has_sets)
            scene = self._scene(project, snapshot, absent, unsent=unsent)
            self._unconsented = tuple(one.row.type for one in missing if not one.consented)
            news = self._judge(absent, scene)
            self._announce(project, absent, scene)
            self._show(project, news)
            self._wake()
            return tuple(name for name, verdict in self.verdicts.items() if isinstance(verdict, Go))

    def changed_elsewhere(self, types: Collection[str]) -> None:
        """Base44 was asked: these were changed there by someone else."""
        self._elsewhere |= frozenset(types)

    def only_there(self, types: Collection[str]) -> None:
        """Base44 was asked: these exist only there."""
        news = frozenset(types) != self._untracked
        self._untracked = frozenset(types)
        if news and self._policy.mode is RemovalMode.MIRROR:
            self._look_again(0.0)

    def gone(self, connector_type: str) -> Change:
        """What changes with the end of a connector, beside base. An approval goes on for the rest of its set."""
        self._failures.pop(connector_type, None)
        self._elsewhere -= {connector_type}
        if self._untracked is not None:
            self._untracked -= {connector_type}
        return replace(self._holds.without(connector_type), ended_absences=((self._root, connector_type),))

    def failed(self, connector_type: str, error: str, until: float = math.inf) -> None:
        """A removal failed and isn't tried again before `until` (by the clock)."""
        self._failures[connector_type] = _Failure(error, until)

    def retry_now(self, *, everything: bool = False) -> None:
        """Let what failed for a passing reason be tried again; `everything`: what failed for good, too."""
        self._failures = {
            name: failure for name, failure in self._failures.items() if math.isinf(failure.until) and not everything
        }

    def approve(self, project: Project, shown: Mapping[str, Collection[str]]) -> None:
        """A person's word: remove exactly these. Raises ApprovalRefused if the holds are no longer those shown (P6)."""
        self._show(project, self._holds.approve(shown))
        self._look_again(0.0)

    def absent_types(self) -> tuple[str, ...]:
        """The connectors whose files are gone, whatever becomes of them."""
        return tuple(row.type for row in self._store.absences(self._root))

    def _only_there(self, project: Project) -> Collection[str]:
        """What is removed though no file of this machine ever was: only where the settings say mirror."""
        if self._policy.mode is not RemovalMode.MIRROR:
            return ()
        if self._untracked is not None:
            return self._untracked
        # Nobody has asked Base44 yet in this life: what was absent before still is.
        base = self._store.base(base_key(project))
        return [row.type for row in self._store.absences(self._root) if row.type not in base]

    def _absent(self, missing: Missing) -> Absent:
        name = missing.row.type
        return Absent(
            name,
            missing.age,
            replaced=missing.replaced,
            switched=missing.switched,
            other_app=missing.row.other_app,
            changed_elsewhere=name in self._elsewhere,
            held=self._holds.reason_of(name),
        )

    def _scene(self, project: Project, snapshot: Snapshot, absent: Sequence[Absent], *, unsent: bool) -> Scene:
        errors, busy = snapshot.errors, self._git_work.look(snapshot.git.busy)
        return Scene(
            snapshot.state,
            str(errors[0]) if errors else None,
            files=len(snapshot.connectors),
            known=len(self._store.base(base_key(project)).keys() | {one.type for one in absent}),
            git_busy=busy,
            git_busy_for=self._git_work.seconds(),
            unsent=unsent,
        )

    def _judge(self, absent: Sequence[Absent], scene: Scene) -> tuple[HoldNews, ...]:
        verdicts = dict(judge(absent, scene, self._policy))
        news = self._holds.compare(verdicts)
        for name in self._holds.approved() & verdicts.keys():
            if isinstance(verdicts[name], Hold):
                verdicts[name] = judge_approved(scene)
        self.verdicts = {name: self._after_failure(name, verdict) for name, verdict in verdicts.items()}
        return news

    def _after_failure(self, name: str, verdict: Verdict) -> Verdict:
        failure = self._failures.get(name)
        if failure is None or not isinstance(verdict, Go) or failure.until <= self._clock():
            return verdict
        seconds = None if math.isinf(failure.until) else failure.until - self._clock()
        return Wait(WaitReason.FAILED, failure.error, seconds)

    def _without_forgotten(
        self, project: Project, snapshot: Snapshot, missing: tuple[Missing, ...]
    ) -> tuple[Missing, ...]:
        """Forget what nobody ever consented to after its grace: there is nothing to remove, and a file that comes
        back gets a new link.
        """
        never = [one for one in missing if not one.consented]
        if not never or not snapshot.complete or snapshot.git.busy:
            return missing
        self._wake_in([self._policy.grace - one.age for one in never if one.age < self._policy.grace])
        over = [one.row for one in never if one.age >= self._policy.grace]
        if over:
            types = tuple(row.type for row in over)
            ended = tuple(row.key for row in over)
            self._store.record(Change(key=base_key(project), base=dict.fromkeys(types), ended_absences=ended))
            self._emit(ConnectorsGone(project, types))
        return tuple(one for one in missing if one.row not in over)

    def _announce(self, project: Project, absent: Sequence[Absent], scene: Scene) -> None:
        """Say that removals are coming, once, and only of those that nothing else will keep."""
        aged = [replace(one, age=max(one.age, self._policy.grace)) for one in absent]
        would_go = {name for name, verdict in judge(aged, scene, self._policy).items() if isinstance(verdict, Go)}
        in_grace = {one.type: self._policy.grace - one.age for one in absent if one.age < self._policy.grace}
        coming = sorted(would_go & in_grace.keys())
        news = tuple(name for name in coming if name not in self._announced)
        self._announced = frozenset(one.type for one in absent if one.type in self._announced or one.type in coming)
        if news:
            self._emit(RemovalsComing(project, news, max(in_grace[name] for name in news)))

    def _show(self, project: Project, news: Sequence[HoldNews]) -> None:
        for one in news:
            self._emit(HoldChanged(project, one))
        waiting = tuple(
            WaitingRemoval(name, verdict.reason if isinstance(verdict, Wait) else None, _why(verdict))
            for name, verdict in self.verdicts.items()
            if isinstance(verdict, Wait | Go)
        )
        # Of what nobody consented to a link may be open, and is to be seen until it is forgotten (P10).
        waiting += tuple(WaitingRemoval(name, WaitReason.GRACE, "its file is gone") for name in self._unconsented)
        kept = tuple(name for name, verdict in self.verdicts.items() if isinstance(verdict, Keep))
        shown = RemovalsChanged(project, waiting, self._holds.all(), kept)
        if shown != self._shown:
            self._shown = shown
            self._emit(shown)

    def _wake(self) -> None:
        """Look again when the first of what waits may be over."""
        waits = [verdict.seconds for verdict in self.verdicts.values() if isinstance(verdict, Wait)]
        if any(isinstance(one, Hold) and one.reason is HoldReason.GIT_BUSY for one in self.verdicts.values()):
            waits.append(GIT_HELD_LOOK_SECONDS)
        self._wake_in([seconds for seconds in (*waits, self._absences.steady_in()) if seconds is not None])

    def _wake_in(self, waits: Sequence[float]) -> None:
        """One wake-up is enough, however often a project is looked at meanwhile: every look asks for the next."""
        if not waits:
            return
        now, wake_at = self._clock(), self._clock() + min(waits)
        if self._wake_at <= now or wake_at < self._wake_at:
            self._wake_at = wake_at
            self._look_again(wake_at - now)


def _why(verdict: Verdict) -> str:
    return verdict.why if isinstance(verdict, Wait | Hold) else ""
