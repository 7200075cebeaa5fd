"""The whole engine in this process, life after life on one database: what a crash leaves is what was on disk and sent.

Everything is real but the transport (the emulator over ASGI), the watcher (the test hints, or doesn't) and time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.support.emulator import EmulatorApp
from tests.support.virtual_time import VirtualTime

from connectord.base44 import App, Base44, Pace, find_credentials
from connectord.base44.connections import Connections
from connectord.base44.retry import BRIEF
from connectord.browser import Browser, OpenBrowser
from connectord.control.models import ProjectStatus
from connectord.control.news import News
from connectord.daemon.answers import Answers
from connectord.daemon.engine import Engine
from connectord.daemon.notice_answers import NoticeAnswers
from connectord.daemon.notices import Card
from connectord.daemon.surroundings import Surroundings
from connectord.notify import Action, Notice, NoticeLevel, Rules, Telling
from connectord.notify.notifier import Channel, ChannelState, OnAction, OnShown, no_action, not_heard
from connectord.settings import Settings
from connectord.store import Change, SqliteStore, StoreTrouble


class Network(httpx.AsyncBaseTransport):
    """The way to the emulator: `up` or not, every attempt counted, and each seen by the `witness` at that moment."""

    def __init__(self, emulator: EmulatorApp) -> None:
        self._inner = emulator.transport
        self.up = True
        self.attempts: Counter[str] = Counter()
        self.witness: Callable[[httpx.Request], None] = lambda _: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.attempts[request.method] += 1
        self.witness(request)
        if not self.up:
            raise httpx.ConnectError("no route to host", request=request)
        return await self._inner.handle_async_request(request)


class _Wire(httpx.AsyncBaseTransport):
    """A life's own end of the network: it sends nothing after its death, and its end doesn't end the network."""

    def __init__(self, network: Network, life: Life) -> None:
        self._network = network
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._life.dead:
            raise httpx.ConnectError("this process is dead", request=request)
        return await self._network.handle_async_request(request)


class _Connections(Connections):
    def __init__(self, home: Path, wire: _Wire, clock: Callable[[], float], seed: int) -> None:
        super().__init__(home)
        self._home_folder = home
        self._wire = wire
        self._clock = clock
        self._seed = seed
        self._open: dict[tuple[object, ...], Base44] = {}

    def app(self, api_url: str, environ: Mapping[str, str], app_id: str) -> App:
        caller = api_url, *sorted(environ.items())
        if caller not in self._open:
            credentials = find_credentials(environ, self._home_folder)
            rng = random.Random(self._seed)
            pace = Pace(clock=self._clock)
            self._open[caller] = Base44(api_url, credentials, transport=self._wire, rng=rng, pace=pace, retry=BRIEF)
        return self._open[caller].app(app_id)


class MortalStore(SqliteStore):
    """A store that takes nothing more once its process has died, which may be at any chosen write."""

    def __init__(self, path: Path, life: Life) -> None:
        self._life = life
        super().__init__(path, on_trouble=life.troubles.append)

    def record(self, change: Change) -> None:
        self._life.count_down()
        if not self._life.dead:
            super().record(change)


@dataclass
class Life(Telling):
    """One process's life: `dead` cuts it off from network, disk and person at once, as kill -9 does."""

    dead: bool = False
    writes_left: int | None = None
    troubles: list[StoreTrouble | None] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    on_show: dict[str, Notice] = field(default_factory=dict)
    cards: list[Card | None] = field(default_factory=list)
    night: bool = False
    on_action: OnAction = field(default_factory=lambda: no_action)
    on_shown: OnShown = field(default_factory=lambda: not_heard)
    rules: Rules = field(default_factory=Rules)
    engine: Engine = field(init=False)
    face: Answers = field(init=False)
    store: MortalStore = field(init=False)

    def count_down(self) -> None:
        """One more write: it may be the one that it dies before."""
        if self.writes_left is not None:
            self.writes_left -= 1
            self.dead = self.dead or self.writes_left < 0

    def publish(self, news: News) -> None:
        if not self.dead:
            self.news.append(news)

    def notify(self, notice: Notice) -> None:
        """Shown at once, unless the person doesn't want it or it is night."""
        if self.dead or self.night or not self.rules.wants(notice):
            return
        self.on_shown(notice.subject)
        if not self.dead:
            self.notices.append(notice)
            self.cards.append(self.engine.notices.card(notice.subject))
            self.on_show[notice.subject] = notice

    def withdraw(self, subject: str) -> None:
        if not self.dead:
            self.on_show.pop(subject, None)

    def press(self, action: Action) -> None:
        """Press the button on the only notice that has it."""
        (notice,) = (one for one in self.on_show.values() if action in one.buttons)
        del self.on_show[notice.subject]
        self.on_action(action, notice.subject)

    @property
    def state(self) -> ChannelState:
        return ChannelState(Channel.LOG, works=True)

    @property
    def states(self) -> tuple[ChannelState, ...]:
        return (self.state,)

    def project(self, root: Path) -> ProjectStatus:
        return self.face.status(root).projects[0]


@dataclass
class Screen:
    """Where links are opened: what was, and what happens then. With `objection` nothing is opened, for that reason."""

    opened: list[str] = field(default_factory=list)
    objection: str | None = None
    person: Callable[[str], None] = lambda _: None

    async def find_browser(self, environ: Mapping[str, str], setting: OpenBrowser) -> Browser:
        del environ, setting
        return _ScreenBrowser(self)


class _ScreenBrowser(Browser):
    __slots__ = ("screen",)

    def __init__(self, screen: Screen) -> None:
        super().__init__(() if screen.objection else (("screen",),))
        object.__setattr__(self, "screen", screen)

    async def open(self, link: str) -> str | None:
        screen: Screen = self.screen  # type: ignore[attr-defined]
        if screen.objection is None:
            screen.opened.append(link)
            screen.person(link)
        return screen.objection


@dataclass
class Machine:
    """The computer: it keeps the database, the files and the credentials between the lives."""

    folder: Path
    emulator: EmulatorApp
    time: VirtualTime
    settings: Settings = field(default_factory=Settings)
    network: Network = field(init=False)
    past: list[Life] = field(default_factory=list)
    clock_error: float = 0.0
    screen: Screen = field(default_factory=Screen)

    def __post_init__(self) -> None:
        self.network = Network(self.emulator)

    @asynccontextmanager
    async def living(self, life: Life, seed: int = 1) -> AsyncIterator[Engine]:
        """An engine at work until the block ends, with the registered projects of the database."""
        home = self.folder / "home"
        surroundings = Surroundings(
            self.settings, {}, home, self.folder, self.folder, life.publish,
            clock=self.time.now, now=lambda: time.time() + self.clock_error, rng=random.Random(seed),
            find_browser=self.screen.find_browser,
        )  # fmt: skip
        life.rules = Rules(NoticeLevel(self.settings.notify_level))
        life.store = store = MortalStore(self.folder / "state.db", life)
        connections = _Connections(home, _Wire(self.network, life), self.time.now, seed)
        life.engine = engine = Engine(surroundings, store, connections, life)
        life.face = Answers(engine, surroundings, store)
        life.on_action = NoticeAnswers(engine, life.face, surroundings).pressed
        self.past.append(life)
        try:
            async with engine.consents.authorizations, asyncio.TaskGroup() as group:
                engine.group = group
                queue = group.create_task(engine.queue.run())
                for row in store.projects():
                    engine.follow(row.root, paused=row.paused)
                engine.follow_credentials(home / ".base44/auth/auth.json")
                looks = group.create_task(engine.first_looks.watch(tuple(engine.followed.values())))
                yield engine
                engine.end_tasks()
                queue.cancel()
                looks.cancel()
        finally:
            store.close()

    @property
    def notices(self) -> list[Notice]:
        """What the person was told, in all lives."""
        return [notice for life in self.past for notice in life.notices]


class Running:
    """A life that goes on between the steps of a synchronous test."""

    def __init__(self, machine: Machine) -> None:
        self.life = Life()
        self._machine = machine
        self._ready = asyncio.Event()
        self._end = asyncio.Event()
        self._task = machine.time.loop.create_task(self._run(len(machine.past)))
        machine.time.run(self._begun())

    async def _begun(self) -> None:
        waiter = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait([waiter, self._task], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        self.alive()

    async def _run(self, seed: int) -> None:
        async with self._machine.living(self.life, seed):
            self._ready.set()
            await self._end.wait()

    def alive(self) -> None:
        """Raise what has ended the engine, if something has."""
        if self._task.done():
            self._task.result()
            raise AssertionError("the engine ended by itself")

    def kill(self) -> None:
        """End it as kill -9 does: nothing is sent, written or said from here on."""
        self.life.dead = True
        self._task.cancel()

        async def gone() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            # What the process was in the middle of dies with it, in whatever task it was.
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._machine.time.run(gone())

    def ask(self, coroutine: Any) -> Any:
        """What a call of the API answers."""
        return self._machine.time.run(coroutine)
