"""One supervised watcher for all projects. It only ever says: look again at this project."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from connectord.watch.events import FIRST_RETRY, Events
from connectord.watch.forced import forced_polling
from connectord.watch.layout import Layout, Seen
from connectord.watch.mounts import mounts_watched
from connectord.watch.poll import Poller
from connectord.watch.state import WatchKind, WatchState
from connectord.watch.subscription import Source, file_events
from connectord.watch.surveying import Answer, Surveyor
from connectord.watch.target import Found, Target, same_directories

FLOOD_SECONDS: Final = 2.0
"""How long after the first flood everybody is hinted at, once for all the floods until then."""

BREATH_SECONDS: Final = 0.1
"""After a look for places that found all of them as they were: while files are written without a pause, each batch of
changes would ask for the next one. What has come until then is looked for after it."""

WATCHING_PATIENCE: Final = 5.0
"""Seconds; a thousand projects are watched within two, and each disk that hangs takes half of one."""

MOST_NAMED: Final = 3


def _raise(_: Path, error: Exception) -> None:
    raise error


class Watcher:
    """Watches all targets and calls `on_hint` with the root of a project that may have changed.

    Each is hinted at when it is watched, not before, so that looking then and at each hint misses nothing (P1); and
    again when its places have changed or events may have been missed. `on_state` hears how changes come to be known,
    each time that this is another way; `on_defect` of a target that can't say its places, which stays watched where it
    was. `polling` is why everything shall be polled, if it shall; `first_retry` are the seconds until events are tried
    again after they failed, the first time.
    """

    def __init__(
        self,
        *,
        on_hint: Callable[[Path], None],
        on_state: Callable[[WatchState], None] = lambda _: None,
        on_defect: Callable[[Path, Exception], None] = _raise,
        source: Source = file_events,
        polling: str | None = None,
        first_retry: float = FIRST_RETRY,
        poller: Callable[[Callable[[Seen], None]], Poller] = lambda on_seen: Poller(on_seen=on_seen),
    ) -> None:
        self._on_hint = on_hint
        self._on_state = on_state
        self._on_defect = on_defect
        self._forced = polling or forced_polling(os.environ)
        self._targets: dict[Path, Target] = {}
        self._found: dict[Path, tuple[Found, ...]] = {}
        self._dirty: set[Path] = set()
        self._moved: set[str] = set()
        self._fewer = False
        self._forgive = False
        self._wake = asyncio.Event()
        self._asked = self._answered = 0
        self._answer = asyncio.Event()
        self._layout = Layout()
        self._events = Events(source=source, on_seen=self._seen, on_change=self._wake.set, first_retry=first_retry)
        self._poller = poller(self._seen)
        self._surveyor = Surveyor(self._answered_late)
        self._late: dict[Path, Answer] = {}
        self._flood: asyncio.TimerHandle | None = None
        self.state = WatchState(WatchKind.DOWN, "It isn't running")

    def add(self, target: Target) -> None:
        """Watch one more project from now on, or this one with other places."""
        self._targets[target.root] = target
        self.refresh(target.root)

    def remove(self, root: Path) -> None:
        """Watch it no longer."""
        self._targets.pop(root, None)
        self._found.pop(root, None)
        self._fewer = True
        self._wake.set()

    def refresh(self, root: Path | None = None) -> None:
        """Look at the places of one project again, or of all: a folder above that moves is no event."""
        self._asked += 1
        self._forgive = self._forgive or root is None
        self._look_again(self._targets if root is None else [root])

    def renew(self, devices: Collection[int] | None = None) -> None:
        """Watch everything anew, or what lies on these devices: a watch may have died in silence (mounts.py)."""
        for name, (device, _) in self._layout.directories.items():
            if devices is None or device in devices:
                self._moved.add(name)
        self.refresh()

    async def watching(self) -> None:
        """Return once all that was added, or is to be watched anew, is watched and hinted at; or a disk hangs."""
        asked = self._asked
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCHING_PATIENCE):
                while self._answered < asked:
                    await self._answer.wait()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            with mounts_watched(lambda devices: self.renew(devices or None)):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._poller.run(), name="watch by polling")
                    group.create_task(self._supervise(), name="watch")
        finally:
            if self._flood:
                self._flood.cancel()
            await self._events.close()

    async def _supervise(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            asked = self._asked
            adjusted = await self._adjust()
            self._answered, answer, self._answer = asked, self._answer, asyncio.Event()
            answer.set()
            if not adjusted:
                await asyncio.sleep(BREATH_SECONDS)

    async def _adjust(self) -> bool:
        """Bring what is watched up to date, and hint at everyone whose news may have been missed by then.

        Whether there was anything to be done.
        """
        moved, self._moved = self._moved, set()
        changed = await self._look_for_places(self._layout.roots_of(*moved))
        if self._forgive:
            self._forgive = False
            await self._events.forgive()
        if self._forced is None:
            await self._events.follow(self._layout, anew=moved)
        await self._poller.follow(self._layout, self._polled())
        self._tell_state()
        gap = self._events.take_gap()
        # What came or went in a gap is known to nobody yet.
        if missed := self._targets.keys() if gap else self._layout.roots_of(*self._events.gone):
            self._look_again(missed)
        self._hint(self._targets if gap else changed)
        return bool(changed or moved or gap)

    async def _look_for_places(self, moved: set[Path]) -> set[Path]:
        """The roots of which something is not where it was; the layout is up to date then."""
        targets = [self._targets[root] for root in self._dirty if root in self._targets]
        self._dirty = set()
        answers = await self._surveyor.survey(targets)
        late, self._late = self._late, {}
        found = self._without_defects({**late, **answers})
        changed = {root for root in found if root in moved or found[root] != self._found.get(root)}
        changed &= self._targets.keys()
        for root in changed:
            if root in moved or not same_directories(found[root], self._found.get(root, ())):
                # It may have changed once more until it was watched: this gets a second look.
                self._look_again([root])
            self._found[root] = found[root]
        if changed or self._fewer:
            self._fewer = False
            self._layout = await asyncio.to_thread(Layout, dict(self._found))
        return changed

    def _look_again(self, roots: Iterable[Path]) -> None:
        self._dirty.update(roots)
        self._wake.set()

    def _answered_late(self, root: Path, answer: Answer) -> None:
        self._late[root] = answer
        self._wake.set()

    def _without_defects(self, answers: Mapping[Path, Answer]) -> Mapping[Path, tuple[Found, ...]]:
        for root, answer in answers.items():
            if isinstance(answer, Exception):
                self._on_defect(root, answer)
        return {root: answer for root, answer in answers.items() if not isinstance(answer, Exception)}

    def _seen(self, seen: Seen) -> None:
        roots = seen.roots & self._targets.keys()
        self._hint(roots)
        self._dirty |= roots
        self._moved |= seen.moved
        if roots:
            self._wake.set()
        if seen.flood and self._flood is None:
            self._flood = asyncio.get_running_loop().call_later(FLOOD_SECONDS, self._after_flood)

    def _after_flood(self) -> None:
        self._flood = None
        self.refresh()
        self._hint(self._targets)

    def _hint(self, roots: Iterable[Path]) -> None:
        for root in [root for root in roots if root in self._targets]:
            self._on_hint(root)

    def _polled(self) -> frozenset[str]:
        if self._forced or self._events.down:
            return frozenset(self._layout.directories)
        return self._layout.remote | (self._events.aside & self._layout.directories.keys())

    def _tell_state(self) -> None:
        before, self.state = self.state, self._state()
        if self.state != before:
            self._on_state(self.state)

    def _state(self) -> WatchState:
        if why := self._forced or self._events.down:
            return WatchState(WatchKind.POLLING, why)
        polled = tuple(sorted(self._polled()))
        return WatchState(WatchKind.EVENTS, _why_polled(polled) if polled else "", polled)


def _why_polled(polled: tuple[str, ...]) -> str:
    # Such names are the ones that can't be printed as they are.
    names = ", ".join(os.fsencode(name).decode("utf-8", "backslashreplace") for name in polled[:MOST_NAMED])
    more = f" and {len(polled) - MOST_NAMED} more" if len(polled) > MOST_NAMED else ""
    return f"Some directories are polled (another system's disk, or a name that isn't UTF-8): {names}{more}"
