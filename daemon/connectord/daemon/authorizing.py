"""Going through a project's consents with a person: one link is opened, and the next one when that has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from connectord.authorize import Authorization, AuthorizationState
from connectord.browser import Browser
from connectord.control.tell_consent import tell_link, tell_no_link
from connectord.daemon.consents import Consents
from connectord.daemon.fresh_link import FreshLinks
from connectord.daemon.surroundings import Surroundings
from connectord.errors import ConnectordError
from connectord.project import Project

T = TypeVar("T")


@dataclass(slots=True)
class _Walk:
    """One project's: `current` is with the person, the others come after it. `again`: it is to be opened once more."""

    coming: list[str]
    current: str | None = None
    again: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Authorizing:
    """Opens links for the daemon. `find_browser` is asked each time, since a desktop comes and goes.

    `on_defect` hears of a project whose walk met a defect of ours.
    """

    def __init__(
        self,
        links: FreshLinks,
        consents: Consents,
        surroundings: Surroundings,
        find_browser: Callable[[], Awaitable[Browser]],
        on_defect: Callable[[Path, Exception], None],
    ) -> None:
        self._links = links
        self._consents = consents
        self._in = surroundings
        self._find_browser = find_browser
        self._on_defect = on_defect
        self._walks: dict[Path, _Walk] = {}

    async def authorize(self, root: Path, types: tuple[str, ...] = ()) -> None:
        """Open the links of these connectors, of all that need it where none is named; return when the last has ended.

        One that nobody answers in time ends it: nobody seems to be there, and the links are in `status` (P10). While
        it goes on, another call opens the current link again if it is about that, and adds what is new. Nothing is
        raised: what can't be opened becomes news.
        """
        self.begin(root, types)
        if (walk := self._walks.get(root)) is not None and walk.task is not None:
            await asyncio.shield(walk.task)

    def begin(self, root: Path, types: tuple[str, ...] = ()) -> None:
        """The same without waiting for the end."""
        wanted = list(dict.fromkeys(types or self._links.needed(root)))
        walk = self._walks.get(root)
        if walk is None:
            walk = self._walks[root] = _Walk(coming=wanted)
            walk.task = asyncio.create_task(self._go_through(root, walk), name=f"authorizing {root}")
            return
        walk.coming += [name for name in wanted if name != walk.current and name not in walk.coming]
        if walk.current in wanted:
            walk.again.set()

    def skip(self, root: Path, connector_type: str) -> bool:
        """A person's word that this authorization can wait. False: it has no link that could be skipped."""
        walk = self._walks.get(root)
        if walk is not None and connector_type in walk.coming:
            walk.coming.remove(connector_type)
        return self._consents.skip(self._links.project(root), connector_type)

    def end(self, root: Path | None = None) -> None:
        """Open nothing more, for this project or for all; the links stay open."""
        for place in [place for place in self._walks if root in {None, place}]:
            walk = self._walks.pop(place)
            if walk.task is not None:
                walk.task.cancel()

    async def _go_through(self, root: Path, walk: _Walk) -> None:
        try:
            while walk.coming:
                walk.current = walk.coming.pop(0)
                ended = await self._ask_for(root, walk)
                if ended is not None and ended.state is AuthorizationState.TIMED_OUT:
                    return
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self._on_defect(root, error)
        finally:
            if self._walks.get(root) is walk:
                del self._walks[root]

    async def _ask_for(self, root: Path, walk: _Walk) -> Authorization | None:
        """Open the current one, as often as a person wants, and wait for its end; None where it can't be opened."""
        while (project := await self._open(root, walk.current or "")) is not None:
            walk.again.clear()
            ended = await _unless(walk.again, self._consents.settled(project, walk.current or ""))
            if ended is not None:
                return ended
        return None

    async def _open(self, root: Path, connector_type: str) -> Project | None:
        """Open a link in the browser, or say why not. Whose it is; None where there is none to wait for."""
        at = self._in.at()
        try:
            link = await self._links.get(root, connector_type)
            project = self._links.project(root)
        except ConnectordError as error:
            self._in.publish(tell_no_link(root, connector_type, error, at))
            return None
        if link is None:
            self._in.publish(tell_no_link(root, connector_type, None, at))
            return None
        browser = await self._find_browser()
        objection = await browser.open(link.url)
        self._in.publish(tell_link(project, link, objection, self._in.at()))
        return project


async def _unless(event: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The work's result, or None as soon as the event is set."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for one in (working, waiting):
            one.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
