"""A daemon in the background: started in a session of its own, and waited for until it answers or has ended."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from connectord.control.client import Client
from connectord.control.log_places import start_log_path
from connectord.control.models import DaemonStatus
from connectord.control.private import private_directory
from connectord.control.unanswered import NoDaemon
from connectord.errors import ConnectordError

START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 20.0
"""Running pushes get five seconds, connections two, and a machine under load the rest."""

_LOOK_EVERY: Final = 0.05
_SHOWN_LINES: Final = 20


class NotStarted(ConnectordError):
    """The daemon ended before it answered, or doesn't answer in time. The details are its last words."""

    code = "NOT_STARTED"


class NotEnded(ConnectordError):
    """The daemon was asked to end and is still there."""

    code = "NOT_ENDED"


def start_in_background(
    command: Sequence[str],
    client: Client,
    state: Path,
    *,
    is_there: Callable[[], bool],
    patience: float = START_SECONDS,
) -> DaemonStatus:
    """Start `command` detached from this terminal, and wait until it answers. Raises NotStarted.

    `is_there` says whether there is a daemon at all: when two are started at once, one ends and the other answers.
    """
    log = start_log_path(state)
    private_directory(state)
    private_directory(log.parent)
    words = _opened(log)
    said_in = None if words is None else log
    process = _spawn(command, words)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        daemon = _answer(client)
        if daemon is not None:
            _let_go(process)
            return daemon
        if process.poll() is not None and not is_there():
            raise _not_started(f"The daemon ended at once, with exit status {process.returncode}.", said_in)
        time.sleep(_LOOK_EVERY)
    _let_go(process)
    raise _not_started(f"The daemon (pid {process.pid}) doesn't answer after {patience:.0f} s.", said_in)


def wait_until_gone(is_there: Callable[[], bool], daemon: DaemonStatus, *, patience: float = STOP_SECONDS) -> None:
    """Wait until a daemon that was asked to end has ended. Raises NotEnded."""
    deadline = time.monotonic() + patience
    while is_there():
        if time.monotonic() > deadline:
            what = f"connectord (pid {daemon.pid}) was asked to end and is still there after {patience:.0f} s."
            raise NotEnded(what, todo=(f"See what it does with: connectord logs; or end it: kill -9 {daemon.pid}",))
        time.sleep(_LOOK_EVERY)


def _opened(log: Path) -> int | None:
    """Where its last words go. None where the disk takes nothing: it starts all the same, and `status` says so."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        return os.open(log, flags, 0o600)
    except OSError:
        return None


def _spawn(command: Sequence[str], words: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  (the caller's own program)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if words is None else words,
            stderr=subprocess.DEVNULL if words is None else words,
            start_new_session=True,  # neither Ctrl-C here nor the end of this terminal reaches it
            cwd="/",  # it must not keep a folder or a disk busy
        )
    finally:
        if words is not None:
            os.close(words)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """It outlives us on purpose: without this Popen warns of a process that nobody waits for."""
    process.returncode = 0


def _answer(client: Client) -> DaemonStatus | None:
    try:
        return client.daemon()
    except NoDaemon:
        return None


def _not_started(what: str, log: Path | None) -> NotStarted:
    again = "Try it with: connectord run"
    if log is None:
        return NotStarted(what, todo=(again,))
    words = log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-_SHOWN_LINES:]
    return NotStarted(what, details=tuple(words), todo=(f"All it said is in {log}", again))
