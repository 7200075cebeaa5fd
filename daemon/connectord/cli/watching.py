"""Who watches a link that a command waits for: this process, or the daemon, which may watch it already."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.control.client import Client
from connectord.control.consent_models import Consent, ConsentState, LinkToWatch
from connectord.errors import ConnectordError
from connectord.places import runtime_dir
from connectord.project import Project, Snapshot
from connectord.sync import Outcome

OWNER: Final = "push"
PATIENCE: Final = 2.0
"""Seconds that a push gives the daemon to take a link over; without it the push watches for itself."""

ROUND: Final = 60.0
"""Seconds of one question for the end of a consent; it is asked again while the link is open."""


class Watching(Protocol):
    """Somebody watches the links of one app."""

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """A person opens the link now: its time begins."""
        ...

    def skip(self, connector_type: str) -> None:
        """The person doesn't want to now."""
        ...

    async def settled(self, connector_type: str) -> Authorization:
        """How it ended."""
        ...


@dataclass(frozen=True, slots=True)
class OwnWatch:
    """This process asks Base44."""

    app: App
    authorizations: Authorizations

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """Poll from now on."""
        self.authorizations.open(
            self.app,
            owner=OWNER,
            type=outcome.type,
            url=outcome.authorize_url or "",
            connection_id=outcome.connection_id,
            scopes=scopes,
        )

    def skip(self, connector_type: str) -> None:
        """Poll no more."""
        self.authorizations.skip(OWNER, connector_type)

    async def settled(self, connector_type: str) -> Authorization:
        """How it ended; within its limit."""
        return await self.authorizations.settled(OWNER, connector_type)


@dataclass(slots=True)
class DaemonsWatch:
    """The daemon asks Base44, and is asked by this process. Where it goes away meanwhile, `instead` goes on."""

    client: Client
    project: Project
    instead: Watching
    _links: dict[str, tuple[Outcome, tuple[str, ...]]] = field(default_factory=dict)
    _skips: set[asyncio.Task[None]] = field(default_factory=set)
    _without: set[str] = field(default_factory=set)

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """Hand it over once more, now that it is opened."""
        self._links[outcome.type] = outcome, scopes
        if not await asyncio.to_thread(hand_over, self.client, self.project, outcome, scopes):
            await self._go_on_without(outcome.type)

    def skip(self, connector_type: str) -> None:
        """Tell the daemon; its answer to who waits follows from that."""
        if connector_type in self._without:
            self.instead.skip(connector_type)
        elif not self._skips:
            self._skips.add(asyncio.get_running_loop().create_task(self._skip(connector_type)))

    async def settled(self, connector_type: str) -> Authorization:
        """How it ended."""
        while connector_type not in self._without:
            try:
                consent = await asyncio.to_thread(self.client.consent, self.project.root, connector_type, timeout=ROUND)
            except ConnectordError:  # it ended, or doesn't know of the link any more
                await self._go_on_without(connector_type)
                break
            if consent.state is not ConsentState.OPEN:
                return as_authorization(consent)
        return await self.instead.settled(connector_type)

    async def _skip(self, connector_type: str) -> None:
        try:
            await asyncio.to_thread(self.client.skip, self.project.root, connector_type)
        except ConnectordError:
            if connector_type not in self._without:
                await self._go_on_without(connector_type)
            self.instead.skip(connector_type)
        finally:
            self._skips.clear()

    async def _go_on_without(self, connector_type: str) -> None:
        self._without.add(connector_type)
        await self.instead.begin(*self._links[connector_type])


async def beside_daemon(
    project: Project, pending: Sequence[Outcome], snapshot: Snapshot, instead: Watching
) -> Watching:
    """Hand the links to a daemon that looks after this project with the same app; without one, `instead` watches."""
    client = Client(runtime_dir(), timeout=PATIENCE)
    for outcome in pending:
        scopes = snapshot.by_type[outcome.type].scopes
        if not await asyncio.to_thread(hand_over, client, project, outcome, scopes):
            return instead
    return DaemonsWatch(client, project, instead)


def hand_over(client: Client, project: Project, outcome: Outcome, scopes: tuple[str, ...]) -> bool:
    """Let the daemon watch a link, if there is one that may. Blocks on the socket."""
    link = LinkToWatch(
        app_id=project.app_id,
        api_url=project.api_url,
        type=outcome.type,
        url=outcome.authorize_url or "",
        connection_id=outcome.connection_id,
        scopes=scopes,
    )
    try:
        client.watch_link(project.root, link)
    except ConnectordError:  # no daemon, an older one, or one that looks after another app here
        return False
    return True


def as_authorization(consent: Consent, owner: str = OWNER) -> Authorization:
    """The end of a consent as who waited for it knows it."""
    return Authorization(
        owner=owner,
        type=consent.type,
        url=consent.url or "",
        connection_id=None,
        scopes=consent.scopes,
        opened_at=0.0,
        deadline=0.0,
        state=AuthorizationState(consent.state.value),
        granted=consent.granted,
        user_email=consent.user_email,
    )
