"""Calls on the session bus that desktop-notifier doesn't make: looking before it connects, and asking who serves."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from dbus_fast import Message, MessageFlag, MessageType
from dbus_fast.aio import MessageBus

from connectord.notify.desktop import DesktopUnreachable, NotStartedYet

SERVER: Final = "org.freedesktop.Notifications"
BUS: Final = "org.freedesktop.DBus"
OWNER_CHANGES: Final = f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{SERVER}'"


async def look(address: str, *, start: bool) -> None:
    """Raises DesktopUnreachable where no server runs, unless the bus could start one and is wanted to.

    A server that a person has stopped is not started again just for looking: the next one might be another.
    """
    bus = MessageBus(bus_address=address)
    try:
        await bus.connect()
        [running] = (await ask(bus, BUS, "NameHasOwner", SERVER)).body
        if running:
            return
        [startable] = (await ask(bus, BUS, "ListActivatableNames")).body
        if SERVER not in startable:
            raise DesktopUnreachable("No notification server runs on the session bus")
        if not start:
            raise NotStartedYet
    finally:
        await _leave(bus)


async def _leave(bus: MessageBus) -> None:
    if bus.connected:
        bus.disconnect()
        with contextlib.suppress(OSError, EOFError):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def ask(bus: MessageBus, name: str, member: str, *values: str | int) -> Message:
    """Call a method and return its reply. Raises DesktopUnreachable."""
    reply = await bus.call(_call(name, member, *values))
    if reply.message_type is MessageType.ERROR:
        raise DesktopUnreachable(f"{name} doesn't answer {member}: {' '.join(map(str, reply.body))}")
    return reply


def tell(bus: MessageBus, name: str, member: str, *values: str | int) -> None:
    """Call a method and wait for nothing."""
    message = _call(name, member, *values)
    message.flags = MessageFlag.NO_REPLY_EXPECTED
    bus.send(message).add_done_callback(_heed)


def _call(name: str, member: str, *values: str | int) -> Message:
    """A call to the interface that is called as its owner is, at the path that is: so bus and server have it."""
    return Message(
        destination=name,
        path="/" + name.replace(".", "/"),
        interface=name,
        member=member,
        signature="".join("s" if isinstance(value, str) else "u" for value in values),
        body=list(values),
    )


def _heed(sent: asyncio.Future[None]) -> None:
    """A connection that died meanwhile is told of by who waits for its end."""
    if not sent.cancelled():
        sent.exception()


def sentence(error: BaseException) -> str:
    """What an error says, or its name where it says nothing, as EOFError."""
    return str(error) or type(error).__name__
