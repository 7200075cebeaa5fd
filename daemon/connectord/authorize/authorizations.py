"""Every open authorization, polled at once and then every two seconds, as jobs of an APScheduler."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from connectord.authorize.authorization import Authorization, AuthorizationState, consent_seen
from connectord.base44 import App
from connectord.base44.errors import Base44Error
from connectord.base44.models import ConsentStatus, RemoteConnector

POLL_SECONDS = 2.0
LIMIT_SECONDS = 120.0


@dataclass(slots=True)
class _Watch:
    """An authorization with what it takes to watch it."""

    authorization: Authorization
    app: App
    ended: asyncio.Future[Authorization]
    at_first: RemoteConnector | None = None
    listed_before: bool = False


class Authorizations:
    """Opens, polls, skips and times out. An async context manager: leaving it ends the polling, not the consents.

    `on_end` hears once of every authorization that ends. `interval` and `limit` are seconds; the limit is counted by
    `clock`, which must not jump. The scheduler only wakes us: the deadline is ours, and the poll that comes after it
    is the last.
    """

    def __init__(
        self,
        *,
        interval: float = POLL_SECONDS,
        limit: float = LIMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        on_end: Callable[[Authorization], None] = lambda _: None,
    ) -> None:
        self._interval = interval
        self._limit = limit
        self._clock = clock
        self._on_end = on_end
        self._watches: dict[tuple[str, str], _Watch] = {}
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        self._ended: dict[tuple[str, str], Authorization] = {}
        self._polls: set[asyncio.Future[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    async def __aenter__(self) -> Self:
        # It warns whenever a poll outlasts its interval, which is no news: max_instances is there for that.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scheduler.pause()
        # A poll may be renewing the login right now; cut off before its answer is kept, the login would be lost (P7).
        polls = tuple(self._polls)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
        for watch in self._watches.values():
            watch.ended.cancel()

    def poll_now(self) -> None:
        """Look at every open link at once: the machine slept, or its clock was set."""
        for watch in self._watches.values():
            self._scheduler.modify_job(_job_id(watch.authorization), next_run_time=datetime.now(UTC))

    @property
    def open_ones(self) -> tuple[Authorization, ...]:
        """The authorizations being watched now, in the order of their opening."""
        return tuple(watch.authorization for watch in self._watches.values())

    def types_open(self, owner: str) -> frozenset[str]:
        """The connectors of one owner whose link is being watched now."""
        return frozenset(self._types.get(owner, ()))

    def open(
        self,
        app: App,
        *,
        owner: str,
        type: str,
        url: str,
        connection_id: str | None,
        scopes: tuple[str, ...],
        seconds_left: float | None = None,
    ) -> Authorization:
        """Watch a link from now on, for the limit, or for what is left of it. An older link is superseded."""
        self.supersede(owner, type)
        now = self._clock()
        left = self._limit if seconds_left is None else min(self._limit, max(0.0, seconds_left))
        authorization = Authorization(owner, type, url, connection_id, scopes, opened_at=now, deadline=now + left)
        self._types[owner].add(type)
        self._watches[owner, type] = _Watch(authorization, app, asyncio.get_running_loop().create_future())
        self._scheduler.add_job(
            self._poll,
            "interval",
            args=(authorization,),
            id=_job_id(authorization),
            seconds=self._interval,
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        return authorization

    async def settled(self, owner: str, type: str) -> Authorization:
        """How this connector's authorization ended; waits while it is open, at most for its limit.

        Raises KeyError where none was ever opened.
        """
        watch = self._watches.get((owner, type))
        return self._ended[owner, type] if watch is None else await asyncio.shield(watch.ended)

    def skip(self, owner: str, type: str) -> None:
        """The person doesn't want to now. Nothing happens where none is open."""
        self._end_by_hand(owner, type, AuthorizationState.SKIPPED)

    def supersede(self, owner: str, type: str) -> None:
        """Nobody needs this link any more: the file changed or went. Nothing happens where none is open."""
        self._end_by_hand(owner, type, AuthorizationState.SUPERSEDED)

    def _end_by_hand(self, owner: str, type: str, state: AuthorizationState) -> None:
        watch = self._watches.get((owner, type))
        if watch is not None:
            self._end(watch, watch.authorization.ended(state))

    async def _poll(self, opened: Authorization) -> None:
        # A poll that is cancelled at the end is no error, but APScheduler would log it as one, traceback and all.
        poll = asyncio.ensure_future(self._poll_once(opened))
        self._polls.add(poll)
        poll.add_done_callback(self._polls.discard)
        with suppress(asyncio.CancelledError):
            await poll

    async def _poll_once(self, opened: Authorization) -> None:
        watch = self._watches.get((opened.owner, opened.type))
        if watch is None or watch.authorization is not opened:
            return
        answered = await self._ask(watch)
        if not answered.is_open:
            answered = await self._with_grant(watch, answered)
        # While we asked, a person may have skipped it or a newer link may have come: then they decided.
        if not answered.is_open and self._watches.get((opened.owner, opened.type)) is watch:
            self._end(watch, answered)

    async def _ask(self, watch: _Watch) -> Authorization:
        authorization, asked_at = watch.authorization, self._clock()
        try:
            if authorization.connection_id is None:
                status = await self._consent_by_list(watch)
            else:
                status = await watch.app.poll_authorization(authorization.type, authorization.connection_id)
        except Base44Error:
            return authorization.unanswered(asked_at=asked_at)
        return authorization.answered(status, asked_at=asked_at)

    async def _consent_by_list(self, watch: _Watch) -> ConsentStatus:
        now = await _listed(watch.app, watch.authorization.type)
        if not watch.listed_before:
            watch.at_first, watch.listed_before = now, True
        return consent_seen(now, watch.at_first, watch.authorization.scopes)

    async def _with_grant(self, watch: _Watch, authorization: Authorization) -> Authorization:
        if authorization.state is not AuthorizationState.AUTHORIZED:
            return authorization
        try:
            remote = await _listed(watch.app, authorization.type)
        except Base44Error:
            return authorization  # authorized all the same; `granted` stays None, which says that it isn't known
        return authorization if remote is None else authorization.with_grant(remote)

    def _end(self, watch: _Watch, authorization: Authorization) -> None:
        del self._watches[authorization.owner, authorization.type]
        self._types[authorization.owner].discard(authorization.type)
        self._scheduler.remove_job(_job_id(authorization))
        self._ended[authorization.owner, authorization.type] = authorization
        watch.ended.set_result(authorization)
        self._on_end(authorization)


def _job_id(authorization: Authorization) -> str:
    return f"{authorization.owner} {authorization.type}"


async def _listed(app: App, type: str) -> RemoteConnector | None:
    connectors = await app.list_connectors()
    return next((connector for connector in connectors if connector.type == type), None)
