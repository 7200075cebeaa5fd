"""What is told of one project's removals: that they are coming, what became of holds, and how it all stands (P11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from connectord.project.model import Project
from connectord.sync.events import HoldChanged, RemovalsChanged, RemovalsComing, SyncEvent, WaitingRemoval
from connectord.sync.guard import Absent, Go, Keep, RemovalPolicy, Scene, Verdict, Wait, WaitReason, judge
from connectord.sync.holds import HeldRemovals, HoldNews


class RemovalNews:
    """Tells each thing once. `now` is the time of day."""

    def __init__(self, emit: Callable[[SyncEvent], None], policy: RemovalPolicy, now: Callable[[], float]) -> None:
        self._emit = emit
        self._policy = policy
        self._now = now
        self._announced: frozenset[str] = frozenset()
        self._due: Mapping[str, float] = {}
        self._untracked: frozenset[str] = frozenset()
        self._shown: RemovalsChanged | None = None

    def announce(self, project: Project, absent: Sequence[Absent], scene: Scene) -> None:
        """Say that removals are coming, and only of those that nothing else will keep."""
        aged = [replace(one, age=max(one.age, self._policy.grace)) for one in absent]
        would_go = {name for name, verdict in judge(aged, scene, self._policy).items() if isinstance(verdict, Go)}
        in_grace = {one.type: self._policy.grace - one.age for one in absent if one.age < self._policy.grace}
        coming = sorted(would_go & in_grace.keys())
        self._due = {name: float(round(self._now() + in_grace[name])) for name in coming}
        news = [name for name in coming if name not in self._announced]
        self._announced = frozenset(one.type for one in absent if one.type in self._announced or one.type in coming)
        self._untracked = frozenset(one.type for one in absent if one.untracked)
        for untracked in (False, True):
            types = tuple(name for name in news if (name in self._untracked) is untracked)
            if types:
                self._emit(RemovalsComing(project, types, max(in_grace[name] for name in types), untracked))

    def hold_news(self, project: Project, news: Sequence[HoldNews]) -> None:
        """Say what became of holds."""
        for one in news:
            self._emit(HoldChanged(project, one))

    def show(
        self,
        project: Project,
        verdicts: Mapping[str, Verdict],
        unconsented: Mapping[str, Wait],
        holds: tuple[HeldRemovals, ...],
    ) -> None:
        """Say how it stands now. Of what nobody consented to a link may be open, and it is to be seen, too (P10)."""
        waiting = [
            replace(_waiting(name, verdict, self._due.get(name)), untracked=name in self._untracked)
            for name, verdict in verdicts.items()
            if isinstance(verdict, Wait | Go)
        ]
        waiting += [WaitingRemoval(name, wait.reason, wait.why) for name, wait in unconsented.items()]
        kept = tuple(name for name, verdict in verdicts.items() if isinstance(verdict, Keep))
        shown = RemovalsChanged(project, tuple(waiting), holds, kept)
        if shown != self._shown:
            self._shown = shown
            self._emit(shown)


def _waiting(name: str, verdict: Wait | Go, due: float | None) -> WaitingRemoval:
    if isinstance(verdict, Go):
        return WaitingRemoval(name, None, "")
    if verdict.reason is WaitReason.GRACE and due is None:
        return WaitingRemoval(name, verdict.reason, f"{verdict.why}; nothing is removed yet")
    return WaitingRemoval(name, verdict.reason, verdict.why, due)
