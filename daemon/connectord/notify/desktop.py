"""Notices on the desktop: what should be on show is kept here, and whichever notification server runs is brought to it.

Level-triggered, so nothing depends on a server's life: it may go, come back, or be another one, as may the bus. What
was on show at that moment is shown once more by the next server, since its list died with it; what the person had
closed, or what had expired, is not (P11).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from connectord.notify.notice import Action, Notice
from connectord.notify.notifier import Channel, ChannelState, OnAction, no_action

FIRST_RETRY: Final = 0.5
LAST_RETRY: Final = 60.0
"""Seconds until the desktop is looked for again, doubling; a new notice looks at once."""

STEADY: Final = 10.0
"""Seconds that a session must last to be a good one; a server that crashes at notices is tried ever more seldom."""

LEAVE_LIMIT: Final = 1.0
"""Seconds in which a server may take away what is on show, or is about to be, when the daemon ends."""

MOST_OPEN: Final = 64
"""More notices than this are on no screen; the oldest goes, and stays in status and log."""


class DesktopUnreachable(Exception):
    """There is no notification server to talk to, or it stopped answering. `why` is a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotStartedYet(DesktopUnreachable):
    """No server runs, and the bus would start one, which wasn't wanted just for looking."""

    def __init__(self) -> None:
        super().__init__("The notification server doesn't run; the first notice starts it")


class DesktopSession(Protocol):
    """One notification server, for as long as it and its bus live. Everything has a time limit of its own."""

    server: str
    buttons: bool

    async def show(self, notice: Notice, on_answer: Callable[[Action], None], on_closed: Callable[[], None]) -> str:
        """Show it and return its id there. `on_answer` also hears a click on the body. Raises DesktopUnreachable."""

    async def clear(self, identifier: str) -> None:
        """Take it away; one that is gone already is nothing special. Raises DesktopUnreachable."""

    async def on_show(self) -> frozenset[str]:
        """The ids that were shown and neither answered, closed nor expired since. Asks no server."""

    async def close(self) -> None:
        """Let go of the bus. Never raises."""


class Desktop(Protocol):
    """How to get to the notification server of this person's session."""

    async def connect(self, *, start: bool, on_end: Callable[[str], None]) -> DesktopSession:
        """A session with the server that runs, or with `start` also one that the bus starts for it.

        `on_end` hears once, with a sentence, that server or bus are gone. Raises DesktopUnreachable.
        """


@dataclass(frozen=True, slots=True)
class _Shown:
    notice: Notice
    identifier: str


class DesktopNotifier:
    """Shows notices on the desktop, from a task of its own (`run`)."""

    def __init__(
        self, desktop: Desktop, *, on_trouble: Callable[[str], None], first_retry: float = FIRST_RETRY
    ) -> None:
        self._desktop = desktop
        self._on_trouble = on_trouble
        self._first_retry = first_retry
        self._open: dict[str, Notice] = {}
        self._new: set[str] = set()
        self._shown: dict[str, _Shown] = {}
        self._showing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._ended: str | None = None
        self._failures = 0
        self._hurry = False
        self._state = ChannelState(Channel.DESKTOP, works=False, why="The desktop has not been looked for yet")
        self.on_action: OnAction = no_action

    @property
    def state(self) -> ChannelState:
        """Whether a notification server answers, and which."""
        return self._state

    def notify(self, notice: Notice) -> None:
        """Have it on show."""
        self._open.pop(notice.subject, None)
        self._open[notice.subject] = notice
        self._new.add(notice.subject)
        self._hurry = True
        while len(self._open) > MOST_OPEN:
            self._forget(next(iter(self._open)))
        self._wake.set()

    def withdraw(self, subject: str) -> None:
        """Have it no longer on show."""
        self._forget(subject)
        self._wake.set()

    async def run(self) -> None:
        """Keep a session and what it shows up to date until cancelled."""
        while True:
            self._ended, self._hurry = None, False
            try:
                session = await self._desktop.connect(start=bool(self._new), on_end=self._end)
            except DesktopUnreachable as gone:
                self._down(gone.why)
            else:
                await self._use(session)
            await self._pause()

    async def _use(self, session: DesktopSession) -> None:
        self._state = ChannelState(Channel.DESKTOP, works=True, through=session.server, buttons=session.buttons)
        begun = asyncio.get_running_loop().time()
        try:
            while self._ended is None:
                self._wake.clear()
                await self._bring_up_to_date(session)
                if self._ended is None:
                    await self._wake.wait()
            self._down(self._ended)
        except DesktopUnreachable as gone:
            self._down(gone.why)
        except asyncio.CancelledError:
            await self._leave(session)
            raise
        finally:
            if asyncio.get_running_loop().time() - begun >= STEADY:
                self._failures = 0
            await self._lose(session)
            await session.close()

    async def _bring_up_to_date(self, session: DesktopSession) -> None:
        for subject, shown in list(self._shown.items()):
            if self._open.get(subject) != shown.notice:
                await session.clear(shown.identifier)
                self._shown.pop(subject, None)
        for subject, notice in list(self._open.items()):
            if subject not in self._shown and self._open.get(subject) == notice:
                # In a task of its own: an end that comes meanwhile must hear the id, or could not take it away.
                self._showing = asyncio.create_task(self._show(session, subject, notice), name="notification")
                await asyncio.shield(self._showing)

    async def _show(self, session: DesktopSession, subject: str, notice: Notice) -> None:
        def answered(action: Action) -> None:
            self._seen(subject, notice)
            self.on_action(action, subject)

        identifier = await session.show(notice, answered, lambda: self._seen(subject, notice))
        self._shown[subject] = _Shown(notice, identifier)
        self._new.discard(subject)

    def _seen(self, subject: str, notice: Notice) -> None:
        """The person closed it: it is not shown again, whatever becomes of the server."""
        if self._open.get(subject) == notice:
            self._forget(subject)
            self._shown.pop(subject, None)

    def _forget(self, subject: str) -> None:
        self._open.pop(subject, None)
        self._new.discard(subject)

    async def _leave(self, session: DesktopSession) -> None:
        """Take everything away: without us nobody hears its buttons."""
        with contextlib.suppress(DesktopUnreachable, TimeoutError):
            async with asyncio.timeout(LEAVE_LIMIT):
                await self._clear_all(session)
                if self._showing is not None:
                    await self._showing
                    await self._clear_all(session)

    async def _clear_all(self, session: DesktopSession) -> None:
        for subject, shown in list(self._shown.items()):
            await session.clear(shown.identifier)
            self._shown.pop(subject, None)

    async def _lose(self, session: DesktopSession) -> None:
        still_there = await session.on_show()
        for subject, shown in self._shown.items():
            if shown.identifier not in still_there and self._open.get(subject) == shown.notice:
                self._forget(subject)
        self._shown.clear()

    def _end(self, why: str) -> None:
        self._ended = why
        self._wake.set()

    def _down(self, why: str) -> None:
        if self._state.works or self._state.why != why:
            self._on_trouble(why)
        self._state = ChannelState(Channel.DESKTOP, works=False, why=why)

    async def _pause(self) -> None:
        seconds = min(LAST_RETRY, self._first_retry * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._wake.clear()
        if not self._hurry:
            # Not wait_for: up to Python 3.11 it loses a cancellation that comes together with what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
