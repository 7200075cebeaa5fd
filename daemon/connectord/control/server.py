"""The local API: HTTP on a unix socket, for this user and root. There is no TCP."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectord import __version__
from connectord.control.endpoint import peer_uid
from connectord.control.face import Face, UnknownProject
from connectord.control.models import PROTOCOL, PROTOCOL_HEADER, VERSION_HEADER, Failure
from connectord.control.routes import Routes
from connectord.control.waiting import Ending
from connectord.errors import ConnectordError

GRACE: Final = 2
"""Seconds that answers under way may take when the daemon ends."""

_PEER: Final = "connectord.peer"
_ROOT: Final = 0


async def serve(face: Face, listener: socket.socket, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Answer on the listener until cancelled; then streams and waits are ended first, in so many words."""
    closing = asyncio.Event()
    config = uvicorn.Config(
        create_app(face, closing),
        http=_KnownPeer,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, on_started=on_ready)
    # uvicorn ends in order when it is told, not when it is cancelled.
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="local API")
    try:
        await asyncio.shield(serving)
    finally:
        closing.set()
        server.end()
        await serving


def create_app(face: Face, closing: asyncio.Event) -> ASGIApp:
    """The API as an ASGI application."""
    app = Starlette(
        routes=Routes(face, closing).all(),
        middleware=[Middleware(_OwnUserOnly)],
        exception_handlers={ConnectordError: _refused, HTTPException: _no_route, Exception: _unforeseen},
    )
    return _Versioned(app)


class _KnownPeer(H11Protocol):
    """HTTP/1.1 that tells the application who is at the other end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Uvicorn copies app_state into each request's scope."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _PEER: peer_uid(transport.get_extra_info("socket"))}


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, leaves the signals to the daemon, and doesn't wake up while nobody asks."""

    def __init__(self, config: uvicorn.Config, *, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._ended = asyncio.Event()

    def end(self) -> None:
        """End in order, soon."""
        self.should_exit = True
        self._ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        """Uvicorn's own looks ten times a second whether to end, and sets the clock of a header that we don't send."""
        await self._ended.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Versioned:
    """Every answer says which protocol and version it speaks, errors too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[PROTOCOL_HEADER], headers[VERSION_HEADER] = str(PROTOCOL), __version__
            await send(message)

        await self._app(scope, receive, versioned)


class _OwnUserOnly:
    """The directory's permissions keep others out already; this doesn't rely on them (P13)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope["state"][_PEER]
        if peer in {os.geteuid(), _ROOT}:
            await self._app(scope, receive, send)
            return
        failure = Failure(error="This daemon belongs to another user, and answers nobody else.", code="FOREIGN_USER")
        await _answer(403, failure)(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConnectordError)  # noqa: S101  (starlette's table says so, its types can't)
    del request
    status = 404 if isinstance(error, UnknownProject) else 503 if isinstance(error, Ending) else 400
    return _answer(status, Failure(error=error.what, code=error.code, hints=error.todo, details=error.details))


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    what = f"This daemon (connectord {__version__}) has nothing at {request.method} {request.url.path}."
    return _answer(status, Failure(error=what, code="NO_SUCH_ROUTE"))


async def _unforeseen(request: Request, error: Exception) -> Response:
    """The traceback goes to the daemon's stderr: starlette raises it again after this answer."""
    what = (
        f"Something unforeseen happened at {request.url.path}, a defect of connectord: {type(error).__name__}: {error}"
    )
    return _answer(500, Failure(error=what, code="UNFORESEEN", hints=("Report it, with: connectord logs -n 50",)))


def _answer(status: int, failure: Failure) -> Response:
    return Response(failure.model_dump_json(), status_code=status, media_type="application/json")
