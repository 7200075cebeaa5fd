"""What systemd hears, over a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectord.service.sd_notify import service_notifier


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager: a file, or a name without one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        if request.param == "file":
            monkeypatch.chdir(tmp_path)  # an address has 107 bytes at most, and pytest's folders are long
            listening.bind("notify")
        else:
            listening.bind(f"\0connectord-test-{os.getpid()}")
        listening.settimeout(30)
        yield listening


def address(manager: socket.socket) -> str:
    name = manager.getsockname()
    return f"@{name[1:].decode()}" if isinstance(name, bytes) else str(Path(name).absolute())


def test_it_is_told_by_name_at_a_file_and_at_an_abstract_address(manager: socket.socket) -> None:
    notifier = service_notifier({"NOTIFY_SOCKET": address(manager)})
    notifier.starting(60)
    notifier.status("Looking after 2 projects")
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    notifier.close()
    said = [manager.recv(1000).decode() for _ in range(5)]
    assert said == [
        "EXTEND_TIMEOUT_USEC=60000000",
        "STATUS=Looking after 2 projects",
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_a_status_is_one_line_and_said_once(manager: socket.socket) -> None:
    notifier = service_notifier({"NOTIFY_SOCKET": address(manager)})
    notifier.status("Looking\nREADY=1")
    notifier.status("Looking READY=1")
    notifier.status("Done")
    notifier.close()
    assert [manager.recv(1000).decode() for _ in range(2)] == ["STATUS=Looking READY=1", "STATUS=Done"]


def test_its_variables_are_for_this_process_alone() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7", "HOME": "/home/ann"}
    notifier = service_notifier(environ, pid=7)
    assert (notifier.is_heard, notifier.watchdog) == (True, 60.0)
    assert environ == {"HOME": "/home/ann"}


@pytest.mark.parametrize(
    ("watchdog", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),  # meant for another process
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_counts_where_it_is_ours_and_a_number(watchdog: dict[str, str], seconds: float | None) -> None:
    assert service_notifier({"NOTIFY_SOCKET": "/run/notify", **watchdog}, pid=7).watchdog == seconds


@pytest.mark.parametrize("named", ["", "vsock:2:1234", "run/notify"])
def test_where_nobody_listens_nothing_is_said(named: str) -> None:
    notifier = service_notifier({"NOTIFY_SOCKET": named, "WATCHDOG_USEC": "1000000"})
    notifier.ready()
    assert (notifier.is_heard, notifier.watchdog) == (False, None)


def test_a_manager_that_went_away_or_does_not_read_stops_nobody(manager: socket.socket) -> None:
    notifier = service_notifier({"NOTIFY_SOCKET": address(manager)})
    for _ in range(10_000):  # more than any socket holds
        notifier.alive()
    manager.close()
    notifier.ready()
    notifier.close()
    assert notifier.is_heard
