"""The fresh look at Base44 and at the files right before a removal is sent (P4), and the intent written then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from connectord.base44 import App
from connectord.base44.errors import Base44Error
from connectord.errors import ConnectordError
from connectord.project.model import Project, Snapshot
from connectord.store import Change, Store
from connectord.sync.around import names_in
from connectord.sync.carry import ask_about
from connectord.sync.guard import Hold, Wait
from connectord.sync.outcome import ALREADY_GONE, Outcome, Result, failed
from connectord.sync.plan import Plan, changed_elsewhere, gone
from connectord.sync.reconcile import base_key
from connectord.sync.removals import Removals
from connectord.sync.threads import in_thread


class FreshLook:
    """Says of one removal, just before it is sent, whether anything speaks against it.

    `read` reads the project from disk (blocking), `plan` says what else its files ask for, `paused` that a person
    wants nothing to be sent any more.
    """

    def __init__(
        self,
        removals: Removals,
        store: Store,
        *,
        read: Callable[[], tuple[Project, Snapshot]],
        plan: Callable[[Project, Snapshot], Plan],
        paused: Callable[[], bool],
    ) -> None:
        self._removals = removals
        self._store = store
        self._read = read
        self._plan = plan
        self._paused = paused

    async def objection(self, project: Project, app: App, connector_type: str) -> Outcome | None:
        """None lets the removal go, and its intent is written; an outcome says what came of it without one.

        Base44 is looked at first, since that takes time, and the files last.
        """
        try:
            remote = await ask_about(connector_type, app)
        except Base44Error as error:
            return failed(connector_type, error)
        entry = self._store.base(base_key(project)).get(connector_type)
        if entry is not None and changed_elsewhere(connector_type, entry, remote):
            self._removals.changed_elsewhere(project, [connector_type])
        objection = await self._of_the_files(project, connector_type)
        if objection is not None:
            return Outcome(connector_type, Result.HELD, error=f"not removed: {objection}")
        return self._intend(project, connector_type, is_gone=gone(connector_type, remote))

    async def _of_the_files(self, project: Project, connector_type: str) -> str | None:
        try:
            now, snapshot = await in_thread(self._read)
        except ConnectordError as error:
            return error.what
        if base_key(now) != base_key(project):
            return "the project is linked to another app, host or directory now"
        going = await self._removals.look(now, snapshot, self._plan(now, snapshot), last=True)
        if self._paused():
            return "the project was paused"
        if connector_type in going:
            return None
        verdict = self._removals.verdicts.get(connector_type)
        if verdict is None:
            is_there = connector_type.lower() in names_in(snapshot)
            return "it has a file now" if is_there else "nothing waits for it any more"
        return verdict.why if isinstance(verdict, Wait | Hold) else "the files are being looked at again"

    def _intend(self, project: Project, connector_type: str, *, is_gone: bool) -> Outcome | None:
        """Write down that a removal is about to be sent; what is gone already was removed by us if that was written.

        From now on nobody knows whether Base44 still has it: a file that comes back is sent, whatever base says (P9).
        """
        row = next(row for row in self._store.absences(project.root) if row.type == connector_type)
        if is_gone:
            return Outcome(connector_type, Result.REMOVED, code=None if row.removing else ALREADY_GONE)
        if not row.removing:
            key = base_key(project)
            entry = self._store.base(key).get(connector_type)
            unsure = {} if entry is None else {connector_type: replace(entry, unsure=True)}
            self._store.record(Change(key=key, base=unsure, absences=(replace(row, removing=True),)))
        return None
