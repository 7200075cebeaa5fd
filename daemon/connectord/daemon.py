"""The daemon: builds the parts, lets them run, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from connectord import __version__
from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import CredentialsUnusable, Retrying
from connectord.base44.connections import Connections
from connectord.control import News, NewsKind, Tone
from connectord.control.tell import tell, tell_ended, tell_notice, tell_opened
from connectord.notify import LineNotifier, Link, authorization_notice, stripe_notice
from connectord.project import Project, SnapshotReader, read_project
from connectord.project.places import watch_places
from connectord.settings import Settings
from connectord.store import MemoryStore
from connectord.sync import ProjectLoop, PushEffects, PushJob, PushQueue, Reading, Result, Settle, Trigger
from connectord.sync.events import ConnectorsGone, OutcomeKnown, PushFinished, Reconciled, SyncEvent, Watching
from connectord.watch import Target, Watcher, WatchState

DRAIN_SECONDS = 5.0
"""How long running pushes may go on once the daemon was asked to end."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the daemon runs in: settings, environment and home, and where its news go."""

    settings: Settings
    environ: Mapping[str, str]
    home: Path
    publish: Callable[[News], None]
    rng: random.Random = field(default_factory=random.Random)


class Daemon:
    """Watches projects and pushes what changes, until `stop` is called.

    It starts from the inside out (queue and authorizations before the watcher, so that nothing that is seen has
    nowhere to go) and ends from the outside in: no more hints, then running pushes get a few seconds, then the rest.
    """

    def __init__(self, projects: tuple[Project, ...], surroundings: Surroundings) -> None:
        settings = surroundings.settings
        self._in = surroundings
        self._projects = {project.root: project for project in projects}
        self._loops: dict[Path, ProjectLoop] = {}
        self._store = MemoryStore()
        self._connections = Connections(
            surroundings.home,
            on_retry=self._retrying,
            on_problem=self._credentials_unusable,
            on_wait=self._paced,
        )
        self._authorizations = Authorizations(
            interval=settings.authorization_poll,
            limit=settings.authorization_limit,
            on_end=self._authorization_ended,
        )
        self._queue = PushQueue(self._carry, projects_at_once=settings.projects_at_once)
        self._watcher = Watcher(on_hint=self._hinted, on_state=self._watch_state)
        self._notifier = LineNotifier(lambda notice: self._publish(*tell_notice(notice, _now())))
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End soon, in order."""
        self._stop.set()

    async def run(self) -> None:
        """Run until stopped. Raises only what no part could turn into a state of its own."""
        self._publish(News(at=_now(), event=NewsKind.DAEMON_STARTED, message=f"connectord {__version__}"))
        async with self._connections, self._authorizations, asyncio.TaskGroup() as group:
            inside = group.create_task(self._queue.run())
            outside = [group.create_task(self._watcher.run()), group.create_task(self._rescan())]
            outside += [group.create_task(self._follow(project)) for project in self._projects.values()]
            await self._stop.wait()
            await self._shut_down(outside, inside)

    async def _shut_down(self, outside: list[asyncio.Task[None]], inside: asyncio.Task[None]) -> None:
        self._publish(News(at=_now(), event=NewsKind.DAEMON_STOPPING, message="Ending", tone=Tone.QUIET))
        for task in outside:
            task.cancel()
        # What is still under way after that is sent again by the next start: everything may be done twice.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._queue.drained()
        inside.cancel()

    async def _follow(self, project: Project) -> None:
        root, reader = project.root, SnapshotReader()

        def read() -> Reading:
            now = read_project(root, self._in.environ)
            return now, reader.read(now)

        loop = ProjectLoop(root, read=read, queue=self._queue, effects=self._effects(), settle=self._settle())
        self._loops[root] = loop
        self._watcher.add(Target(root, places=lambda: watch_places(self._projects[root])))
        await loop.run()

    async def _rescan(self) -> None:
        while True:
            await asyncio.sleep(self._in.settings.rescan_every * self._in.rng.uniform(0.9, 1.1))
            self._watcher.refresh()
            for loop in self._loops.values():
                loop.hint(Trigger.RESCAN)

    async def _carry(self, job: PushJob) -> None:
        await self._loops[job.project.root].push.carry(job)

    def _effects(self) -> PushEffects:
        return PushEffects(
            store=self._store,
            connect=lambda project: self._connections.app(project.api_url, project.environment, project.app_id),
            emit=self._emitted,
            clock=time.monotonic,
            rng=self._in.rng,
            sets_at_once=self._in.settings.sets_at_once,
        )

    def _settle(self) -> Settle:
        settings = self._in.settings
        return Settle(settings.settle_quiet, settings.settle_cap, settings.half_written_patience)

    def _hinted(self, root: Path) -> None:
        self._loops[root].hint()

    def _watch_state(self, state: WatchState) -> None:
        if state.why:
            message = f"Watching by {state.kind}: {state.why}"
            self._publish(News(at=_now(), event=NewsKind.WATCH_TROUBLE, message=message, tone=Tone.ATTENTION))

    def _retrying(self, retrying: Retrying) -> None:
        message = f"Could not {retrying.operation}, trying again in {retrying.wait:.1f} s: {retrying.error}"
        self._publish(News(at=_now(), event=NewsKind.REQUEST_RETRIED, message=message, tone=Tone.QUIET))

    def _paced(self, operation: str, seconds: float) -> None:
        message = f"Base44 takes only so many requests a minute: waiting {seconds:.0f} s to {operation}"
        self._publish(News(at=_now(), event=NewsKind.REQUEST_PACED, message=message, seconds=seconds, tone=Tone.QUIET))

    def _credentials_unusable(self, problem: CredentialsUnusable) -> None:
        kind, what = NewsKind.CREDENTIALS_UNUSABLE, problem.what
        self._publish(News(at=_now(), event=kind, message=what, tone=Tone.BAD, error=what, code=problem.code))

    def _emitted(self, event: SyncEvent) -> None:
        if isinstance(event, Reconciled):
            event = self._without_open_ones(event)
        self._publish(*tell(event, _now()))
        match event:
            case Watching(project=project):
                self._projects[project.root] = project
                self._watcher.refresh(project.root)
            case OutcomeKnown():
                self._open_or_supersede(event)
            case ConnectorsGone(project, types):
                for connector_type in types:
                    self._authorizations.supersede(str(project.root), connector_type)
            case PushFinished():
                self._notify(event)
            case _:
                pass

    def _without_open_ones(self, event: Reconciled) -> Reconciled:
        """A consent whose link is being watched is told by its poll, and only once (P11)."""
        watched = {one.type for one in self._authorizations.open_ones if one.owner == str(event.project.root)}
        late = tuple(consent for consent in event.late_consents if consent.type not in watched)
        return replace(event, late_consents=late)

    def _open_or_supersede(self, event: OutcomeKnown) -> None:
        owner, outcome = str(event.project.root), event.outcome
        if outcome.result is Result.NEEDS_AUTHORIZATION and outcome.authorize_url:
            opened = self._authorizations.open(
                event.app,
                owner=owner,
                type=outcome.type,
                url=outcome.authorize_url,
                connection_id=outcome.connection_id,
                scopes=event.connector.scopes,
            )
            self._publish(tell_opened(event.project, opened, _now()))
        elif outcome.accepted:
            self._authorizations.supersede(owner, outcome.type)

    def _notify(self, event: PushFinished) -> None:
        name = event.project.root.name
        links = tuple(Link(done.type, done.authorize_url) for done in event.outcomes if done.authorize_url)
        if links:
            self._notifier.notify(authorization_notice(name, links))
        for done in event.outcomes:
            if done.claim_url and done.result is Result.PROVISIONED:
                self._notifier.notify(stripe_notice(name, done.claim_url))

    def _authorization_ended(self, authorization: Authorization) -> None:
        root = Path(authorization.owner)
        project = self._projects[root]
        if authorization.state is AuthorizationState.AUTHORIZED:
            self._loops[root].push.authorized(project, authorization.type, authorization.granted)
        self._publish(tell_ended(project, authorization, _now()))

    def _publish(self, *news: News) -> None:
        for one in news:
            self._in.publish(one)


def _now() -> datetime:
    return datetime.now(UTC)
