"""Never faster than Base44's documented limits: so many requests of a kind per minute and caller, in any window.

Ours because no package gives it: aiolimiter is a leaky bucket, which lets nearly twice the limit through within one
window; pyrate-limiter has an exact window, but promises no order, can't be told of a Retry-After, and keeps its own
clock, its own sleep and a thread.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from connectord.base44.request import Limited

WINDOW: Final = 60.0
"""Seconds."""

PER_WINDOW: Final[Mapping[Limited, int]] = {Limited.LIST: 60, Limited.POLL: 70, Limited.REMOVE: 10}
"""protocol.md, "Operations": documented limits per minute and caller."""

SLACK: Final = 0.25
"""What a minute may be longer on the service's clock."""

LONGEST_PUSH: Final = 300.0
"""How far a Retry-After may push a kind out; the service's word counts, an hour of silence doesn't (defect 11)."""

WORTH_TELLING: Final = 1.0

OnWait = Callable[[str, float], None]
"""Told of an operation that waits for its turn, and how many seconds, when a person would notice."""


@dataclass(slots=True)
class Turn:
    """One turn; it counts unless `used` is made false, which says that nothing was sent."""

    used: bool = True


class Pace:
    """Gives turns to the requests of one caller at one host, however many apps they are about.

    Turns of a kind are taken in the order in which they were asked for; who is cancelled while waiting leaves no gap.
    `clock` never jumps (monotonic). Belongs to one event loop.
    """

    def __init__(
        self,
        *,
        limits: Mapping[Limited, int] = PER_WINDOW,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_wait: OnWait | None = None,
    ) -> None:
        self._lanes = {kind: _Lane(limit, clock) for kind, limit in limits.items()}
        self._clock = clock
        self._sleep = sleep
        self._on_wait = on_wait

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, or waits, or counts on from the last minute: a new Pace would do as well."""
        return all(lane.is_idle for lane in self._lanes.values())

    @asynccontextmanager
    async def turn(self, kind: Limited | None, operation: str, *, spare: int = 0) -> AsyncIterator[Turn]:
        """Wait for a turn, and hold it while the request is under way: one for every attempt, retries too.

        The service counts a request when it arrives, which is before its turn ends: so a turn counts from its end.
        Who leaves so many turns of the minute to `spare` lets those who don't go first.
        """
        lane, turn = self._lanes.get(kind) if kind else None, Turn()
        if lane is None:
            yield turn
            return
        while spare and (wait := lane.wait(spare)) != 0.0:
            await (lane.one_ended() if wait is None else self._sleep(wait))
        async with lane.order:
            await self._until_free(lane, operation)
            lane.begin()
        try:
            yield turn
        finally:
            lane.end(counts=turn.used)

    def turns_left(self, kind: Limited) -> int:
        """How many of a kind could have their turn at once now; as many as one likes of what isn't limited."""
        lane = self._lanes.get(kind)
        return sys.maxsize if lane is None else lane.free()

    def push_out(self, kind: Limited | None, seconds: float | None) -> None:
        """The service said 429 and asked to wait: nothing of this kind goes out before, whichever app it is about."""
        if kind in self._lanes and seconds is not None:
            self._lanes[kind].not_before(self._clock() + min(seconds, LONGEST_PUSH))

    async def _until_free(self, lane: _Lane, operation: str) -> None:
        told = False
        while (wait := lane.wait()) != 0.0:
            if wait is None:
                await lane.one_ended()
                continue
            if wait > WORTH_TELLING and not told and self._on_wait:
                told = True
                self._on_wait(operation, wait)
            await self._sleep(wait)


class _Lane:
    """The requests of one kind: those under way, and when each of the last minute ended."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self.order = asyncio.Lock()  # hands itself on in the order of asking
        self._limit = limit
        self._clock = clock
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._not_before = clock()
        self._end_seen = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        return self.wait() == 0.0 and not (self._under_way or self._ended or self.order.locked())

    def wait(self, spare: int = 0) -> float | None:
        """Seconds until the next may begin and `spare` more could; None: it depends on when one under way ends."""
        now = self._clock()
        while self._ended and self._ended[0] + WINDOW + SLACK <= now:
            self._ended.popleft()
        pushed = max(0.0, self._not_before - now)
        too_many = self._under_way + len(self._ended) - max(1, self._limit - spare)
        if too_many < 0:
            return pushed
        return max(pushed, self._ended[too_many] + WINDOW + SLACK - now) if too_many < len(self._ended) else None

    def free(self) -> int:
        return self._limit - self._under_way - len(self._ended) if self.wait() == 0.0 else 0

    def begin(self) -> None:
        self._under_way += 1

    def end(self, *, counts: bool) -> None:
        self._under_way -= 1
        if counts:
            self._ended.append(self._clock())
        self._end_seen.set()

    def not_before(self, moment: float) -> None:
        self._not_before = max(self._not_before, moment)

    async def one_ended(self) -> None:
        self._end_seen.clear()
        await self._end_seen.wait()
