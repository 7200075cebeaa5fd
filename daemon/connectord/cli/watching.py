"""Who watches a link that a command waits for: this process, or the daemon, which may watch it already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.control.client import Client
from connectord.control.consent_models import Consent, ConsentState, LinkToWatch
from connectord.errors import ConnectordError
from connectord.places import runtime_dir
from connectord.project import Connector, Project, Snapshot
from connectord.sync import Outcome

OWNER: Final = "push"
PATIENCE: Final = 2.0
"""Seconds that a push gives the daemon to take a link over; without it the push watches for itself."""

ROUND: Final = 2.0
"""Seconds of one question for the end of a consent: so late a newer link shows, at most."""

OnNewer = Callable[[str, str], None]
"""Hears of a connector and its link that took the place of the one that the person has: that one leads nowhere."""


class Watching(Protocol):
    """Somebody watches the links of one app."""

    async def to_open(self, outcome: Outcome) -> str | None:
        """The link that a person is to open now; None where the consent has ended already."""
        ...

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """It was opened: its time begins."""
        ...

    def link(self, outcome: Outcome) -> str:
        """The link of this connector that the person may follow."""
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

    async def to_open(self, outcome: Outcome) -> str | None:
        """The one that Base44 gave."""
        return self.link(outcome)

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """Poll from now on."""
        self.authorizations.open(
            self.app,
            owner=OWNER,
            type=outcome.type,
            url=self.link(outcome),
            connection_id=outcome.connection_id,
            scopes=scopes,
        )

    def link(self, outcome: Outcome) -> str:
        """The one that Base44 gave."""
        return outcome.authorize_url or ""

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
    on_newer: OnNewer
    _begun: dict[str, tuple[Outcome, tuple[str, ...]]] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)
    _ended: dict[str, Authorization] = field(default_factory=dict)
    _skips: set[asyncio.Task[None]] = field(default_factory=set)
    _without: set[str] = field(default_factory=set)

    async def to_open(self, outcome: Outcome) -> str | None:
        """The one that the daemon watches; a fresh one where its time is over, or another push had it refused."""
        try:
            consent = await asyncio.to_thread(self._given, outcome.type)
        except ConnectordError:  # it ended, or has no link for it
            self._without.add(outcome.type)
            return self.link(outcome)
        if consent.state is ConsentState.OPEN:
            self._links[outcome.type] = consent.url or self.link(outcome)
            return self._links[outcome.type]
        self._ended[outcome.type] = as_authorization(consent)
        return None

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        """The daemon knows of it; without one, this process watches from now on."""
        self._begun[outcome.type] = outcome, scopes
        if outcome.type in self._without:
            await self.instead.begin(outcome, scopes)

    def link(self, outcome: Outcome) -> str:
        """The one that the daemon watches."""
        return self._links.get(outcome.type) or self.instead.link(outcome)

    def skip(self, connector_type: str) -> None:
        """Tell the daemon; its answer to who waits follows from that."""
        if connector_type in self._without:
            self.instead.skip(connector_type)
        elif not self._skips:
            self._skips.add(asyncio.get_running_loop().create_task(self._skip(connector_type)))

    async def settled(self, connector_type: str) -> Authorization:
        """How it ended."""
        if (ended := self._ended.get(connector_type)) is not None:
            return ended
        if connector_type not in self._without:
            try:
                return as_authorization(await self._consent(connector_type))
            except ConnectordError:  # it ended, or doesn't know of the link any more
                await self._go_on_without(connector_type)
        return await self.instead.settled(connector_type)

    def _given(self, connector_type: str) -> Consent:
        """What somebody has consented to meanwhile, or a link whose time begins now. Blocks on the socket."""
        known = self.client.consent(self.project.root, connector_type, timeout=0.0)
        if known.state is ConsentState.AUTHORIZED:
            return known
        return self.client.link(self.project.root, connector_type)

    async def _consent(self, connector_type: str) -> Consent:
        def newer(link: str) -> None:
            self._links[connector_type] = link
            self.on_newer(connector_type, link)

        return await consent_ended(
            self.client, self.project.root, connector_type, self._links.get(connector_type), newer
        )

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
        await self.instead.begin(*self._begun[connector_type])


async def consent_ended(
    client: Client, root: Path, connector_type: str, link: str | None, on_newer: Callable[[str], None]
) -> Consent:
    """Wait until the daemon says how a consent ended; `on_newer` hears of each link that takes the place of `link`."""
    while True:
        consent = await asyncio.to_thread(client.consent, root, connector_type, timeout=ROUND)
        if consent.state is not ConsentState.OPEN:
            return consent
        if consent.url is not None and consent.url != link:
            link = consent.url
            on_newer(link)


async def beside_daemon(
    project: Project, pending: Sequence[Outcome], snapshot: Snapshot, instead: Watching, on_newer: OnNewer
) -> tuple[Watching, tuple[Outcome, ...]]:
    """Hand the links to a daemon that looks after this project with the same app; without one, `instead` watches.

    The outcomes come back with the links to show: where one is open for the same already, that is the one (P11).
    """
    client = Client(runtime_dir(), timeout=PATIENCE)
    shown = list(pending)
    for number, outcome in enumerate(pending):
        connector = snapshot.by_type[outcome.type]
        watched = await asyncio.to_thread(hand_over, client, project, outcome, connector)
        if watched is None:
            return instead, tuple(shown)
        if watched.url is not None and watched.url != outcome.authorize_url:
            shown[number] = replace(outcome, authorize_url=watched.url, connection_id=watched.connection_id)
    return DaemonsWatch(client, project, instead, on_newer), tuple(shown)


def hand_over(client: Client, project: Project, outcome: Outcome, connector: Connector) -> Consent | None:
    """Let the daemon watch a link; None where there is no daemon that may. Blocks on the socket."""
    link = LinkToWatch(
        app_id=project.app_id,
        api_url=project.api_url,
        type=outcome.type,
        url=outcome.authorize_url or "",
        connection_id=outcome.connection_id,
        scopes=connector.scopes,
        connection_config=None if connector.connection_config is None else dict(connector.connection_config),
    )
    try:
        return client.watch_link(project.root, link)
    except ConnectordError:  # no daemon, an older one, or one that looks after another app here
        return None


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
