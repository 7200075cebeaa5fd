"""Which ways to the person there are, for what the settings ask."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.support.notify import a_notice, running, until

from connectord.notify import Channel, CombinedNotifier, NotifyThrough, build_notifier
from connectord.notify.bus_address import session_bus_addresses
from connectord.notify.ways import NO_BUS, NO_COMMAND, NO_DESKTOP


def built(
    through: NotifyThrough, command: str | None = None, platform: str = "linux", **environ: str
) -> CombinedNotifier:
    return build_notifier(
        through,
        command=command and (command,),
        clean=str,
        on_trouble=lambda why: None,
        platform=platform,
        environ=environ,
    )


@pytest.mark.parametrize(
    ("through", "command", "platform", "channels"),
    [
        (NotifyThrough.AUTO, None, "linux", [Channel.DESKTOP]),
        (NotifyThrough.AUTO, "true", "linux", [Channel.DESKTOP, Channel.COMMAND]),
        (NotifyThrough.AUTO, "true", "darwin", [Channel.OSASCRIPT, Channel.COMMAND]),
        (NotifyThrough.AUTO, "true", "win32", [Channel.COMMAND]),
        (NotifyThrough.DESKTOP, "true", "linux", [Channel.DESKTOP]),
        (NotifyThrough.COMMAND, "true", "linux", [Channel.COMMAND]),
        (NotifyThrough.LOG, "true", "linux", []),
        (NotifyThrough.NONE, "true", "linux", []),
    ],
)
async def test_the_channels_are_those_that_were_asked_for_and_exist_here(
    through: NotifyThrough, command: str | None, platform: str, channels: list[Channel]
) -> None:
    assert channels == [state.channel for state in built(through, command, platform).states]


@pytest.mark.parametrize(
    ("through", "platform", "why"),
    [
        (NotifyThrough.AUTO, "win32", NO_DESKTOP),
        (NotifyThrough.DESKTOP, "win32", NO_DESKTOP),
        (NotifyThrough.COMMAND, "linux", NO_COMMAND),
        (NotifyThrough.LOG, "linux", ""),
    ],
)
async def test_without_a_channel_the_log_has_them_and_state_says_why(
    through: NotifyThrough, platform: str, why: str
) -> None:
    state = built(through, None, platform).state
    assert (state.channel, state.works, state.why) == (Channel.LOG, True, why)


async def test_wsl_is_linux_without_a_desktop() -> None:
    assert built(NotifyThrough.AUTO, WSL_DISTRO_NAME="Debian").state.why == NO_DESKTOP


async def test_none_is_none() -> None:
    state = built(NotifyThrough.NONE).state
    assert (state.channel, state.works) == (Channel.NONE, False)


async def test_no_bus_at_all_is_said_by_state_and_a_notice_harms_nobody() -> None:
    notifier = built(NotifyThrough.AUTO)
    async with running(notifier):
        notifier.notify(a_notice())
        await until(lambda: NO_BUS in notifier.state.why)
    assert notifier.state.channel is Channel.LOG


async def test_a_bus_address_that_leads_nowhere_is_said_by_state() -> None:
    notifier = built(NotifyThrough.DESKTOP, DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere/bus")
    async with running(notifier):
        await until(lambda: "/nowhere/bus doesn't answer" in notifier.state.why)
    assert "No such file or directory" in notifier.state.why


async def test_a_bus_address_that_is_none_is_said_by_state() -> None:
    notifier = built(NotifyThrough.DESKTOP, DBUS_SESSION_BUS_ADDRESS="nonsense")
    async with running(notifier):
        await until(lambda: "nonsense" in notifier.state.why)
        assert notifier.state.channel is Channel.LOG
        assert "nonsense doesn't answer" in notifier.state.why


def test_the_bus_of_the_environment_goes_first_and_that_of_systemd_follows() -> None:
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as runtime, socket.socket(socket.AF_UNIX) as bus:
        bus.bind(f"{runtime}/bus")
        of_systemd = f"unix:path={runtime}/bus"
        assert session_bus_addresses({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "XDG_RUNTIME_DIR": runtime}) == (
            "unix:path=/x",
            of_systemd,
        )
        assert session_bus_addresses({"DBUS_SESSION_BUS_ADDRESS": of_systemd, "XDG_RUNTIME_DIR": runtime}) == (
            of_systemd,
        )


def test_without_a_socket_there_is_no_bus(tmp_path: Path) -> None:
    assert session_bus_addresses({"XDG_RUNTIME_DIR": str(tmp_path)}) == ()


def test_p14_the_desktop_libraries_are_not_loaded_where_there_is_no_bus() -> None:
    code = "import sys, connectord.notify; print({'dbus_fast', 'desktop_notifier'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
