"""All projects together, and what the local API can ask of them (control/face.py)."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from connectord import __version__
from connectord.authorize import Authorization
from connectord.base44.connections import Connections
from connectord.control import News, NewsKind, Tone
from connectord.control.broadcast import Broadcast
from connectord.control.face import UnknownProject
from connectord.control.models import DaemonStatus, HistoryEntry, ProjectAdded, ProjectState, Status, WaitResult
from connectord.control.models import WatchState as WatchWord
from connectord.control.tell import tell
from connectord.daemon.consents import Consents
from connectord.daemon.followed import Followed
from connectord.daemon.repeats import first_leaf
from connectord.daemon.surroundings import Surroundings
from connectord.notify import Notifier
from connectord.project import Project, read_project, shown_path
from connectord.project.places import places_of_file
from connectord.store import HistoryRow, Store
from connectord.sync import Backoff, PushEffects, PushJob, PushQueue, Trigger
from connectord.sync.events import ConnectorsGone, OutcomeKnown, PushFinished, SyncEvent, Watching
from connectord.sync.reconcile import base_key
from connectord.watch import Target, Watcher, WatchState

CANT_SETTLE = {
    ProjectState.PAUSED: "paused",
    ProjectState.HALTED: "halted",
    ProjectState.SIGNED_OUT: "signed out",
}
"""States that don't end by themselves, in the words of `wait`."""


class Engine:
    """The projects that the daemon follows. It implements control.face.Face.

    `group` (set when the daemon runs) owns the projects' tasks, `stopping` is set when somebody wants the end.
    """

    group: asyncio.TaskGroup

    def __init__(self, surroundings: Surroundings, store: Store, connections: Connections, notifier: Notifier) -> None:
        self._in = surroundings
        self._store = store
        self._connections = connections
        self._followed: dict[Path, Followed] = {}
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._started_at = surroundings.at()
        self._credentials: Path | None = None
        self.troubles: dict[str, str] = {}
        self.broadcast = Broadcast()
        self.queue = PushQueue(self._carry, projects_at_once=surroundings.settings.projects_at_once)
        self.watcher = Watcher(on_hint=self._hinted, on_state=self._watch_state, on_defect=self._defect)
        self.consents = Consents(surroundings, store, notifier, self._authorization_changed)
        self.stopping = asyncio.Event()

    # What the daemon does

    def follow(self, root: Path, *, temporary: bool = False, paused: bool = False) -> Followed:
        """Look after a project from now on."""
        followed = Followed(root, self._in, self._effects(), self.queue, temporary=temporary, paused=paused)
        self._followed[root] = followed
        self.watcher.add(followed.target)
        run = followed.run(lambda error: self._defect(root, error))
        self._tasks[root] = self.group.create_task(run, name=f"loop of {root}")
        return followed

    def follow_credentials(self, file: Path) -> None:
        """Try again what waits as soon as somebody signs in (P7)."""
        self._credentials = file
        self.watcher.add(Target(file, places=lambda: places_of_file(file)))

    def hint_all(self, trigger: Trigger) -> None:
        """Look at every project again."""
        for followed in self._followed.values():
            followed.loop.hint(trigger)

    def retry_all(self) -> None:
        """What kept us from Base44 may have ended: let everything that waits for that try again now."""
        for followed in self._followed.values():
            followed.loop.push.retry_now()
        self.hint_all(Trigger.RETRY)

    def end_tasks(self) -> None:
        """Stop intake: nothing is looked at any more."""
        for task in self._tasks.values():
            task.cancel()

    # What the API asks

    def roots(self) -> tuple[Path, ...]:
        """The roots of all projects."""
        return tuple(self._followed)

    def status(self, root: Path | None) -> Status:
        """How things are now."""
        daemon = DaemonStatus(
            version=__version__,
            pid=os.getpid(),
            started_at=self._started_at,
            notifications="lines",
            watching=_watch_word(self.watcher.state),
            trouble=tuple(self.troubles.values()),
        )
        return Status(daemon=daemon, projects=tuple(one.status() for one in self._chosen(root)))

    def history(self, root: Path | None, *, limit: int, before: int | None) -> tuple[HistoryEntry, ...]:
        """What happened, newest first."""
        return tuple(_entry(row) for row in self._store.history(root, limit, before))

    async def add_project(self, path: Path) -> ProjectAdded:
        """Register the project around `path`."""
        project = await asyncio.to_thread(read_project, path, self._in.environ)
        known = self._same(project.root)
        new = self._store.add_project(known.root if known else project.root, self._in.now())
        if known is not None:
            known.board.temporary = False
            return ProjectAdded(project=known.status(), new=new)
        followed = self.follow(project.root)
        await followed.loop.looked()
        return ProjectAdded(project=followed.status(), new=new)

    async def remove_project(self, root: Path) -> None:
        """Look after this project no more; its running push goes on to its end."""
        followed = self._known(root)
        self.watcher.remove(root)
        self.queue.drop(root)
        self._tasks.pop(root).cancel()
        del self._followed[root]
        if followed.project is not None:
            self.consents.gone(followed.project, tuple(self.consents.types_open(followed.project)))
        self._store.remove_project(root)
        followed.changed()

    async def pause(self, root: Path | None) -> None:
        """Push nothing until `resume`."""
        self._pause(root, paused=True)

    async def resume(self, root: Path | None) -> None:
        """End a pause and look again."""
        self._pause(root, paused=False)

    async def push(self, root: Path | None) -> None:
        """Try again what had failed for good, now."""
        for followed in self._chosen(root):
            followed.loop.push.retry_now(everything=True)
            followed.loop.hint(Trigger.ASKED)

    async def wait(self, root: Path | None, *, timeout: float) -> WaitResult:
        """Return when the files as they are at the call are settled, or after `timeout` seconds."""
        chosen = self._chosen(root)
        try:
            async with asyncio.timeout(timeout), asyncio.TaskGroup() as group:
                for followed in chosen:
                    group.create_task(followed.settled())
        except TimeoutError:
            why = "the time was up"
        else:
            why = ", ".join(sorted({CANT_SETTLE[one.board.state] for one in chosen if one.board.state in CANT_SETTLE}))
        statuses = tuple(followed.status() for followed in chosen)
        return WaitResult(settled=not why, projects=statuses, why=why or None)

    def events(self) -> AbstractContextManager[AsyncIterator[News]]:
        """News from now on."""
        return self.broadcast.subscribe()

    def stop(self) -> None:
        """End the daemon in order, soon."""
        self.stopping.set()

    # How the parts meet

    def _chosen(self, root: Path | None) -> list[Followed]:
        return list(self._followed.values()) if root is None else [self._known(root)]

    def _same(self, root: Path) -> Followed | None:
        """The project that is followed already, by this path or by a symlink."""
        real = os.path.realpath(root)
        return next((one for one in self._followed.values() if os.path.realpath(one.root) == real), None)

    def _known(self, root: Path) -> Followed:
        followed = self._followed.get(root)
        if followed is None:
            raise UnknownProject(root)
        return followed

    def _pause(self, root: Path | None, *, paused: bool) -> None:
        self._store.set_paused(root, paused)
        for followed in self._chosen(root):
            followed.pause(paused=paused)

    def _effects(self) -> PushEffects:
        settings = self._in.settings
        return PushEffects(
            store=self._store,
            connect=lambda project: self._connections.app(project.api_url, project.environment, project.app_id),
            emit=self._emitted,
            clock=self._in.clock,
            now=self._in.now,
            rng=self._in.rng,
            backoff=Backoff(settings.backoff_first, settings.backoff_cap),
            sets_at_once=settings.sets_at_once,
            authorization_limit=settings.authorization_limit,
            removal_grace=settings.removal_grace,
            watched=self.consents.types_open,
        )

    async def _carry(self, job: PushJob) -> None:
        followed = self._followed.get(job.project.root)
        if followed is None:
            return
        try:
            await followed.loop.push.carry(job)
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self._defect(job.project.root, error)
        followed.changed()

    def _defect(self, root: Path, error: Exception) -> None:
        what = first_leaf(error)
        message = f"A defect of connectord stopped its work on {shown_path(root)}: {type(what).__name__}: {what}"
        news = News(at=self._in.at(), event=NewsKind.DEFECT, message=message, tone=Tone.BAD, project=shown_path(root))
        where = "".join(traceback.format_exception(error))
        self._in.publish(news.model_copy(update={"error": where}))

    def _hinted(self, root: Path) -> None:
        if root == self._credentials:
            self.retry_all()
        followed = self._followed.get(root)
        if followed is not None:
            followed.loop.hint()

    def _emitted(self, event: SyncEvent) -> None:
        root = event.root if hasattr(event, "root") else event.project.root
        followed = self._followed.get(root)
        if followed is None:
            return
        was_offline = followed.board.state is ProjectState.OFFLINE
        before = followed.project
        followed.apply(event)
        if followed.repeats.is_news(event):
            for news in tell(event, self._in.at()):
                self._in.publish(news)
        match event:
            case Watching(project=project):
                if before is not None and before != project:
                    self.consents.gone(before, tuple(self.consents.types_open(before)))
                self.watcher.refresh(root)
                self.consents.resume(project, self._effects().connect(project))
            case OutcomeKnown(outcome=outcome):
                self.consents.follow(event)
                if was_offline and outcome.accepted:
                    self.retry_all()
            case ConnectorsGone(project, types):
                self.consents.gone(project, types)
                self._forget_unauthorized(project, types)
            case PushFinished():
                self.consents.notify(event)
            case _:
                pass

    def _forget_unauthorized(self, project: Project, types: tuple[str, ...]) -> None:
        """Nobody ever consented to these, so there is nothing to remove; a file that comes back gets a new link."""
        base = self._store.base(base_key(project))
        self._store.accept(
            base_key(project), {name: None for name in types if name in base and not base[name].authorized}
        )

    def _authorization_changed(self, project: Project, authorization: Authorization) -> None:
        followed = self._followed.get(project.root)
        if followed is not None:
            followed.board.authorization(authorization, self._in.at())
            followed.changed()

    def _watch_state(self, state: WatchState) -> None:
        before = self.troubles.pop("watch", None)
        if state.why:
            self.troubles["watch"] = message = f"Watching by {state.kind}: {state.why}"
            self._in.publish(News(at=self._in.at(), event=NewsKind.TROUBLE, message=message, tone=Tone.ATTENTION))
        elif before is not None:
            message = "Everything is watched by file events again"
            self._in.publish(News(at=self._in.at(), event=NewsKind.TROUBLE_OVER, message=message, tone=Tone.GOOD))


def _watch_word(state: WatchState) -> WatchWord:
    return WatchWord(state.kind.value)


def _entry(row: HistoryRow) -> HistoryEntry:
    return HistoryEntry(
        id=row.id or 0,
        at=datetime.fromtimestamp(row.at, UTC),
        project=None if row.project is None else shown_path(row.project),
        kind=row.kind,
        message=row.message,
        job=row.job,
        type=row.type,
        result=row.result,
        error=row.error,
    )
