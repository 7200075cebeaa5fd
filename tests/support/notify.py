"""Notices to try things with, a desktop under a test's control, and a notifier that keeps what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from connectord.notify import Action, ChannelState, Link, Notice, NoticeKind, OnAction, authorization_notice, subject_of
from connectord.notify.desktop import DesktopUnreachable
from connectord.notify.notifier import Channel, no_action

SHOP = Path("/home/ann/shop")


def a_notice(title: str = "slack needs your authorization (shop)", **fields: Any) -> Notice:
    """A notice of the project shop; its subject follows from `item`, which is the title unless it is given."""
    kind = fields.pop("kind", NoticeKind.INVALID_FILE)
    item = fields.pop("item", title)
    values: dict[str, Any] = {"project": "shop", "place": str(SHOP), "subject": subject_of(kind, SHOP, item), **fields}
    return Notice(kind=kind, title=title, **values)


def links(*types: str) -> tuple[Link, ...]:
    return tuple(Link(one, f"https://app.base44.com/api/external-auth/connect/{one}") for one in types)


def consent_notice(*types: str, project: Path = SHOP) -> Notice:
    """These connectors of a project wait for a consent."""
    return authorization_notice(project, types, links(*types))


class _Runs(Protocol):
    async def run(self) -> None: ...


@asynccontextmanager
async def running(notifier: _Runs) -> AsyncIterator[None]:
    """The notifier's task, ended at the end of the block; a failure of it is one of the test."""
    task = asyncio.create_task(notifier.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def until(fits: Callable[[], object]) -> None:
    """Let everything else run until it `fits`."""
    async with asyncio.timeout(20):
        while not fits():  # noqa: ASYNC110  (no time passes; whatever changes it has no event to wait for)
            await asyncio.sleep(0)


async def all_quiet() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class FakeSession:
    """A notification server: `shown` is what is to be seen there, which it says once it is `answering`.

    Of those that are `hanging`, by their titles, it never says that they are shown.
    """

    on_end: Callable[[str], None]
    shown: dict[str, tuple[Notice, Callable[[Action], None], Callable[[], None]]] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    failing: bool = False
    crashing: bool = False
    closed: bool = False
    answering: asyncio.Event = field(default_factory=_set)
    hanging: set[str] = field(default_factory=set)
    server: str = "fake 1.0"
    buttons: bool = True

    async def show(self, notice: Notice, on_answer: Callable[[Action], None], on_closed: Callable[[], None]) -> str:
        if self.failing:
            raise DesktopUnreachable("It fails")
        identifier = f"{len(self.cleared) + len(self.shown)} {notice.title}"
        self.shown[identifier] = (notice, on_answer, on_closed)
        if self.crashing:
            self.on_end("It crashed")
        await self.answering.wait()
        if notice.title in self.hanging:
            await asyncio.Event().wait()
        return identifier

    async def clear(self, identifier: str) -> None:
        await self.answering.wait()
        self.cleared.append(identifier)
        self.shown.pop(identifier, None)

    async def on_show(self) -> frozenset[str]:
        return frozenset(self.shown)

    async def close(self) -> None:
        self.closed = True

    @property
    def titles(self) -> list[str]:
        return [notice.title for notice, _, _ in self.shown.values()]

    def press(self, title: str, action: Action) -> None:
        """As the real one does: what was answered is no longer on show."""
        for identifier, (notice, on_answer, _) in list(self.shown.items()):
            if notice.title == title:
                del self.shown[identifier]
                on_answer(action)

    def close_by_hand(self, title: str) -> None:
        for identifier, (notice, _, on_closed) in list(self.shown.items()):
            if notice.title == title:
                del self.shown[identifier]
                on_closed()

    def expire(self) -> None:
        """Everything goes by itself, which nobody is told."""
        self.shown.clear()


@dataclass
class FakeDesktop:
    """Sessions as they are asked for; `away` is why there is none."""

    away: str = ""
    failing: bool = False
    crashing: bool = False
    asked: list[bool] = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)

    async def connect(self, *, start: bool, on_end: Callable[[str], None]) -> FakeSession:
        self.asked.append(start)
        if self.away:
            raise DesktopUnreachable(self.away)
        self.sessions.append(FakeSession(on_end, failing=self.failing, crashing=self.crashing))
        return self.sessions[-1]

    @property
    def now(self) -> FakeSession:
        return self.sessions[-1]


class KeepingNotifier:
    """Keeps what it is given."""

    def __init__(self, state: ChannelState | None = None) -> None:
        self.state = state or ChannelState(Channel.DESKTOP, works=True)
        self.notices: list[Notice] = []
        self.withdrawn: list[str] = []
        self.on_action: OnAction = no_action

    @property
    def titles(self) -> list[str]:
        return [notice.title for notice in self.notices]

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)

    def withdraw(self, subject: str) -> None:
        self.withdrawn.append(subject)

    async def run(self) -> None:
        await asyncio.Event().wait()
