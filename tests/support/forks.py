"""Processes that begin in a tenth of the time: forked from one that has imported everything, and is nothing else.

Each is a process of its own, with its own pid, environment and files, and dies of `kill -9` like any other. Half of a
short life is Python importing, which is the same every time. That it begins from nothing as well is for
tests/daemon/test_run.py and tests/cli/test_entry.py.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import connectord.cli.run  # noqa: F401  (whatever a daemon needs, once for all of them)
from connectord.cli import main as begin

LARGEST = 1 << 20


class Forked:
    """A process, with what is used of Popen. `stdout` is what it says."""

    def __init__(self, words: socket.socket, stdout: IO[str]) -> None:
        self.stdout = stdout
        self.returncode: int | None = None
        self._words = words.makefile("r")
        self._socket = words
        self.pid = int(self._words.readline())

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("connectord", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Signal it, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended just now, and its keeper is about to say so
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of it after its end."""
        self.stdout.close()
        self._words.close()
        self._socket.close()

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._socket], [], [], timeout)[0]:
            self.returncode = int(self._words.readline())
        return self.returncode


class Nursery:
    """Where processes are forked."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders

    @contextmanager
    def fork(
        self, arguments: list[str], environ: Mapping[str, str], stderr: IO[bytes], folder: Path | None = None
    ) -> Iterator[Forked]:
        """`connectord ARGUMENTS` in this folder, with nothing on stdin. Whoever enters sees to its end."""
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        where = str(folder or Path.cwd())
        order = json.dumps({"arguments": arguments, "environ": dict(environ), "folder": where}).encode()
        socket.send_fds(self._orders, [order], [theirs.fileno(), write, stderr.fileno()])
        theirs.close()
        os.close(write)
        forked = Forked(ours, os.fdopen(read))
        try:
            yield forked
        finally:
            forked.close()


@contextmanager
def a_nursery() -> Iterator[Nursery]:
    """A process that waits for orders, until the end of the block."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.support.forks", str(theirs.fileno())]
    root = __file__.rpartition("/tests/")[0]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=root) as process, ours:
        theirs.close()
        yield Nursery(ours)
        ours.close()  # which is what it ends by
        process.wait(20)


def _obey(orders: socket.socket) -> None:
    """Fork a keeper for each order; it forks the process, says its pid, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a keeper ended
    while True:
        order, files, _, _ = socket.recv_fds(orders, LARGEST, 3)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            _keep(json.loads(order), *files)
        for file in files:
            os.close(file)


def _keep(order: dict[str, object], words: int, stdout: int, stderr: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(words)
        _become(order, stdout, stderr)
    os.close(stdout)
    os.write(words, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(words, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: dict[str, object], stdout: int, stderr: int) -> None:
    """Be `connectord`, as if this process had been started as such."""
    for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), stdout, stderr)):
        os.dup2(file, number)
        os.close(file)
    # What Python made of the files that the nursery began with doesn't fit these.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(order["environ"])  # type: ignore[call-overload]  # what `fork` put there
    os.chdir(order["folder"])  # type: ignore[arg-type]  # what `fork` put there
    sys.argv = ["connectord", *order["arguments"]]  # type: ignore[misc]  # what `fork` put there
    code = 1
    try:
        begin()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001  (as Python itself shows what nobody caught)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _obey(socket.socket(fileno=int(sys.argv[1])))
