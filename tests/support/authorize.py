"""Consent links in a time of their own: one Base44 that a test decides on, or the emulator with its limits on.

async with a_crowd(40) as crowd:                      # the real client, its pace, and the emulator
    link = await crowd.open(crowd.apps[0], "slack")
    crowd.decide(link)

world = ConsentWorld(takes=0.2)                       # as simple as it gets, and errors when a test wants them
async with Authorizations(clock=loop.time) as authorizations:
    authorizations.open(world.app("shop"), ...)
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.emulator import EmulatorApp, emulator_app

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App, Base44, Base44Error, Pace, find_credentials
from connectord.base44.models import ConnectionStatus, ConsentStatus, RemoteConnector
from connectord.emulator.catalogue import CATALOGUE
from connectord.emulator.operations import OperationName
from connectord.emulator.state import DEFAULT_API_KEY

TYPES = tuple(sorted(name for name, one in CATALOGUE.items() if not one.config_fields))


@dataclass
class ConsentWorld:
    """A Base44 that knows of nothing but consents. A request takes so many seconds and may meet an error."""

    takes: float = 0.0
    error: Callable[[str], Base44Error | None] = lambda _: None
    consents: dict[str, ConsentStatus] = field(default_factory=dict)
    listed: dict[str, dict[str, RemoteConnector]] = field(default_factory=dict)
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0

    def app(self, app_id: str) -> ConsentApp:
        return ConsentApp(self, app_id)

    def allow(self, app_id: str, type: str, connection_id: str, *scopes: str) -> None:
        """The person consents."""
        self.consents[connection_id] = ConsentStatus.ACTIVE
        self.put(app_id, type, *scopes)

    def put(self, app_id: str, type: str, *scopes: str, email: str = "dev@example.com") -> None:
        """The list has this connector, however it came there."""
        active = ConnectionStatus.ACTIVE
        connector = RemoteConnector(type=type, status=active, scopes=scopes, user_email=email)
        self.listed.setdefault(app_id, {})[type] = connector

    def times(self, ask: str) -> list[float]:
        """When it was asked like this."""
        return [at for at, how, _ in self.asked if how == ask]

    @contextmanager
    def request(self, ask: str, about: str) -> Iterator[None]:
        self.asked.append((asyncio.get_running_loop().time(), ask, about))
        self.under_way[about] += 1
        self.most_at_once = max(self.most_at_once, self.under_way[about])
        try:
            yield
        finally:
            self.under_way[about] -= 1


@dataclass
class ConsentApp:
    """One app of it, as Authorizations asks."""

    world: ConsentWorld
    app_id: str

    async def list_connectors(self) -> tuple[RemoteConnector, ...]:
        with self.world.request("list", self.app_id):
            await self._answer("list")
            return tuple(self.world.listed.get(self.app_id, {}).values())

    async def poll_authorization(self, type: str, connection_id: str) -> ConsentStatus:
        with self.world.request("status", connection_id):
            await self._answer(connection_id)
            return self.world.consents.get(connection_id, ConsentStatus.PENDING)

    async def _answer(self, about: str) -> None:
        await asyncio.sleep(self.world.takes)
        if (error := self.world.error(about)) is not None:
            raise error


def set_the_clock_on_the_wall(by: float) -> None:
    """From now on it is wrong by so many seconds; the loop's clock is not. Within virtual time only."""
    loop: Any = asyncio.get_running_loop()
    right = loop._travel
    loop._travel = lambda at: right(at + by)
    loop._travel(time.time())


@dataclass
class Crowd:
    """Many projects on one emulator with its limits on, one caller, and when it was told of each end."""

    emulator: EmulatorApp
    apps: list[App]
    authorizations: Authorizations
    ended: dict[str, tuple[float, AuthorizationState]]

    async def open(self, app: App, type: str) -> Authorization:
        """Push a new connector and watch its link."""
        scopes = ("read",)
        reply = await app.set_connector(type, scopes)
        return self.authorizations.open(
            app,
            owner=app.app_id,
            type=type,
            url=reply.redirect_url or "",
            connection_id=reply.connection_id,
            scopes=scopes,
        )

    def decide(self, link: Authorization, *, deny: bool = False) -> None:
        """The person's word."""
        integrations = self.emulator.world.integrations
        consent = integrations.consent(link.connection_id or "")
        if deny:
            integrations.deny(consent)
        else:
            integrations.allow(consent)

    def refused(self) -> int:
        """How many requests were one too many."""
        return sum(entry.status == 429 for entry in self.emulator.world.journal.entries)

    def most_in_a_minute(self, operation: OperationName) -> int:
        entries = self.emulator.world.journal.entries
        times = [entry.time for entry in entries if entry.operation == operation]
        return max((bisect_left(times, first + 60.0) - index for index, first in enumerate(times)), default=0)


@asynccontextmanager
async def a_crowd(
    projects: int, *, round_trip: float = 0.1, emulator: EmulatorApp | None = None
) -> AsyncIterator[Crowd]:
    """Authorizations over the real client, with its pace, in virtual time."""
    loop = asyncio.get_running_loop()
    if emulator is None:
        app_ids = tuple(f"app{number:02}" for number in range(projects))
        emulator = emulator_app(app_ids=app_ids, sleep=asyncio.sleep, round_trip_delay=round_trip)
    ended: dict[str, tuple[float, AuthorizationState]] = {}

    def note(end: Authorization) -> None:
        ended[end.url] = (loop.time(), end.state)

    credentials = find_credentials({"BASE44_API_KEY": DEFAULT_API_KEY}, Path("/nonexistent"))
    pace = Pace(clock=loop.time)
    async with (
        Base44(emulator.url, credentials, transport=emulator.transport, pace=pace) as base44,
        Authorizations(clock=loop.time, on_end=note) as authorizations,
    ):
        apps = [base44.app(f"app{number:02}") for number in range(projects)]
        yield Crowd(emulator, apps, authorizations, ended)
