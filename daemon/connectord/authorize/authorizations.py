"""Every open authorization, from the moment that its link is given until it ends."""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from connectord.authorize.alarm import Alarm
from connectord.authorize.asking import ask_for
from connectord.authorize.authorization import Authorization, AuthorizationState
from connectord.authorize.limits import SharedLimits
from connectord.authorize.turns import Ask, Rate, next_turns
from connectord.authorize.watch import AskedApp, Watch
from connectord.base44.errors import Base44Error
from connectord.base44.pace import PER_WINDOW
from connectord.base44.request import Limited

POLL_SECONDS: Final = 2.0
LIMIT_SECONDS: Final = 120.0


def _raise(owner: str, defect: Exception) -> None:
    """Where nobody listens, the loop's exception handler hears of it."""
    raise RuntimeError(f"A poll of an authorization of {owner} ended by a defect") from defect


class Authorizations:
    """Opens, polls, skips and times out. An async context manager: leaving it ends the polling, not the consents.

    `on_end` hears once of every authorization that ends, `on_failure` of each owner whose poll failed, `on_defect` of
    an owner whose poll ended by a defect of ours: once for each link, which is polled on. `interval` and `limit` are
    seconds; the limit is counted by `clock`, which must not jump. The alarm only wakes us: the deadline is ours, and
    the poll that comes after it is the last. `limits` are the documented ones, of which many links share our part
    (turns.py).
    """

    def __init__(
        self,
        *,
        interval: float = POLL_SECONDS,
        limit: float = LIMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        on_end: Callable[[Authorization], None] = lambda _: None,
        on_failure: Callable[[str, Base44Error], None] = lambda _, __: None,
        on_defect: Callable[[str, Exception], None] = _raise,
        limits: Mapping[Limited, int] = PER_WINDOW,
        rng: random.Random | None = None,
    ) -> None:
        self._rate = Rate.within(limits, interval)
        self._limit = limit
        self._clock = clock
        self._on_end = on_end
        self._on_failure = on_failure
        self._on_defect = on_defect
        self._rng = rng or random.Random()  # noqa: S311  (spreads retries, guards nothing)
        self._watches: dict[tuple[str, str], Watch] = {}
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        self._ended: dict[tuple[str, str], Authorization] = {}
        self._shared: dict[Hashable, SharedLimits] = {}
        self._polls: set[asyncio.Task[None]] = set()
        self._alarm = Alarm(self._give_turns)

    async def __aenter__(self) -> Self:
        self._alarm.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._alarm.stop()
        # A poll may be renewing the login right now; cut off before its answer is kept, the login would be lost (P7).
        polls = tuple(self._polls)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        for watch in self._watches.values():
            watch.ended.cancel()

    @property
    def open_ones(self) -> tuple[Authorization, ...]:
        """The authorizations being watched now, in the order of their opening."""
        return tuple(watch.authorization for watch in self._watches.values())

    def open_one(self, owner: str, type: str) -> Authorization | None:
        """The authorization of this connector that is being watched now."""
        watch = self._watches.get((owner, type))
        return None if watch is None else watch.authorization

    def types_open(self, owner: str) -> frozenset[str]:
        """The connectors of one owner whose link is being watched now."""
        return frozenset(self._types.get(owner, ()))

    def open(
        self,
        app: AskedApp,
        *,
        owner: str,
        type: str,
        url: str,
        connection_id: str | None,
        scopes: tuple[str, ...],
        seconds_left: float | None = None,
        caller: Hashable = None,
    ) -> Authorization:
        """Watch a link from now on, for the limit, or for what is left of it. An older link is superseded.

        Links of the same `caller` (host and credentials) share the documented limits.
        """
        self.supersede(owner, type)
        now = self._clock()
        left = self._limit if seconds_left is None else min(self._limit, max(0.0, seconds_left))
        authorization = Authorization(owner, type, url, connection_id, scopes, opened_at=now, deadline=now + left)
        ended = asyncio.get_running_loop().create_future()
        first = (owner, type) not in self._ended
        self._types[owner].add(type)
        self._watches[owner, type] = Watch(authorization, app, caller, first, ended)
        self._shared.setdefault(caller, SharedLimits(self._rate, self._rng))
        self._alarm.set(0.0)
        return authorization

    def opened_by_person(self, owner: str, type: str) -> Authorization | None:
        """Somebody has just opened this link: it is polled first, and its time begins anew. None where none is open."""
        watch = self._watches.pop((owner, type), None)
        if watch is None:
            return None
        watch.authorization = watch.authorization.opened_again(now=self._clock(), limit=self._limit)
        watch.ask_at_once()
        self._watches[owner, type] = watch  # the last one now
        self._alarm.set(0.0)
        return watch.authorization

    def poll_now(self) -> None:
        """Ask for every open link at once, as far as the limits allow: the machine slept, or Base44 is back."""
        for shared in self._shared.values():
            shared.forget_failures(self._clock())
        for watch in self._watches.values():
            watch.ask_at_once()
        if self._watches:
            self._alarm.set(0.0)

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

    # Turns

    def _give_turns(self) -> float | None:
        of_caller: dict[Hashable, list[Watch]] = {}
        for watch in self._watches.values():
            of_caller.setdefault(watch.caller, []).append(watch)
        if not of_caller:
            return None
        again_at = min(self._give_turns_to(caller, watches) for caller, watches in of_caller.items())
        return again_at - self._clock()

    def _give_turns_to(self, caller: Hashable, watches: Sequence[Watch]) -> float:
        now, shared = self._clock(), self._shared[caller]
        lanes = shared.lanes
        links = [watch.link for watch in watches]
        turns = next_turns(now, links, self._rate, status=lanes[Ask.STATUS], lists=lanes[Ask.LIST])
        for turn in turns.now:
            asked = [self._watches[link.key] for link in turn.links]
            shared.begin(turn.ask, now)
            for watch in asked:
                watch.begin(turn.ask, now)
            self._begin(turn.ask, asked, shared, now)
        return turns.again_at

    def _begin(self, ask: Ask, asked: list[Watch], shared: SharedLimits, now: float) -> None:
        poll = asyncio.get_running_loop().create_task(
            # In a context of its own: a push that opened a link has nothing to do with how it is polled.
            self._poll(ask, asked, shared, now),
            context=contextvars.Context(),
        )
        self._polls.add(poll)
        poll.add_done_callback(lambda done: self._poll_ended(done, ask, asked, now))

    def _poll_ended(self, poll: asyncio.Task[None], ask: Ask, asked: list[Watch], now: float) -> None:
        self._polls.discard(poll)
        if poll.cancelled():
            return
        self._alarm.set(0.0)
        defect = poll.exception()
        if isinstance(defect, Exception):
            self._polled_in_vain(ask, asked, now, defect)

    def _polled_in_vain(self, ask: Ask, asked: list[Watch], now: float, defect: Exception) -> None:
        """A defect is no answer: the next poll waits as after an error, and time ends the link all the same."""
        news = {watch.authorization.owner for watch in asked if not watch.met_defect}
        for watch in asked:
            watch.met_defect = True
            watch.failed(ask, self._clock(), Base44Error(f"a defect of connectord: {defect}"), self._rng)
            answered = watch.unanswered(ask, asked_at=now)
            if not answered.is_open and self._watches.get(watch.key) is watch:
                self._end(watch, answered)
        for owner in news:
            self._on_defect(owner, defect)

    async def _poll(self, ask: Ask, asked: list[Watch], shared: SharedLimits, now: float) -> None:
        try:
            answers = await ask_for(ask, asked, shared, now=now, clock=self._clock)
            shared.answered(ask)
        except Base44Error as error:
            shared.failed(ask, self._clock(), error)
            for watch in asked:
                watch.failed(ask, self._clock(), error, self._rng)
            for owner in {watch.authorization.owner for watch in asked}:
                self._on_failure(owner, error)
            answers = [(watch, watch.unanswered(ask, asked_at=now)) for watch in asked]
        finally:
            shared.ended(ask)
            for watch in asked:
                watch.under_way = False
        for watch, answered in answers:
            # While we asked, a person may have skipped it or a newer link may have come: then they decided.
            if not answered.is_open and self._watches.get(watch.key) is watch:
                self._end(watch, answered)

    def _end(self, watch: Watch, authorization: Authorization) -> None:
        del self._watches[watch.key]
        self._types[authorization.owner].discard(authorization.type)
        self._ended[watch.key] = authorization
        watch.ended.set_result(authorization)
        self._on_end(authorization)
