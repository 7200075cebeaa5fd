"""The system's file events, kept up: subscribed anew when the set of directories changes, without a gap where possible.

Facts about watchfiles 1.3 and notify 8 that shape it: directories can't be added while it runs; one that is deleted,
moved or replaced goes silent for good; an error stays with the run that it happened in, which is of no more use; and
subscribing holds Python's lock, 50 µs for each directory, so that many are shared out among several runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Final

from connectord.watch.layout import Layout, Seen
from connectord.watch.subscription import Source, Subscription
from connectord.watch.target import Identity
from connectord.watch.trouble import TROUBLE, culprits, has_bad_name, is_bad_name, is_limit, reason

LINGER_SECONDS: Final = 1.0
"""How long the old subscription goes on beside the new one: what came in before is handed over well within this."""

MOST_LINGERING: Final = 4
LARGEST: Final = 500
"""Directories in one subscription: 25 ms in which nothing else runs; each takes two inotify instances, one to ring."""

FIRST_RETRY: Final = 1.0
LAST_RETRY: Final = 300.0
STEADY_SECONDS: Final = 60.0
BRIEF_SECONDS: Final = 1.0
"""What is subscribed to again as soon as it broke must have gone on for so long, or else it would be a tight loop."""

Watched = frozenset[tuple[str, Identity]]


class Events:
    """Keeps a subscription to what `follow` was last given; `on_seen` hears what it sees.

    Where that is impossible, `down` says why and somebody else must look at everything; where it is impossible for
    some directories only, these are `aside`; `gone` are those for which others stood, or nothing, when it came to
    subscribing, so that their places must be looked for again. `on_change` asks to `follow` again: the subscription
    broke, or it is time for another try after a break (seconds at first, minutes later). `take_gap` tells whether
    events were missed.
    """

    def __init__(
        self,
        *,
        source: Source,
        on_seen: Callable[[Seen], None],
        on_change: Callable[[], None],
        first_retry: float = FIRST_RETRY,
    ) -> None:
        self._source = source
        self._on_seen = on_seen
        self._on_change = on_change
        self._current: list[Subscription] = []
        self._lingering: dict[Subscription, asyncio.TimerHandle] = {}
        self._broken: Exception | None = None
        self._gap = False
        self._first_retry = self._retry_in = first_retry
        self._retry: asyncio.TimerHandle | None = None
        self._try_due = False
        self._opened_at = 0.0
        self.down: str | None = None
        self.aside: frozenset[str] = frozenset()
        self.gone: frozenset[str] = frozenset()

    def take_gap(self) -> bool:
        """Whether events may have been missed since this was last asked."""
        gap, self._gap = self._gap, False
        return gap

    async def follow(self, layout: Layout, *, anew: Collection[str] = ()) -> None:
        """See what happens in these directories from now on; those in `anew` came or went."""
        self.gone = frozenset()
        if self._try_due:
            self._try_due, self.down = False, None
        if self._broken is not None:
            error, self._broken = self._broken, None
            await self._judge(error, layout)
        while self.down is None:
            try:
                await self._replace(layout, anew)
            except TROUBLE as error:
                await self._judge(error, layout)
            else:
                return

    async def forgive(self) -> None:
        """Give directories that were put aside another chance, but for those that have bad names still."""
        names = self.aside
        if names:
            self.aside = await asyncio.to_thread(lambda: frozenset(filter(has_bad_name, names)))

    async def close(self) -> None:
        """End all of it."""
        if self._retry:
            self._retry.cancel()
        for handle in self._lingering.values():
            handle.cancel()
        await self._close_subscriptions()

    async def _replace(self, layout: Layout, anew: Collection[str]) -> None:
        left_out = self.aside | self.gone
        wanted = frozenset(item for item in layout.directories.items() if item[0] not in left_out)
        stale, missing = self._difference(wanted, anew)
        try:
            await self._open(layout, missing)
        except TROUBLE as error:
            if not is_limit(error) or not (self._current or self._lingering):
                raise
            # Old and new together are too many; the new may fit alone. What happens in between is to be looked for.
            self._gap = True
            await self._close_subscriptions()
            await self._open(layout, wanted)
        for subscription in self._current:
            subscription.layout = layout
        for old in stale:
            await self._let_linger(old)

    def _difference(self, wanted: Watched, anew: Collection[str]) -> tuple[list[Subscription], Watched]:
        """The subscriptions that have to go, and what is to be subscribed to then: small ones grow, few are touched."""
        stale = [
            one for one in self._current if not one.watched <= wanted or any(name in anew for name, _ in one.watched)
        ]
        kept = sorted((one for one in self._current if one not in stale), key=lambda one: len(one.watched))
        missing = wanted.difference(*(one.watched for one in kept))
        for small in kept if missing else ():
            if len(small.watched) + len(missing) > LARGEST:
                break
            stale.append(small)
            missing |= small.watched
        return stale, missing

    async def _open(self, layout: Layout, watched: Watched) -> None:
        for some in _portions(watched):
            new = Subscription(layout, some, source=self._source, on_seen=self._on_seen, on_end=self._ended)
            await new.open()
            self._current.append(new)
            self._opened_at = _now()

    async def _let_linger(self, old: Subscription) -> None:
        if old not in self._current:
            return
        self._current.remove(old)
        while len(self._lingering) >= MOST_LINGERING:
            first = next(iter(self._lingering))
            await asyncio.sleep(max(0.0, self._lingering[first].when() - _now()))
            self._lingering.pop(first, None)
        end = partial(self._end, old)
        self._lingering[old] = asyncio.get_running_loop().call_later(LINGER_SECONDS, end)

    def _end(self, old: Subscription) -> None:
        self._lingering.pop(old, None)
        old.stop()

    async def _close_subscriptions(self) -> None:
        subscriptions = [*self._current, *self._lingering]
        self._current.clear()
        self._lingering.clear()
        await asyncio.gather(*(one.close() for one in subscriptions))

    def _ended(self, subscription: Subscription, error: Exception | None) -> None:
        if subscription in self._current:
            self._current.remove(subscription)
            self._gap = True
            self._broken = error or RuntimeError("the watching ended by itself")
            self._on_change()

    async def _judge(self, error: Exception, layout: Layout) -> None:
        guilty = await asyncio.to_thread(culprits, error, layout.directories.keys() - self.aside - self.gone)
        if guilty:
            changed = await asyncio.to_thread(layout.changed, guilty)
            self.gone |= changed
            self.aside |= guilty - changed
            return
        if is_bad_name(error) and _now() - self._opened_at > BRIEF_SECONDS:
            return  # the one with that name is gone already
        self._gap = self._gap or bool(self._current)
        await self._close_subscriptions()
        self.down = reason(error)
        if self._opened_at and _now() - self._opened_at > STEADY_SECONDS:
            self._retry_in = self._first_retry
        self._retry = asyncio.get_running_loop().call_later(self._retry_in, self._try_again)
        self._retry_in = min(self._retry_in * 2, LAST_RETRY)

    def _try_again(self) -> None:
        self._try_due = True
        self._on_change()


def _portions(watched: Watched) -> Iterator[Watched]:
    items = sorted(watched)
    for first in range(0, len(items), LARGEST):
        yield frozenset(items[first : first + LARGEST])


def _now() -> float:
    return asyncio.get_running_loop().time()
