"""Talking to the service manager that started this process: systemd's sd_notify(3), without its library.

Everywhere else (a terminal, `connectord start`, launchd) there is nobody to tell, and nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping
from typing import Final

_ADDRESS: Final = "NOTIFY_SOCKET"
_WATCHDOG_MICROSECONDS: Final = "WATCHDOG_USEC"
_WATCHDOG_PID: Final = "WATCHDOG_PID"

_LONGEST_STATUS: Final = 400


class ServiceNotifier:
    """The line to the service manager. `watchdog` is after how many seconds of silence it ends this process.

    Nothing here blocks or fails: what systemd doesn't hear, its own time limits tell.
    """

    def __init__(self, address: str | None = None, watchdog: float | None = None) -> None:
        self._address = address
        self.watchdog = watchdog if address is not None else None
        self._socket: socket.socket | None = None
        self._status = ""

    @property
    def is_heard(self) -> bool:
        """Whether somebody wants to hear."""
        return self._address is not None

    def ready(self) -> None:
        """The start is over: what waits for this service goes on."""
        self._send("READY=1")

    def starting(self, seconds: float) -> None:
        """The start goes on, and may take so many seconds more from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def alive(self) -> None:
        """A sign of life, for the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """One line for `systemctl status`; said once, until it changes."""
        line = " ".join(sentence.split())[:_LONGEST_STATUS]
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, assignment: str) -> None:
        if self._address is None:
            return
        if self._socket is None:
            # Close-on-exec, as every socket of Python's; and a manager that doesn't read must not stop the loop.
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.settimeout(0)
        with contextlib.suppress(OSError):
            self._socket.sendto(assignment.encode(errors="replace"), self._address)


def service_notifier(environ: MutableMapping[str, str], pid: int | None = None) -> ServiceNotifier:
    """The line that the environment names. Its variables are taken out: they are meant for this process alone."""
    address = environ.pop(_ADDRESS, "")
    microseconds = environ.pop(_WATCHDOG_MICROSECONDS, "")
    whose = environ.pop(_WATCHDOG_PID, "")
    if not address.startswith(("/", "@")):  # vsock: and the like are for whole machines
        return ServiceNotifier()
    is_ours = not whose or whose == str(os.getpid() if pid is None else pid)
    watchdog = int(microseconds) / 1_000_000 if microseconds.isdecimal() and is_ours else 0.0
    # "@" stands for the null byte of an abstract socket, which has no file.
    return ServiceNotifier("\0" + address[1:] if address.startswith("@") else address, watchdog or None)
