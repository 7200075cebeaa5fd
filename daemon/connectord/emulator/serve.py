"""The emulator as a server on this machine's loopback interface, and nowhere else."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from connectord.emulator.app import create_app
from connectord.emulator.connections import ResettableProtocol
from connectord.emulator.world import World
from connectord.errors import ConnectordError

HOST: Final = "127.0.0.1"

_GRACE: Final = 30
"""Seconds until uvicorn stops waiting for requests at shutdown; ResettableProtocol has cut them short long before."""

_KEPT_ALIVE: Final = 75
"""Seconds that a silent connection is kept, as nginx does; uvicorn's own five no service on the internet has."""


class PortUnavailable(ConnectordError):
    """Nothing can listen on this port."""

    code = "PORT_UNAVAILABLE"


async def serve(
    world: World,
    *,
    port: int,
    on_ready: Callable[[str], None],
    keep: Callable[[], None] | None = None,
    signals: bool = True,
) -> None:
    """Answer on 127.0.0.1 until cancelled or, with `signals`, until SIGINT or SIGTERM.

    Port 0 takes any free one; `on_ready` gets the URL once requests are answered. `keep` is called when the world may
    have changed. Raises PortUnavailable.
    """
    listener = _listen(port)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(world, keep=keep),
        http=ResettableProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEPT_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, on_started=lambda: on_ready(url))
    with listener, _stopping(server, (signal.SIGINT, signal.SIGTERM) if signals else ()):
        await _run(server, listener)


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config, *, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(server: _Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except asyncio.CancelledError:
        if server.started:  # uvicorn shuts down by itself only when it is told by flag
            await server.shutdown(sockets=[listener])
        raise


@contextmanager
def _stopping(server: _Server, signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _listen(port: int) -> socket.socket:
    # By its protocol asyncio knows a socket as TCP's and switches Nagle off; else an answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise _unavailable(port, error) from error
    return listener


def _unavailable(port: int, error: OSError) -> PortUnavailable:
    if error.errno == errno.EADDRINUSE:
        what = f"Port {port} on {HOST} is in use by another program"
    else:
        what = f"Can't listen on {HOST}:{port}: {os.strerror(error.errno or 0)}"
    return PortUnavailable(what, todo=("Choose another port with --port, or any free one with --port 0.",))
