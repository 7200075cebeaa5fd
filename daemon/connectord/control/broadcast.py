"""News to whoever listens: a bounded queue for each, so that a reader who stops reading costs nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from connectord.control.news import News, NewsKind, Tone

LIMIT: Final = 1_000
"""How many news may wait for one reader: a push of some hundred connectors, while a terminal scrolls."""


class Broadcast:
    """Hands each news to all subscribers, at once and without waiting for any of them."""

    def __init__(self, *, limit: int = LIMIT, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._limit = limit
        self._now = now
        self._subscriptions: set[_Subscription] = set()

    @property
    def subscribers(self) -> int:
        """How many listen now."""
        return len(self._subscriptions)

    def publish(self, news: News) -> None:
        """Tell everyone. Who has too much waiting hears one last line, that the rest is missing, and then the end."""
        for subscription in tuple(self._subscriptions):
            if len(subscription.waiting) < self._limit:
                subscription.add(news)
            else:
                subscription.add(self._dropped())
                subscription.end()
                self._subscriptions.discard(subscription)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[News]]:
        """All news from entering on; the subscription ends with the block."""
        subscription = _Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Let everyone read to the end of what is waiting: no more will come."""
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()

    def _dropped(self) -> News:
        message = f"More than {self._limit} lines were waiting to be read, so this stream ends here: ask again"
        return News(at=self._now(), event=NewsKind.STREAM_DROPPED, message=message, tone=Tone.ATTENTION)


class _Subscription:
    """One reader's news. Read by one task only."""

    def __init__(self) -> None:
        self.waiting: deque[News] = deque()
        self._ended = False
        self._arrived = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[News]:
        return self

    async def __anext__(self) -> News:
        while not self.waiting:
            if self._ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self.waiting.popleft()

    def add(self, news: News) -> None:
        self.waiting.append(news)
        self._arrived.set()

    def end(self) -> None:
        self._ended = True
        self._arrived.set()
