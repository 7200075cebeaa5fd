"""What happens to every request, whichever route it takes: a request id, the log, refusals at the door, keeping.

The emulator is reached by anything that runs on this machine, web pages in its browsers among them. So a request
must name a loopback host (DNS rebinding), and one that changes something must not come from another origin.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectord.emulator.gate import MAX_BODY_BYTES, OPERATION
from connectord.emulator.replies import error_reply
from connectord.emulator.world import World
from connectord.errors import ConnectordError

LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "testserver")

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_LOGGED: Final = re.compile(r"/(admin|api/external-auth|apps|claim|device|favicon\.ico)(/|$)|/$")
_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
# An encoded slash or a dot segment would let a connector type reach another route.
_CROOKED_PATH: Final = re.compile(rb"%2f|%5c|\\|//|/(\.|%2e){1,2}(/|$)", re.IGNORECASE)


class Trace:
    """Gives every reply an X-Request-ID (the request's own where it has one) and writes the log."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        sent_id = Headers(scope=scope).get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else str(uuid.uuid4())
        send = _with_request_id(send, request_id)
        if _NOT_LOGGED.match(scope["path"]):
            await self._app(scope, receive, send)
        else:
            await self._logged(request_id, scope, receive, send)

    async def _logged(self, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        journal = self._world.journal
        number = journal.begin(
            time=self._world.now(),
            received=time.monotonic(),
            client=scope["client"][1] if scope.get("client") else None,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            request_id=request_id,
        )
        body = bytearray()
        status: int | None = None

        async def listening_receive() -> Message:
            message = await receive()
            if len(body) <= MAX_BODY_BYTES:
                body.extend(message.get("body", b""))
            return message

        async def listening_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                journal.finish(number, operation=scope.get(OPERATION), body=bytes(body), status=status)
            await send(message)

        try:
            await self._app(scope, listening_receive, listening_send)
        finally:
            if status is None:
                journal.finish(number, operation=scope.get(OPERATION), body=bytes(body), status=None)


class Doorkeeper:
    """Refuses requests that change something and come from another origin, and paths that aren't straight."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        app = self._app
        if _from_elsewhere(scope):
            app = error_reply("This request comes from another origin", HTTPStatus.FORBIDDEN)
        elif _CROOKED_PATH.search(scope.get("raw_path") or scope["path"].encode()):
            app = error_reply("This path is not allowed", HTTPStatus.BAD_REQUEST)
        await app(scope, receive, send)


class Keeper:
    """Keeps the world after every request that may have changed it, before the client hears of it."""

    def __init__(self, app: ASGIApp, keep: Callable[[], None]) -> None:
        self._app = app
        self._keep = keep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return

        answered = False

        async def keep_then_send(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                self._keep()
                answered = True
            await send(message)

        try:
            await self._app(scope, receive, keep_then_send)
        except ConnectordError as error:  # what was carried out isn't kept: the client mustn't take it for done
            await error_reply(error.what, HTTPStatus.INSUFFICIENT_STORAGE)(scope, receive, send)
            answered = True
        finally:
            if not answered:  # carried out, and the connection was reset before an answer
                self._keep()


def _from_elsewhere(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return scope["method"] not in _SAFE_METHODS and origin not in (None, f"{scope['scheme']}://{headers.get('host')}")


def _with_request_id(send: Send, request_id: str) -> Send:
    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Request-ID"] = request_id
        await send(message)

    return send_with_id
