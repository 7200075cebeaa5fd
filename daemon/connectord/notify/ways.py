"""Which ways to the person there are on this machine, for what the settings ask."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from connectord.notify.bus_address import session_bus_addresses
from connectord.notify.combined import CombinedNotifier
from connectord.notify.desktop import Desktop, DesktopNotifier, DesktopSession, DesktopUnreachable
from connectord.notify.notifier import Channel, ChannelState, RunningNotifier
from connectord.notify.policy import Rules
from connectord.notify.programs import command_notifier, osascript_notifier

NO_BUS: Final = "There is no session bus here (no desktop, or a service or an SSH session without one)"
NO_DESKTOP: Final = "Desktop notices work on Linux and macOS; here the log and connectord status have them"
NO_COMMAND: Final = "notify_command is not set"


class NotifyThrough(StrEnum):
    """The setting `notify`."""

    AUTO = "auto"  # the desktop where there is one, and notify_command where it is set
    DESKTOP = "desktop"
    COMMAND = "command"
    LOG = "log"
    NONE = "none"


def build_notifier(
    through: NotifyThrough,
    *,
    command: Sequence[str] | None = None,
    rules: Rules | None = None,
    clean: Callable[[str], str],
    on_trouble: Callable[[str], None],
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CombinedNotifier:
    """The daemon's notifier with the channels of this machine. `command` is a program and its arguments.

    `on_trouble` hears a sentence each time that a channel stops working for another reason than before.
    """
    channels: list[RunningNotifier] = []
    missing = ""
    if through in {NotifyThrough.AUTO, NotifyThrough.DESKTOP}:
        desktop = desktop_notifier(platform, environ, on_trouble)
        missing = "" if desktop else NO_DESKTOP
        channels += [desktop] if desktop else []
    if through in {NotifyThrough.AUTO, NotifyThrough.COMMAND} and command:
        channels.append(command_notifier(command, on_trouble=on_trouble))
    elif through is NotifyThrough.COMMAND:
        missing = NO_COMMAND
    silent = through is NotifyThrough.NONE
    instead = ChannelState(Channel.NONE if silent else Channel.LOG, works=not silent, why=missing)
    return CombinedNotifier(tuple(channels), instead=instead, rules=rules or Rules(), clean=clean, now=now)


def desktop_notifier(
    platform: str, environ: Mapping[str, str], on_trouble: Callable[[str], None]
) -> RunningNotifier | None:
    """The desktop's way of this platform; None on Windows and WSL.

    On macOS it is always osascript: desktop-notifier needs an app bundle and a CFRunLoop in the main thread there, and
    a daemon on asyncio has neither.
    """
    if platform == "darwin":
        return osascript_notifier(on_trouble=on_trouble)
    if platform != "linux" or environ.get("WSL_DISTRO_NAME"):
        return None
    return DesktopNotifier(LazyDesktop(lambda: session_bus_addresses(environ)), on_trouble=on_trouble)


class LazyDesktop:
    """The session bus; its libraries are loaded in a thread, and only once there is an address to try."""

    def __init__(self, addresses: Callable[[], tuple[str, ...]]) -> None:
        self._addresses = addresses
        self._desktop: Desktop | None = None

    async def connect(self, *, start: bool, on_end: Callable[[str], None]) -> DesktopSession:
        """A session with the server (see Desktop). Raises DesktopUnreachable."""
        if not self._addresses():
            raise DesktopUnreachable(NO_BUS)
        if self._desktop is None:
            try:
                module = await asyncio.to_thread(importlib.import_module, "connectord.notify.session_bus")
            except ImportError as error:
                raise DesktopUnreachable(f"desktop-notifier can't be loaded: {error}") from error
            self._desktop = module.SessionBusDesktop(self._addresses)
        return await self._desktop.connect(start=start, on_end=on_end)
