"""The daemon's life: lock first, then state, parts, socket; and everything ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectord import __version__
from connectord.base44 import CredentialsUnusable, Retrying
from connectord.base44.connections import Connections
from connectord.base44.retry import BRIEF
from connectord.control import News, NewsKind, Tone
from connectord.control.endpoint import listening
from connectord.control.lock import daemon_lock
from connectord.control.server import serve
from connectord.daemon.answers import Answers
from connectord.daemon.collector import seldom_collecting
from connectord.daemon.engine import Engine
from connectord.daemon.heartbeat import Heartbeat
from connectord.daemon.history import kept
from connectord.daemon.notice_answers import NoticeAnswers
from connectord.daemon.surroundings import Surroundings
from connectord.daemon.telling import telling
from connectord.daemon.upkeep import Upkeep
from connectord.project import Project, shown_path
from connectord.store import STATE_FILE, Change, SqliteStore, StoreTrouble
from connectord.sync import Trigger
from connectord.sync.carried import carried
from connectord.watch import ClockWatch

DRAIN_SECONDS: Final = 5.0
"""How long running pushes may go on once the daemon was asked to end."""

FAULT_VARIABLE: Final = "CONNECTORD_FAULT_POINT"
"""For tests: `NAME:N` ends this process as kill -9 does when the store passes the point NAME for the N-th time."""


class Daemon:
    """Looks after the registered projects and `temporary` ones, until it is stopped.

    It starts from the inside out (nothing that is seen has nowhere to go) and ends from the outside in: no more
    hints and requests, then running pushes get a few seconds, then the rest. Only one runs for each user.
    `otherwise` names a project for the case that there is none at all.
    """

    def __init__(
        self,
        temporary: tuple[Project, ...],
        surroundings: Surroundings,
        *,
        otherwise: Callable[[], Project] | None = None,
    ) -> None:
        self._temporary = temporary
        self._otherwise = otherwise
        self._publish_outside = surroundings.publish
        # As a plain dict: os.environ encodes and decodes for every question, and each look at a project has ten.
        self._in = replace(surroundings, publish=self._publish, environ=dict(surroundings.environ))
        self._troubles: dict[str, str] = {}
        self._store: SqliteStore | None = None
        self._engine: Engine | None = None
        self._heartbeat: Heartbeat | None = None
        self._upkeep: Upkeep | None = None
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End soon, in order."""
        self._stop.set()
        if self._engine is not None:
            self._engine.stopping.set()

    def log_trouble(self, sentence: str | None) -> None:
        """The log file can't be written (a sentence), or can again (None)."""
        if sentence is None:
            self._untrouble("log")
        else:
            self._trouble("log", sentence)

    async def run(self) -> None:
        """Run until stopped. Raises AlreadyRunning, PlaceUnusable, SocketUnusable; nothing was begun then."""
        runtime_dir = self._in.runtime_dir
        with daemon_lock(runtime_dir), listening(runtime_dir) as listener, seldom_collecting() as started:
            store = SqliteStore(
                self._in.state_dir / STATE_FILE, on_trouble=self._store_trouble, fault=_fault_point(os.environ)
            )
            try:
                self._store = store
                await self._live(store, listener, started)
            finally:
                store.close()

    async def _live(self, store: SqliteStore, listener: socket.socket, started: Callable[[], None]) -> None:
        connections = Connections(
            self._in.home,
            on_retry=self._retrying,
            on_problem=self._credentials_unusable,
            retry=BRIEF,
            on_wait=self._paced,
        )
        notifier = telling(self._in, store.snoozed_until)
        engine = self._engine = Engine(self._in, store, connections, notifier, self._troubles)
        answers = Answers(engine, self._in, store)
        upkeep = self._upkeep = Upkeep(store, self._in)
        notifier.on_action = NoticeAnswers(engine, answers, self._in).pressed
        if self._stop.is_set():
            engine.stopping.set()
        if store.opened_with:
            self._trouble("state was set aside", store.opened_with)
        if store.trouble:  # since the very opening, when there was nobody to be told
            self._store_trouble(store.trouble)
        registered = {row.root: row.paused for row in store.projects()}
        temporary = not_among([project.root for project in self._temporary], registered)
        if not registered and not temporary and self._otherwise is not None:
            temporary = [(await asyncio.to_thread(self._otherwise)).root]
        self._publish(News(at=self._in.at(), event=NewsKind.DAEMON_STARTED, message=f"connectord {__version__}"))
        async with connections, engine.consents.authorizations, asyncio.TaskGroup() as group:
            engine.group = group
            inside = group.create_task(engine.queue.run(), name="queue")
            outside = [
                group.create_task(engine.watcher.run(), name="watcher"),
                group.create_task(self._rescan(engine), name="rescan"),
                group.create_task(upkeep.run(), name="upkeep"),
                group.create_task(self._clock_watch(engine).run(), name="clock"),
                group.create_task(notifier.run(), name="notices"),
                group.create_task(serve(answers, listener), name="local API"),
            ]
            # What is looked at before it is watched gets a second look (P1): a thousand of them take seconds.
            for root, paused in registered.items():
                engine.follow(root, paused=paused, begin=engine.watcher.watching)
            for root in temporary:
                engine.follow(root, temporary=True, begin=engine.watcher.watching)
            outside.append(group.create_task(self._first_looks(engine, started), name="first looks"))
            engine.follow_credentials(self._in.home / ".base44" / "auth" / "auth.json")
            if self._in.service.is_heard:
                self._heartbeat = Heartbeat(engine, self._in.service, self._in.sleep)
                outside.append(group.create_task(self._heartbeat.run(), name="heartbeat"))
            await engine.stopping.wait()
            await self._shut_down(engine, outside, inside)

    async def _shut_down(self, engine: Engine, outside: list[asyncio.Task[None]], inside: asyncio.Task[None]) -> None:
        self._publish(News(at=self._in.at(), event=NewsKind.DAEMON_STOPPING, message="Ending", tone=Tone.QUIET))
        self._in.service.stopping()
        self._in.service.status("Ending: running pushes get a few seconds")
        engine.broadcast.close()
        engine.end_tasks()
        for task in outside:
            task.cancel()
        # What is still under way after that is sent again by the next start: everything may be done twice.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await engine.queue.drained()
        inside.cancel()

    async def _first_looks(self, engine: Engine, started: Callable[[], None]) -> None:
        await engine.first_looks.watch(tuple(engine.followed.values()))
        started()

    async def _rescan(self, engine: Engine) -> None:
        while True:
            await self._in.sleep(self._in.settings.rescan_every * self._in.rng.uniform(0.9, 1.1))
            engine.watcher.renew()
            await engine.watcher.watching()  # which hints at all of them: one look is enough
            engine.hint_all(Trigger.RESCAN)

    def _clock_watch(self, engine: Engine) -> ClockWatch:
        return ClockWatch(lambda: self._woke(engine), monotonic=self._in.clock, wall=self._in.now, sleep=self._in.sleep)

    def _woke(self, engine: Engine) -> None:
        engine.group.create_task(engine.reconnect(), name="new connections")
        engine.watcher.renew()
        engine.retry_all()
        engine.hint_all(Trigger.RESCAN)

    def _publish(self, news: News) -> None:
        news = _of_its_job(news)
        self._publish_outside(news)
        if self._engine is not None:
            self._engine.broadcast.publish(news)
        if self._heartbeat is not None:
            self._heartbeat.changed()
        row = kept(news, self._root_of(news), self._in.now())
        if row is not None and self._store is not None:
            self._store.record(Change(history=(row,)))

    def _root_of(self, news: News) -> Path | None:
        """The folder of the project that it is about: where a name isn't UTF-8, the news have it in other words."""
        if news.project is None:
            return None
        named, roots = Path(news.project), self._engine.followed if self._engine else ()
        return named if named in roots else next((one for one in roots if shown_path(one) == news.project), named)

    def _store_trouble(self, trouble: StoreTrouble | None) -> None:
        if trouble is None:
            self._untrouble("state")
        else:
            self._trouble("state", str(trouble))
            if self._upkeep is not None:
                self._upkeep.troubled()

    def _credentials_unusable(self, problem: CredentialsUnusable) -> None:
        kind, what = NewsKind.CREDENTIALS_UNUSABLE, problem.what
        self._publish(News(at=self._in.at(), event=kind, message=what, tone=Tone.BAD, error=what, code=problem.code))

    def _retrying(self, retrying: Retrying) -> None:
        message = f"Could not {retrying.operation}, trying again in {retrying.wait:.1f} s: {retrying.error}"
        news = News(at=self._in.at(), event=NewsKind.REQUEST_RETRIED, message=message, tone=Tone.QUIET)
        roots = self._engine.roots_of(retrying.app_id) if self._engine and retrying.app_id else ()
        project = shown_path(roots[0]) if len(roots) == 1 else None  # several folders may be of the same app
        self._publish(news.model_copy(update={"app_id": retrying.app_id, "project": project}))

    def _paced(self, operation: str, seconds: float) -> None:
        message = f"Base44 takes only so many requests a minute: waiting {seconds:.0f} s to {operation}"
        kind, at = NewsKind.REQUEST_PACED, self._in.at()
        self._publish(News(at=at, event=kind, message=message, seconds=seconds, tone=Tone.QUIET))

    def _trouble(self, name: str, sentence: str) -> None:
        self._troubles[name] = sentence
        # Straight outside: the history would go into the very store that is in trouble.
        self._publish_outside(News(at=self._in.at(), event=NewsKind.TROUBLE, message=sentence, tone=Tone.BAD))

    def _untrouble(self, name: str) -> None:
        self._troubles.pop(name, None)
        message = f"The trouble with the {name} is over"
        self._publish_outside(News(at=self._in.at(), event=NewsKind.TROUBLE_OVER, message=message, tone=Tone.GOOD))


def not_among(named: Collection[Path], registered: Collection[Path]) -> list[Path]:
    """The roots that aren't registered, each once: by another path it is the same project, and has one loop only."""
    if not named:  # no look at disks that may hang
        return []
    known = {os.path.realpath(root) for root in registered}
    return [root for real, root in {os.path.realpath(root): root for root in named}.items() if real not in known]


def _fault_point(environ: Mapping[str, str]) -> Callable[[str], None]:
    wanted, _, count = environ.get(FAULT_VARIABLE, "").partition(":")
    left = int(count or 1)

    def pass_point(name: str) -> None:
        nonlocal left
        if name == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(1)

    return pass_point if wanted else lambda _: None


def _of_its_job(news: News) -> News:
    """The news with the job that it came of, so that one id goes through all that is said of a push."""
    job = carried()
    if job is None or news.job is not None or news.project not in {None, shown_path(job.project.root)}:
        return news
    whose = {"job": job.id, "project": shown_path(job.project.root), "app_id": job.project.app_id}
    return news.model_copy(update=whose)
