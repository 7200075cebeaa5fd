"""The way of one request through the emulated API: delay, fault, sign-in, app, limit, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectord.emulator.connections import hung_up
from connectord.emulator.fault_replies import deliver
from connectord.emulator.faults import Fault
from connectord.emulator.operations import OperationName
from connectord.emulator.refusals import Refusal
from connectord.emulator.replies import (
    Call,
    Endpoint,
    InvalidBody,
    error_reply,
    invalid_body_reply,
    refusal_reply,
    unauthorized,
)
from connectord.emulator.world import World

OPERATION: Final = "connectord.operation"
"""Where in the ASGI scope the operation's name is left for the request log."""

MAX_BODY_BYTES: Final = 1024 * 1024

Sleep = Callable[[float], Coroutine[object, object, None]]


class Needs(Enum):
    """What a caller must bring."""

    NOTHING = auto()
    SIGN_IN = auto()
    APP = auto()  # sign-in, and access to the app in the path


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of protocol.md: where it is, what it needs, and who answers."""

    name: OperationName
    method: str
    path: str
    endpoint: Endpoint
    needs: Needs = Needs.APP

    def route(self, world: World, sleep: Sleep) -> Route:
        """The operation as a route of the emulator."""
        return Route(self.path, _Gate(self, world, sleep), methods=[self.method])


class _Gate:
    """The ASGI application of one operation."""

    def __init__(self, operation: Operation, world: World, sleep: Sleep) -> None:
        self._operation = operation
        self._world = world
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[OPERATION] = self._operation.name
        request = Request(scope, receive)
        try:
            body = await _read(request)
        except ClientDisconnect:
            return  # nobody is left to answer, and nothing was done
        fault = self._fault(request)
        reply = self._answer(request, body) if fault is not None and fault.carried_out else None
        delay = self._world.settings.round_trip_delay + (fault.delay if fault else 0.0)
        if not await self._still_there_after(delay, receive):
            return
        if reply is None and (fault is None or fault.lets_it_happen):
            reply = self._answer(request, body)
        if reply is not None and (fault is None or fault.only_delays):
            await reply(scope, receive, send)
        elif fault is not None:
            await deliver(fault, reply, scope, receive, send)

    def _fault(self, request: Request) -> Fault | None:
        type_ = request.path_params.get("type") or request.query_params.get("integration_type")
        return self._world.faults.take(self._operation.name, request.method, type_, request.path_params.get("app_id"))

    async def _still_there_after(self, delay: float, receive: Receive) -> bool:
        """Wait, unless the client hangs up meanwhile: a client that gave up doesn't keep the server busy."""
        if delay <= 0:
            return True
        async with asyncio.TaskGroup() as tasks:
            gone = tasks.create_task(hung_up(receive))
            pause = tasks.create_task(self._sleep(delay))
            await asyncio.wait({gone, pause}, return_when=asyncio.FIRST_COMPLETED)
            still_there = not gone.done()
            gone.cancel()
            pause.cancel()
        return still_there

    def _answer(self, request: Request, body: bytes | None) -> Response:
        if body is None:
            return error_reply("Request body too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        caller = _caller(self._world, request)
        if caller is None and self._operation.needs is not Needs.NOTHING:
            return unauthorized()
        try:
            return self._operation.endpoint(self._admit(request, body, caller or ""))
        except Refusal as refusal:
            return refusal_reply(refusal)
        except InvalidBody as invalid:
            return invalid_body_reply(invalid)

    def _admit(self, request: Request, body: bytes, caller: str) -> Call:
        app_id = ""
        if self._operation.needs is Needs.APP:
            app_id = self._world.enter(request.path_params["app_id"]).id
        if self._world.settings.limits:
            self._world.limits.count(self._operation.name, caller)
        return Call(self._world, request, body, caller, app_id)


async def _read(request: Request) -> bytes | None:
    """The body, or None if it is larger than any client of Base44 sends."""
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > MAX_BODY_BYTES:
            return None
    return bytes(parts)


def _caller(world: World, request: Request) -> str | None:
    """The signed-in user: by bearer token, or by API key where there is no token (protocol.md, "Headers")."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return world.accounts.holder_of_token(token.strip()) if scheme.lower() == "bearer" else None
    return world.accounts.holder_of_key(request.headers.get("api_key", ""))
