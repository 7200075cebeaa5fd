"""A real desktop of one's own: a screen (Xvfb), a session bus (dbus-daemon) and a notification server (dunst).

`async with a_real_desktop() as desktop: ...`. All are started and ended by pid, and each can go and come back.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

SERVER: Final = "org.freedesktop.Notifications"
WITHIN: Final = 20.0

_BUS_CONFIG: Final = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

_SERVER_CONFIG: Final = """\
[global]
    dmenu = {menu}
    font = Sans 11
    width = (300, 460)
    history_length = 50
    markup = full
    format = "<b>%s</b>\\n%b"
[urgency_low]
    timeout = 1
"""

_MENU: Final = """\
#!/bin/sh
# Chooses the button whose label stands in the file, out of the lines that dunst offers.
grep -F "#$(cat {choice}) ("
"""

_PRINTED: Final = re.compile(
    r"summary: '(?P<title>.*?)'\n\tbody: '(?P<body>.*?)'\n\ticon: .*\ttimeout: (?P<timeout>\d+)\n"
    r"\turgency: (?P<urgency>\w+)\n.*\tactions: \{(?P<actions>.*?)\}",
    re.DOTALL,
)


@dataclass(frozen=True)
class Printed:
    """A notification as dunst understood it. `actions` are keys and labels; `timeout` 0 means that it stays."""

    title: str
    body: str
    urgency: str
    timeout: int
    actions: dict[str, str]


@dataclass
class RealDesktop:
    """Where it all is, and what dunst has shown."""

    folder: Path
    environ: dict[str, str]
    bus: Process | None = None
    server: Process | None = None
    _reader: asyncio.Task[None] | None = None
    _shown: asyncio.Queue[Printed] = field(default_factory=asyncio.Queue)

    @property
    def address(self) -> str:
        return f"unix:path={self.folder}/bus"

    async def start_bus(self) -> None:
        command = ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--print-address"]
        self.bus = await asyncio.create_subprocess_exec(*command, env=self.environ, stdout=PIPE, stderr=DEVNULL)
        assert self.bus.stdout is not None
        assert await asyncio.wait_for(self.bus.stdout.readline(), WITHIN)

    async def stop_bus(self) -> None:
        """As if it crashed. The server, which lives on it, ends by itself."""
        await _end(self.bus)
        if self.server is not None:
            await asyncio.wait_for(self.server.wait(), WITHIN)

    async def start_server(self) -> None:
        self.server = await asyncio.create_subprocess_exec(
            *self._server_command(), env=self.environ, stdout=PIPE, stderr=DEVNULL, limit=1 << 20
        )
        self._reader = asyncio.create_task(self._read(self.server))
        async with asyncio.timeout(WITHIN):
            while not await self.call("NameHasOwner", SERVER, name="org.freedesktop.DBus"):
                assert self.server.returncode is None, "dunst ended"

    async def stop_server(self) -> None:
        """As if it crashed."""
        await _end(self.server)

    def let_the_bus_start_a_server(self) -> None:
        """Only for buses that are started after that."""
        dunst, *options = self._server_command()
        service = f"[D-BUS Service]\nName={SERVER}\nExec={shutil.which(dunst)} {' '.join(options)}\n"
        (self.folder / "services" / "server.service").write_text(service)

    async def started_server(self) -> int:
        """The pid of the server, whoever started it."""
        pid: int = await self.call("GetConnectionUnixProcessID", SERVER, name="org.freedesktop.DBus")
        return pid

    async def shown(self) -> Printed:
        """The next notification that dunst shows."""
        return await asyncio.wait_for(self._shown.get(), WITHIN)

    @property
    def nothing_more_was_shown(self) -> bool:
        return self._shown.empty()

    async def on_screen(self) -> int:
        """How many are to be seen now."""
        value: int = (await self.call("Get", "org.dunstproject.cmd0", "displayedLength", interface=_PROPERTIES)).value
        return value

    async def until_on_screen(self, number: int) -> None:
        async with asyncio.timeout(WITHIN):
            while await self.on_screen() != number:
                pass

    async def press(self, label: str) -> None:
        """Press the button with this label; a click on the body for an empty one."""
        if label:
            (self.folder / "choice").write_text(label)
            await self.call("ContextMenuCall", interface="org.dunstproject.cmd0")
        else:
            await self.call("NotificationAction", 0, interface="org.dunstproject.cmd0")

    async def close_by_hand(self) -> None:
        await self.call("NotificationCloseLast", interface="org.dunstproject.cmd0")

    async def call(self, member: str, *values: str | int, name: str = SERVER, interface: str = "") -> Any:
        """What a method on the bus answers."""
        signature = "".join("s" if isinstance(value, str) else "u" for value in values)
        bus = await MessageBus(bus_address=self.address).connect()
        try:
            reply = await bus.call(
                Message(
                    destination=name,
                    path="/" + name.replace(".", "/"),
                    interface=interface or name,
                    member=member,
                    signature=signature,
                    body=list(values),
                )
            )
        finally:
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        assert reply.message_type is not MessageType.ERROR, reply.body
        return reply.body[0] if reply.body else None

    def _server_command(self) -> list[str]:
        return ["dunst", "-config", str(self.folder / "dunstrc"), "-print"]

    async def _read(self, server: Process) -> None:
        assert server.stdout is not None
        block = ""
        while line := (await server.stdout.readline()).decode():
            block += line
            if line == "}\n":
                self._shown.put_nowait(_printed(block))
                block = ""

    async def end(self) -> None:
        for process in (self.server, self.bus):
            await _end(process)
        if self._reader is not None:
            await self._reader


_PROPERTIES: Final = "org.freedesktop.DBus.Properties"


@asynccontextmanager
async def a_real_desktop() -> AsyncIterator[RealDesktop]:
    """A screen with nothing on it yet: no bus, no server."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder:
        _write_configs(Path(folder))
        screen, display = await _start_screen()
        socket = f"unix:path={folder}/bus"
        environ = {**os.environ, "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": socket}
        desktop = RealDesktop(Path(folder), environ)
        try:
            yield desktop
        finally:
            await desktop.end()
            await _end(screen)


def _write_configs(folder: Path) -> None:
    services, menu, choice = folder / "services", folder / "menu", folder / "choice"
    services.mkdir()
    (folder / "bus.conf").write_text(_BUS_CONFIG.format(socket=folder / "bus", services=services))
    (folder / "dunstrc").write_text(_SERVER_CONFIG.format(menu=menu))
    menu.write_text(_MENU.format(choice=choice))
    menu.chmod(0o755)


async def _start_screen() -> tuple[Process, str]:
    reading, writing = os.pipe()
    # Without -noreset it starts over when its last client goes, and refuses those that come meanwhile.
    options = ["-noreset", "-nolisten", "tcp", "-screen", "0", "800x300x24"]
    with os.fdopen(reading, encoding="ascii") as told:
        screen = await asyncio.create_subprocess_exec(
            *("Xvfb", "-displayfd", str(writing), *options), pass_fds=[writing], stdout=DEVNULL, stderr=DEVNULL
        )
        os.close(writing)
        # The whole line: it ends when nobody listens to the line's end, which it writes apart.
        number = await asyncio.wait_for(asyncio.to_thread(told.readline), WITHIN)
    assert number.endswith("\n"), "Xvfb ended"
    return screen, f":{number.strip()}"


async def _end(process: Process | None) -> None:
    if process is not None and process.returncode is None:
        process.kill()
    if process is not None:
        await asyncio.wait_for(process.wait(), WITHIN)


def _printed(block: str) -> Printed:
    found = _PRINTED.search(block)
    assert found is not None, block
    actions = dict(re.findall(r'"(.*?)": "(.*?)"', found["actions"]))
    return Printed(found["title"], found["body"], found["urgency"], int(found["timeout"]), actions)
