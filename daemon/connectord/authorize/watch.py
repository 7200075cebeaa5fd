"""An open authorization with what it takes to watch it: when it was asked for, what failed, what lists have shown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

from connectord.authorize.authorization import Authorization, AuthorizationState
from connectord.authorize.limits import wait_after
from connectord.authorize.listing import Shown, consent_seen, consent_shown, covers
from connectord.authorize.turns import NEVER, Ask, OpenLink
from connectord.base44.errors import Base44Error
from connectord.base44.models import ConsentStatus, RemoteConnector


class AskedApp(Protocol):
    """Who can be asked: base44's App. Both raise Base44Error."""

    app_id: str

    async def list_connectors(self) -> tuple[RemoteConnector, ...]:
        """What Base44 has now."""
        ...

    async def poll_authorization(self, type: str, connection_id: str) -> ConsentStatus:
        """Whether the person has consented."""
        ...


@dataclass(slots=True, eq=False)
class Watch:
    """One link being watched.

    `caller` is whose limits it shares (secret, P13), `first` says that no link of its connector was watched before,
    `met_defect` that a defect of ours ended a poll of it.
    """

    authorization: Authorization
    app: AskedApp
    caller: Hashable = field(repr=False)
    first: bool
    ended: asyncio.Future[Authorization]
    under_way: bool = False
    likely: bool = False
    asked_at: dict[Ask, float] = field(default_factory=lambda: dict.fromkeys(Ask, NEVER))
    ask_from: dict[Ask, float] = field(default_factory=lambda: dict.fromkeys(Ask, NEVER))
    failures: dict[Ask, int] = field(default_factory=lambda: dict.fromkeys(Ask, 0))
    at_first: RemoteConnector | None = None
    before: RemoteConnector | None = None
    listed_before: bool = False
    met_defect: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Owner and connector type: there is one open link for each."""
        return self.authorization.owner, self.authorization.type

    @property
    def link(self) -> OpenLink:
        """What its turns are decided by."""
        return OpenLink(
            self.key,
            self.app.app_id,
            self.authorization.deadline,
            has_id=self.authorization.connection_id is not None,
            status_at=self.asked_at[Ask.STATUS],
            listed_at=self.asked_at[Ask.LIST],
            status_from=self.ask_from[Ask.STATUS],
            list_from=self.ask_from[Ask.LIST],
            likely=self.likely,
            under_way=self.under_way,
        )

    def begin(self, ask: Ask, now: float) -> None:
        """A poll of this link is sent."""
        self.under_way = True
        self.asked_at[ask] = now

    def polled(self, status: ConsentStatus, *, asked_at: float) -> Authorization:
        """What an answer of `status` makes of it."""
        self.failures[Ask.STATUS] = 0
        self.likely = False
        return self.authorization.answered(status, asked_at=asked_at)

    def listed(self, now: RemoteConnector | None, *, asked_at: float) -> Authorization:
        """What a list makes of it. Without a connection id nothing else can; with one, only certainty ends it."""
        self.failures[Ask.LIST] = 0
        if not self.listed_before:
            self.at_first = now
        if self.authorization.connection_id is None:
            answered = self.authorization.answered(
                consent_seen(now, self.at_first, self.authorization.scopes), asked_at=asked_at
            )
        else:
            answered = self._judged(now)
        self.before, self.listed_before = now, True
        return answered if now is None or not answered.is_authorized else answered.with_grant(now)

    def failed(self, ask: Ask, now: float, error: Base44Error, rng: random.Random) -> None:
        """A poll of it failed: the next one waits."""
        self.failures[ask] += 1
        self.ask_from[ask] = now + wait_after(self.failures[ask], error, rng)

    def unanswered(self, ask: Ask, *, asked_at: float) -> Authorization:
        """What a failed poll makes of it; where `status` can be asked, a failed list says nothing."""
        if ask is Ask.LIST and self.authorization.connection_id is not None:
            return self.authorization
        return self.authorization.unanswered(asked_at=asked_at)

    def ask_at_once(self) -> None:
        """Ask for it as if it never had been, whatever failed before."""
        self.asked_at = dict.fromkeys(Ask, NEVER)
        self.ask_from = dict.fromkeys(Ask, NEVER)
        self.failures = dict.fromkeys(Ask, 0)

    def _judged(self, now: RemoteConnector | None) -> Authorization:
        if self.listed_before:
            shown = consent_shown(now, self.before, self.authorization.scopes)
        else:  # it may have been there before the link was
            shown = Shown.LIKELY if covers(now, self.authorization.scopes) else Shown.NOTHING
        # The consent to an older link of the same connector looks the same in a list.
        if shown is Shown.CERTAIN and self.first:
            return self.authorization.ended(AuthorizationState.AUTHORIZED)
        self.likely = self.likely or shown is not Shown.NOTHING
        return self.authorization
