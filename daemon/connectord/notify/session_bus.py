"""The notification server on the session bus, through desktop-notifier.

Facts about desktop-notifier 6.2 and dbus-fast 5.2 that shape this, all seen on a real bus with dunst:
- `send` never raises: without a bus, without a server, on a dead bus it logs a warning and returns an id. Only
  `on_dispatched` tells success.
- Its connection is made once and never renewed: after the bus died every call ends in "Bad file descriptor", also when
  a bus is back at the same address. And a failed first call leaves an open connection behind. So: one backend for each
  session, closed at its end, and none before a short look at the bus.
- A server that comes back on a living bus is found again, but what it showed is gone, and so are the ids.
- `clear` of an id that was answered, closed or has expired raises KeyError.
- An answer makes the library forget the notification, and not every server close it (dunst's menu doesn't).
- A call may wait forever (a stopped server): there is no time limit anywhere.
- It takes the bus's address from the environment of this process and from nowhere else.
- Importing it and making the first backend takes 70 ms and 7 MiB: `ways.py` does so in a thread, and only where
  there is a bus at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from desktop_notifier import Button, Notification
from desktop_notifier import Urgency as DesktopUrgency
from desktop_notifier.backends.dbus import DBusDesktopNotifier

from connectord.notify.bus_address import ADDRESS
from connectord.notify.bus_calls import BUS, OWNER_CHANGES, SERVER, ask, look, sentence, tell
from connectord.notify.desktop import DesktopUnreachable
from connectord.notify.notice import Action, Notice, Urgency

APP_NAME: Final = "connectord"

ANSWER_LIMIT: Final = 10.0
"""Seconds that a bus or server may take for one answer; the server that the bus starts first has them too."""

STAY: Final = 0
SERVERS_CHOICE: Final = -1
"""How long a server shows something, as the specification counts it: until closed, or as long as it likes."""

_URGENCIES: Final = {
    Urgency.INFORMATION: DesktopUrgency.Low,
    Urgency.ATTENTION: DesktopUrgency.Normal,
    Urgency.CRITICAL: DesktopUrgency.Critical,
}


class SessionBusDesktop:
    """The desktop behind the first of some bus addresses that answers."""

    def __init__(
        self,
        addresses: Callable[[], tuple[str, ...]],
        *,
        environ: MutableMapping[str, str] = os.environ,
        answer_limit: float = ANSWER_LIMIT,
    ) -> None:
        self._addresses = addresses
        self._environ = environ
        self._limit = answer_limit

    async def connect(self, *, start: bool, on_end: Callable[[str], None]) -> SessionBusSession:
        """A session with the server (see Desktop). Raises DesktopUnreachable."""
        why = "There is no session bus here"
        for address in self._addresses():
            try:
                async with asyncio.timeout(self._limit):
                    await look(address, start=start)
                break
            except DesktopUnreachable:
                raise
            except Exception as error:  # noqa: BLE001  (a bus can fail in any of a dozen classes; each is told)
                why = f"The session bus at {address} doesn't answer: {sentence(error)}"
        else:
            raise DesktopUnreachable(why)
        # The library asks for the address nowhere else; whom we start (a browser) wants the living bus as well.
        self._environ[ADDRESS] = address
        session = SessionBusSession(on_end, self._limit)
        try:
            await session.open()
        except BaseException:
            await session.close()
            raise
        return session


class SessionBusSession:
    """One server on one connection."""

    def __init__(self, on_end: Callable[[str], None], answer_limit: float) -> None:
        self._on_end = on_end
        self._limit = answer_limit
        self._backend = DBusDesktopNotifier(APP_NAME)
        self._markup = False
        self._numbers: dict[str, int] = {}
        self._watch: asyncio.Task[None] | None = None
        self.server = ""
        self.buttons = False

    async def open(self) -> None:
        """Connect and ask what the server can do. Raises DesktopUnreachable."""
        async with self._answering():
            await self._backend.get_capabilities()
            bus = self._backend.bus
            self._watch = asyncio.create_task(self._until_disconnected(bus), name="session bus")
            bus.add_message_handler(self._heard)
            await ask(bus, BUS, "AddMatch", OWNER_CHANGES)
            name, _, version, _ = (await ask(bus, SERVER, "GetServerInformation")).body
            [can] = (await ask(bus, SERVER, "GetCapabilities")).body
        self.server = f"{name} {version}".strip()
        self.buttons = "actions" in can
        self._markup = "body-markup" in can

    async def show(self, notice: Notice, on_answer: Callable[[Action], None], on_closed: Callable[[], None]) -> str:
        """Show it (see DesktopSession)."""
        accepted: list[bool] = []
        identifier = str(uuid.uuid4())

        def answered(action: Action | None) -> None:
            self._take_away(identifier)
            if action is None:
                on_closed()
            else:
                on_answer(action)

        notification = Notification(
            title=notice.title,
            message=html.escape(notice.body, quote=False) if self._markup else notice.body,
            urgency=_URGENCIES[notice.urgency],
            buttons=tuple(_button(action, answered) for action in notice.buttons) if self.buttons else (),
            on_clicked=lambda: answered(next(iter(notice.buttons), None)),
            on_dismissed=on_closed,
            on_dispatched=lambda: accepted.append(True),
            timeout=SERVERS_CHOICE if notice.urgency is Urgency.INFORMATION else STAY,
            identifier=identifier,
        )
        with _told_of_failures() as failures:
            async with self._answering():
                await self._backend.send(notification)
        if not accepted:
            why = sentence(failures[0]) if failures else "it gave no reason"
            raise DesktopUnreachable(f"The notification server took no notice: {why}")
        # Kept here, since the library has forgotten it when an answer is told.
        known = self._backend._platform_to_interface_notification_identifier.inverse  # noqa: SLF001  (see above)
        self._numbers |= {identifier: known[identifier]} if identifier in known else {}
        return identifier

    async def clear(self, identifier: str) -> None:
        """Take it away (see DesktopSession)."""
        self._numbers.pop(identifier, None)
        async with self._answering():
            with contextlib.suppress(KeyError):  # answered, closed or expired
                await self._backend.clear(identifier)

    async def on_show(self) -> frozenset[str]:
        """What is still to be seen (see DesktopSession)."""
        # Asks no server: the library forgets what a server said was closed or has expired.
        return frozenset(await self._backend.get_current_notifications())

    async def close(self) -> None:
        """Let go of the bus."""
        bus: MessageBus | None = getattr(self._backend, "bus", None)
        if bus is not None and bus.connected:
            bus.disconnect()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])

    def _take_away(self, identifier: str) -> None:
        """Have the server close what was answered; it may have done so. Nobody waits for it."""
        number = self._numbers.pop(identifier, None)
        if number is not None:
            tell(self._backend.bus, SERVER, "CloseNotification", number)

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limit):
                yield
        except DesktopUnreachable:
            raise
        except TimeoutError as error:
            raise DesktopUnreachable(f"The notification server has not answered for {self._limit:.0f} s") from error
        except Exception as error:
            # The classes that a dying bus or a strange server raise are anybody's guess (KeyError is among them).
            raise DesktopUnreachable(f"The notification server failed: {sentence(error)}") from error

    async def _until_disconnected(self, bus: MessageBus) -> None:
        try:
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        except (OSError, EOFError) as error:
            self._on_end(f"The session bus is gone: {sentence(error)}")
        else:
            self._on_end("The session bus closed the connection")

    def _heard(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.sender == BUS and message.body[0] == SERVER:
            self._on_end("The notification server is gone" if not message.body[2] else "Another one took its place")


def _button(action: Action, answered: Callable[[Action | None], None]) -> Button:
    return Button(action.label, on_pressed=lambda: answered(action), identifier=action.value)


@contextmanager
def _told_of_failures() -> Iterator[list[BaseException]]:
    """What the library would only log, with a traceback on standard error."""
    failures: list[BaseException] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            failures.append(record.exc_info[1])
        return False

    logger = logging.getLogger("desktop_notifier.backends.base")
    logger.addFilter(keep)
    try:
        yield failures
    finally:
        logger.removeFilter(keep)
