"""A whole daemon but for its engine: lock, socket and API over a FakeFace. A thread in a test, or a process.

As a process: `python -m tests.support.fake_daemon RUNTIME_DIR [STATUS.json]`; it prints a line when it answers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.support.face import FakeFace, a_daemon

from connectord.control.client import Client
from connectord.control.endpoint import listening
from connectord.control.lock import daemon_lock
from connectord.control.models import Status
from connectord.control.server import serve

T = TypeVar("T")

WITHIN = 20.0


@dataclass
class FakeDaemon:
    """One in a thread: the face may be looked at from outside, and changed with `on_its_loop`."""

    runtime: Path
    face: FakeFace
    loop: asyncio.AbstractEventLoop

    @property
    def client(self) -> Client:
        return Client(self.runtime)

    def on_its_loop(self, call: Callable[[], T]) -> T:
        async def called() -> T:
            return call()

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(WITHIN)

    def until(self, event: asyncio.Event) -> None:
        """Wait until the face has set one of its events."""
        asyncio.run_coroutine_threadsafe(event.wait(), self.loop).result(WITHIN)


@contextmanager
def a_runtime_dir() -> Iterator[Path]:
    """A runtime directory with a path short enough for a socket: pytest's own are not, on some machines."""
    with tempfile.TemporaryDirectory(prefix="cd") as folder:
        yield Path(folder) / "run"


@contextmanager
def fake_daemon(runtime: Path, face: FakeFace | None = None) -> Iterator[FakeDaemon]:
    """A daemon in a thread of its own, until the end of the block or until it is asked to stop."""
    started: list[FakeDaemon] = []
    ready = threading.Event()

    async def main() -> None:
        shown = face or FakeFace()
        started.append(FakeDaemon(runtime, shown, asyncio.get_running_loop()))
        with daemon_lock(runtime), listening(runtime) as listener:
            await _serve_until_stopped(shown, listener, ready.set)

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(WITHIN), "the fake daemon doesn't answer"
    daemon = started[0]
    try:
        yield daemon
    finally:
        if thread.is_alive():
            daemon.loop.call_soon_threadsafe(daemon.face.stop)
        thread.join(WITHIN)
        assert not thread.is_alive(), "the fake daemon doesn't end"


async def _serve_until_stopped(face: FakeFace, listener: socket.socket, ready: Callable[[], None]) -> None:
    serving = asyncio.create_task(serve(face, listener, on_ready=ready))
    await face.stopped.wait()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def main(runtime: Path, status: Path | None) -> None:
    """The process."""

    async def run() -> None:
        face = FakeFace(daemon=a_daemon(pid=os.getpid()))
        if status is not None:
            face.projects = list(Status.model_validate_json(status.read_bytes()).projects)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, face.stop)
        with daemon_lock(runtime), listening(runtime) as listener:
            await _serve_until_stopped(face, listener, lambda: print("ready", flush=True))  # noqa: T201

    asyncio.run(run())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
