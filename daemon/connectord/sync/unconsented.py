"""Connectors without a file that nobody ever consented to: they are forgotten, since there is nothing to remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectord.project.model import Project
from connectord.store import Change, Store
from connectord.sync.absences import Missing
from connectord.sync.events import ConnectorsGone, SyncEvent
from connectord.sync.guard import RemovalPolicy, Scene, Wait, WaitReason, waits_for_git
from connectord.sync.heard import Heard
from connectord.sync.reconcile import base_key


class Unconsented:
    """Those of one project. A file that comes back gets a new link.

    About `to_ask` Base44 should be asked: a consent that nobody was watching for makes it a removal as any other.
    `waits` says what keeps each of them from being forgotten.
    """

    def __init__(self, store: Store, policy: RemovalPolicy, heard: Heard, *, emit: Callable[[SyncEvent], None]) -> None:
        self._store = store
        self._policy = policy
        self._heard = heard
        self._emit = emit
        self.to_ask: frozenset[str] = frozenset()
        self.waits: Mapping[str, Wait] = {}

    def look(self, project: Project, missing: Sequence[Missing], scene: Scene) -> None:
        """Take in what is missing, and forget what nothing speaks for any more."""
        never = [one for one in missing if not one.consented]
        waits = {one.row.type: self._wait(one.age, scene) for one in never}
        self.to_ask = frozenset(name for name, wait in waits.items() if wait is None) - self._heard.asked
        waits |= dict.fromkeys(self.to_ask, Wait(WaitReason.ASKING, "asking Base44 whether somebody authorized it"))
        self.waits = {name: wait for name, wait in waits.items() if wait is not None}
        over = [one for one in never if one.row.type not in self.waits]
        if over:
            self._forget(project, over)

    def _wait(self, age: float, scene: Scene) -> Wait | None:
        if scene.why:
            return Wait(WaitReason.PROBLEMS, scene.why)
        if age < self._policy.grace:
            return Wait(WaitReason.GRACE, "its file is gone, and nobody had authorized it", self._policy.grace - age)
        return waits_for_git(scene, self._policy)

    def _forget(self, project: Project, over: Sequence[Missing]) -> None:
        types = tuple(one.row.type for one in over)
        ended = tuple(one.row.key for one in over)
        self._store.record(Change(key=base_key(project), base=dict.fromkeys(types), ended_absences=ended))
        self._emit(ConnectorsGone(project, types))
