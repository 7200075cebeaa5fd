"""One project that the daemon looks after: how it is read, its loop, its board, and whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path

from connectord.authorize import AuthorizationState
from connectord.control.board import Board
from connectord.control.entries import AUTHORIZATION_STATES, LINKS_OVER, LOST_STATES, Entry, drifted_entry
from connectord.control.models import ConnectorState, LastPush, ProjectState, ProjectStatus
from connectord.daemon.consent_rows import is_with
from connectord.daemon.reading import ProjectReader
from connectord.daemon.repeats import Repeats
from connectord.daemon.surroundings import Surroundings
from connectord.project import Project
from connectord.project.places import WatchPlace, places_of_unread, watch_places
from connectord.store import CLAIMABLE, AuthorizationRow, BaseEntry, Store
from connectord.sync import DriftKind, ProjectLoop, PushEffects, PushQueue, Settle
from connectord.sync.changes import OUTCOME_KIND
from connectord.sync.events import Looked, ProjectUnusable, RemovalsChanged, SyncEvent, Watching
from connectord.sync.reconcile import base_key
from connectord.watch import Target

FIRST_PAUSE = 1.0
LAST_PAUSE = 300.0
"""Seconds before a project's loop that a defect ended is begun again."""

ENDS_BY_ITSELF = frozenset({ProjectState.SYNCING, ProjectState.OFFLINE})

_DRIFTS = {kind.value: kind for kind in DriftKind}
_LOST = {status.value: state for status, state in LOST_STATES.items() if status is not None}


async def at_once() -> None:
    """Wait for nothing."""


class Followed:
    """A project from its adding to its removing. `emit` hears its loop's events after its board did.

    `seen` is set once its files were read and compared for the first time, or it was told why they can't be; `known`
    once it was said as well what becomes of connectors without a file, or nobody will say it any more.
    """

    def __init__(
        self,
        root: Path,
        surroundings: Surroundings,
        effects: PushEffects,
        queue: PushQueue,
        *,
        temporary: bool,
        paused: bool,
    ) -> None:
        self.root = root
        self._in = surroundings
        self._store: Store = effects.store
        self._queue = queue
        self._changed = asyncio.Event()
        self.seen = asyncio.Event()
        self.known = asyncio.Event()
        self.project: Project | None = None
        self._reader = ProjectReader(root, surroundings.environ, last=lambda: self.project)
        self._placed: Project | None = None
        self.repeats = Repeats()
        self.board = Board(root, self._remembered, temporary=temporary, paused=paused)
        self.board.last_push = _last_push(root, effects.store)
        settings = surroundings.settings.of(root)
        self.loop = ProjectLoop(
            root,
            read=self._reader.read,
            queue=queue,
            effects=effects,
            settle=Settle(settings.settle_quiet, settings.settle_cap, settings.half_written_patience),
        )
        self.loop.paused = paused

    @property
    def target(self) -> Target:
        """What the watcher has to watch."""
        return Target(self.root, places=self._places)

    @property
    def real(self) -> str | None:
        """Its root without symbolic links, as it was when it was last read."""
        return self._reader.real

    async def run(self, report: Callable[[Exception], None], begin: Callable[[], Awaitable[None]]) -> None:
        """Run its loop once `begin` returns. A defect ends this one only: it is told, and tried again after a while."""
        pause = FIRST_PAUSE
        try:
            await begin()
            while True:
                begun = self._in.clock()
                try:
                    await self.loop.run()
                except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
                    report(error)
                    self.let_go_on()
                if self._in.clock() - begun > LAST_PAUSE:
                    pause = FIRST_PAUSE  # it went well for long: this is another defect
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE)
        finally:
            self.loop.close()
            self.known.set()

    def apply(self, event: SyncEvent) -> None:
        """Take an event of the loop in."""
        if isinstance(event, Watching):
            self.project = event.project
        if isinstance(event, Looked | ProjectUnusable):
            self.seen.set()
        if isinstance(event, RemovalsChanged | ProjectUnusable):
            self.known.set()
        self.board.apply(event, self._in.at())
        self.changed()

    def let_go_on(self) -> None:
        """Nobody waits any longer for what may never come."""
        self.seen.set()
        self.known.set()

    def changed(self) -> None:
        """Wake whoever waits for this project."""
        self._changed.set()
        self._changed = asyncio.Event()

    def pause(self, *, paused: bool) -> None:
        """Push nothing from now on, or look again."""
        self.loop.paused = self.board.paused = paused
        if paused:
            self._queue.drop(self.root)
        self.loop.hint()
        self.changed()

    async def settled(self) -> None:
        """Wait until the files as they are now are settled, or can't settle by themselves. Brings no time limit."""
        await self.loop.looked()
        while self.is_busy():
            changed = self._changed
            if self.is_busy():
                await changed.wait()

    def is_busy(self) -> bool:
        """Whether something is under way that ends by itself."""
        if self.board.paused:
            return False
        return self._queue.is_busy(self.root) or self.board.state in ENDS_BY_ITSELF

    def status(self) -> ProjectStatus:
        """How it is."""
        return self.board.status()

    def is_watched_as(self, project: Project) -> bool:
        """Whether what follows from this project's config is known to the watcher, or about to be."""
        return self._placed == project

    def _places(self) -> tuple[WatchPlace, ...]:
        """Where to look for changes. Blocks on the disk.

        Before the first look the config is read here as well: a thousand projects that begin together are watched at
        once then, and not one after the other as their looks come by their turns.
        """
        project = self._placed = self.project or self._placed or self._reader.foreseen()
        try:
            return places_of_unread(self.root) if project is None else watch_places(project)
        except BaseException:
            self._placed = None  # nobody has heard of them
            raise

    def _remembered(self, types: Collection[str]) -> dict[str, Entry]:
        """What the store knows: a connector that was consented to works, another one waits for its person."""
        project, at = self.project, self._in.at()
        if project is None:
            return {}
        base = self._store.base(base_key(project))
        rows = {name: self._store.authorization(self.root, name) for name in types if name in base}
        links = {name: row for name, row in rows.items() if row is not None and is_with(row, project)}
        synced = Entry(ConnectorState.SYNCED, at)  # as nearly all are: one is kept for all of them
        return {
            name: _seen(base[name], links.get(name), synced) if base[name].authorized else _waiting(links.get(name), at)
            for name in rows
        }


def _seen(entry: BaseEntry, row: AuthorizationRow | None, synced: Entry) -> Entry:
    """A connector that was consented to, as it was when Base44's list was last read."""
    told = entry.told or ""
    if told in _DRIFTS:
        return drifted_entry(_DRIFTS[told], synced.at)
    claim_url = row.url if row is not None and row.state == CLAIMABLE else None
    if told in _LOST or entry.missing_scopes or claim_url is not None:
        state = _LOST.get(told, ConnectorState.SYNCED)
        return Entry(state, synced.at, missing_scopes=entry.missing_scopes, claim_url=claim_url)
    return synced


def _waiting(row: AuthorizationRow | None, at: datetime) -> Entry:
    if row is None:
        return Entry(ConnectorState.NEEDS_AUTHORIZATION, at)
    known = [state for state in AuthorizationState if state.value == row.state]
    state = AUTHORIZATION_STATES.get(known[0]) if known else None
    if state is None or state is ConnectorState.SYNCED:
        state = ConnectorState.NEEDS_AUTHORIZATION
    return Entry(state, at, authorize_url=None if row.dead or LINKS_OVER.intersection(known) else row.url)


def _last_push(root: Path, store: Store) -> LastPush | None:
    jobs = store.jobs(root, 5)
    job = next((job for job in jobs if job.finished_at is not None and job.started_at is not None), None)
    if job is None:
        return None
    cut_off = {one.id for one in jobs if one.finished_at is None}
    # What failed as it did before is in the history once only: of each connector the last row holds.
    rows = [row for row in store.history(root, 200) if row.kind == OUTCOME_KIND and row.job not in cut_off]
    results = {row.type: row.result for row in reversed(rows)}
    finished, started = job.finished_at or 0.0, job.started_at or 0.0
    return LastPush(
        id=job.id,
        at=datetime.fromtimestamp(finished).astimezone(),
        trigger=job.trigger,
        duration_ms=round((finished - started) * 1000),
        outcomes={name: result for name in job.types if (result := results.get(name)) is not None},
    )
