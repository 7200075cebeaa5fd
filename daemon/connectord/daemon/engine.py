"""All projects together: the parts that they share, and how news go from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44 import App
from connectord.base44.connections import Connections
from connectord.browser import Browser, OpenBrowser
from connectord.control.broadcast import Broadcast
from connectord.control.models import ProjectState
from connectord.control.tell import tell
from connectord.control.tell_trouble import tell_defect, tell_watched_again, tell_watched_otherwise
from connectord.daemon.authorizing import Authorizing
from connectord.daemon.claims import Claims
from connectord.daemon.consents import Consents
from connectord.daemon.first_looks import FirstLooks
from connectord.daemon.followed import Followed, at_once
from connectord.daemon.fresh_link import FreshLinks
from connectord.daemon.not_asked import NotAsked
from connectord.daemon.notices import Notices
from connectord.daemon.old_links import OldLinks
from connectord.daemon.push_effects import push_effects
from connectord.daemon.surroundings import Surroundings
from connectord.notify import Telling
from connectord.project import Connector, Project
from connectord.project.places import places_of_file
from connectord.store import AuthorizationRow, Store
from connectord.sync import PushEffects, PushJob, PushQueue, Trigger
from connectord.sync.events import (
    ConnectorsGone,
    OutcomeKnown,
    PushFinished,
    PushStarted,
    Reconciled,
    SyncEvent,
    Watching,
)
from connectord.watch import Target, Watcher, WatchState


class Engine:
    """The projects that the daemon follows, by root in `followed`. What the local API asks of them is in answers.py.

    `group` (set when the daemon runs) owns the projects' tasks, `stopping` is set when somebody wants the end.
    `troubles` (name -> sentence) may have begun before it did.
    """

    group: asyncio.TaskGroup

    def __init__(
        self,
        surroundings: Surroundings,
        store: Store,
        connections: Connections,
        telling: Telling,
        troubles: dict[str, str] | None = None,
    ) -> None:
        self._in = surroundings
        self._store = store
        self._connections = connections
        self.followed: dict[Path, Followed] = {}
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._credentials: Path | None = None
        self.telling = telling
        self.troubles = {} if troubles is None else troubles
        self.broadcast = Broadcast()
        self.queue = PushQueue(self._carry, projects_at_once=surroundings.settings.projects_at_once)
        self.watcher = Watcher(on_hint=self._hinted, on_state=self._watch_state, on_defect=self.defect)
        self._not_asked = NotAsked(self.followed)
        self.consents = Consents(
            surroundings, store, self._authorization_changed, self._not_asked.not_polled, self.defect
        )
        self.claims = Claims(surroundings, store)
        self._old_links = OldLinks(store, self.consents.authorizations, self._link_over, self.defect)
        self.notices = Notices(surroundings, store, telling, self.followed, self.defect)
        self.links = FreshLinks(self.followed, self.consents)
        self.authorizing = Authorizing(self.links, self.consents, surroundings, self.browser, self.defect)
        self.stopping = asyncio.Event()
        self.first_looks = FirstLooks()

    # What the daemon does

    def follow(
        self,
        root: Path,
        *,
        temporary: bool = False,
        paused: bool = False,
        begin: Callable[[], Awaitable[None]] = at_once,
    ) -> Followed:
        """Look after a project from now on. It is looked at for the first time when `begin` returns."""
        followed = Followed(root, self._in, self._effects(root), self.queue, temporary=temporary, paused=paused)
        self.followed[root] = followed
        self.notices.begins(root)
        self.watcher.add(followed.target)
        run = followed.run(lambda error: self.defect(root, error), begin)
        self._tasks[root] = self.group.create_task(run, name=f"loop of {root}")
        return followed

    def unfollow(self, root: Path) -> None:
        """Look after a project no more; its running push goes on to its end, its links are nobody's."""
        followed = self.followed.pop(root)
        self.watcher.remove(root)
        self.queue.drop(root)
        self.authorizing.end(root)
        self._tasks.pop(root).cancel()
        followed.let_go_on()
        if followed.project is not None:
            self.consents.gone(followed.project, tuple(self.consents.types_open(followed.project)))
        self.notices.ends(root)

    def follow_credentials(self, file: Path) -> None:
        """Try again what waits as soon as somebody signs in (P7)."""
        self._credentials = file
        self.watcher.add(Target(file, places=lambda: places_of_file(file)))

    def hint_all(self, trigger: Trigger) -> None:
        """Look at every project again."""
        for followed in self.followed.values():
            followed.loop.hint(trigger)

    async def authorize(self, root: Path, types: tuple[str, ...] = ()) -> None:
        """Open these consent links, or all that are needed, one after another; returns when the last has ended."""
        await self.authorizing.authorize(root, types)

    def adopt(self, project: Project, link: AuthorizationRow, content: Connector) -> Authorization:
        """Watch a link that another process was given for this content."""
        return self.consents.adopt(project, self._connect(project), link, content)

    def roots_of(self, app_id: str) -> tuple[Path, ...]:
        """The projects of an app."""
        projects = [one.project for one in self.followed.values() if one.project is not None]
        return tuple(project.root for project in projects if project.app_id == app_id)

    def skip(self, root: Path, connector_type: str) -> bool:
        """A person's word that this authorization can wait. False: it has no link that could be skipped."""
        return self.authorizing.skip(root, connector_type)

    def retry_all(self) -> None:
        """What kept us from Base44 may have ended: let everything that waits for that try again now."""
        self.consents.authorizations.poll_now()
        for followed in self.followed.values():
            followed.loop.push.retry_now()
        self.hint_all(Trigger.RETRY)

    def credentials_changed(self) -> None:
        """Somebody signed in, signed out, or a token was renewed."""
        self.retry_all()
        self.group.create_task(self._show_signed_out(), name="signed out?")

    async def _show_signed_out(self) -> None:
        """Nobody may save anything for long: that nobody is signed in any more must show all the same (P12)."""
        if self._credentials is not None and not await asyncio.to_thread(self._credentials.exists):
            self.hint_all(Trigger.RESCAN)  # without a login that sends nothing

    def end_tasks(self) -> None:
        """Stop intake: nothing is looked at and no link is opened any more."""
        self.authorizing.end()
        for task in self._tasks.values():
            task.cancel()

    # How the parts meet

    def _effects(self, root: Path) -> PushEffects:
        return push_effects(
            root,
            self._in,
            self._store,
            connect=self._connect,
            emit=self._emitted,
            watched=self.consents.types_open,
            turnstile=self.first_looks.turnstile,
        )

    def _connect(self, project: Project) -> App:
        return self._connections.app(project.api_url, project.environment, project.app_id)

    async def let_go_of_clients(self) -> None:
        """A project that changed its host or its key, or is followed no longer, needs its old client no more."""
        projects = [one.project for one in self.followed.values() if one.project is not None]
        await self._connections.keep_only((project.api_url, project.environment) for project in projects)

    async def reconnect(self) -> None:
        """The machine slept: what was connected may be so no longer, without a sign of it."""
        await self._connections.reconnect()

    async def _carry(self, job: PushJob) -> None:
        followed = self.followed.get(job.project.root)
        if followed is None:
            return
        try:
            await followed.loop.push.carry(job)
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self.defect(job.project.root, error)
        if job.project.root not in self.followed:
            # What its last push has still written: adding it again much later must remove nothing (P2).
            self._store.remove_project(job.project.root)
        followed.changed()

    def defect(self, root: Path, error: Exception) -> None:
        """A defect of ours met this project: said with its place, and nobody else suffers from it."""
        self._in.publish(tell_defect(root, error, self._in.at()))

    def _hinted(self, root: Path) -> None:
        if root == self._credentials:
            self.credentials_changed()
        followed = self.followed.get(root)
        if followed is not None:
            followed.loop.hint()

    def _emitted(self, event: SyncEvent) -> None:
        root = event.root if hasattr(event, "root") else event.project.root
        followed = self.followed.get(root)
        if followed is None:
            return
        state, before = followed.board.state, followed.project
        followed.apply(event)
        self._not_asked.stood(followed, state)
        if followed.repeats.is_news(event):
            for news in tell(event, self._in.at()):
                self._in.publish(news)
        self._follow_up(event, before)
        if not isinstance(event, PushStarted | OutcomeKnown):  # a push is told as one, when it has ended
            self.notices.look_soon(root)
        if state is ProjectState.OFFLINE and isinstance(event, Reconciled):
            self.consents.authorizations.poll_now()
        if state is ProjectState.OFFLINE and isinstance(event, OutcomeKnown) and event.outcome.accepted:
            self.retry_all()

    def _follow_up(self, event: SyncEvent, before: Project | None) -> None:
        """What an event means for the parts beside its project's loop. `before` is the project as it was."""
        match event:
            case Watching(project=project):
                if before is not None and before != project:
                    self.consents.gone(before, tuple(self.consents.types_open(before)))
                    self.group.create_task(self.let_go_of_clients(), name="unused clients")
                self._watch_as(project)
                self.consents.resume(project, self._connect(project))
            case OutcomeKnown(outcome=outcome):
                self.consents.follow(event)
                self.claims.follow(event)
                if outcome.accepted:
                    self._answered(event.project)
            case ConnectorsGone(project, types):
                self.consents.gone(project, types)
                self.claims.gone(project, types)
            case PushFinished(project=project):
                links = self.consents.untold(project)
                if links and OpenBrowser(self._in.settings.open_browser) is OpenBrowser.ALWAYS:
                    opening = self._open_at_once(project.root, tuple(row.type for row in links))
                    self.group.create_task(opening, name="opening links")
            case Reconciled(project=project, late_consents=late):
                self.consents.came_late(event)
                self.claims.reconciled(event)
                self._answered(project)
                self.group.create_task(self._old_links.look(project, self._connect(project)), name="old links")
                for consent in late:
                    self.notices.authorized(project, consent)
            case _:
                pass

    def _answered(self, project: Project) -> None:
        """Base44 answered as it does to somebody who is signed in."""
        self.notices.answered(project)
        self._not_asked.answered(project)

    def _watch_as(self, project: Project) -> None:
        if not self.followed[project.root].is_watched_as(project):
            self.watcher.refresh(project.root)

    def _authorization_changed(self, project: Project, authorization: Authorization) -> None:
        followed = self.followed.get(project.root)
        if followed is not None:
            followed.board.authorization(authorization, self._in.at())
            if authorization.state is AuthorizationState.TIMED_OUT:
                followed.loop.hint(Trigger.RESCAN)  # somebody may have consented to an older link of the same connector
            followed.changed()
            self.notices.look_soon(project.root)
            if authorization.is_authorized:
                self.notices.authorized(project, authorization)

    def _link_over(self, root: Path, connector_type: str, link: str) -> None:
        followed = self.followed.get(root)
        if followed is not None:
            followed.board.link_over(connector_type, link)
            followed.changed()

    async def _open_at_once(self, root: Path, types: tuple[str, ...]) -> None:
        """Where there is no browser nobody asked for one: the links are printed already."""
        if (await self.browser()).commands:
            self.authorizing.begin(root, types)

    async def browser(self) -> Browser:
        """What opens links now: a desktop comes and goes."""
        return await self._in.find_browser(self._in.environ, OpenBrowser(self._in.settings.open_browser))

    def _watch_state(self, state: WatchState) -> None:
        before = self.troubles.pop("watch", None)
        if state.why:
            self.troubles["watch"] = why = f"Watching by {state.kind}: {state.why}"
            self._in.publish(tell_watched_otherwise(why, self._in.at()))
        elif before is not None:
            self._in.publish(tell_watched_again(self._in.at()))
