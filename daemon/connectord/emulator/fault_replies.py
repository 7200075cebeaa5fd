"""How a fault looks on the wire: other statuses, half bodies, pages of HTML, endless streams, broken connections."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Final

from pydantic import JsonValue
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectord.emulator.connections import hung_up, is_real, reset_connection
from connectord.emulator.faults import Fault, FaultBody
from connectord.emulator.replies import error_reply, json_reply

LARGE: Final = 100 * 1000 * 1000
"""Bytes of a `large` body."""

_CHUNK: Final = b" " * 65536
_OPENING: Final = b'{"integrations": ['  # looks like a true reply for as long as it goes on
_HTML: Final = "<!doctype html><html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


async def deliver(fault: Fault, reply: Response | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the fault says; `reply` is the true one where the operation was carried out."""
    if fault.reset:
        await reset_connection(scope, receive)
    elif fault.body in (FaultBody.LARGE, FaultBody.ENDLESS):
        await _stream(fault, scope, receive, send)
    else:
        await _small_reply(fault, reply)(scope, receive, send)


def _small_reply(fault: Fault, reply: Response | None) -> Response:
    status = fault.status or HTTPStatus.OK
    if fault.body is None:
        spoilt: Response = error_reply(_phrase(status), status)
    elif fault.body is FaultBody.HTML:
        spoilt = Response(_HTML.format(f"{status} {_phrase(status)}"), status, media_type="text/html")
    elif fault.body is FaultBody.NOTHING and reply is not None:
        spoilt = json_reply(_emptied(json.loads(bytes(reply.body))), HTTPStatus(fault.status or reply.status_code))
    elif fault.body is FaultBody.TRUNCATED and reply is not None:
        whole = bytes(reply.body)
        spoilt = Response(whole[: len(whole) // 2], fault.status or reply.status_code, media_type="application/json")
    else:
        spoilt = Response(b"", status)
    if fault.retry_after is not None:
        spoilt.headers["Retry-After"] = fault.retry_after
    return spoilt


async def _stream(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    endless = fault.body is FaultBody.ENDLESS
    if not endless:
        headers.append((b"content-length", str(LARGE).encode()))
    await send({"type": "http.response.start", "status": fault.status or HTTPStatus.OK, "headers": headers})
    await send({"type": "http.response.body", "body": _OPENING, "more_body": True})
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(hung_up(receive))
        # Without a real connection nobody can hang up, and the reply is collected whole.
        await _fill(send, gone, None if endless and is_real(scope) else LARGE - len(_OPENING))
        gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _fill(send: Send, gone: asyncio.Task[None], left: int | None) -> None:
    while left != 0 and not gone.done():
        chunk = _CHUNK if left is None else _CHUNK[:left]
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0)  # sending to a client that is gone returns at once and would starve the loop
        left = None if left is None else left - len(chunk)


def _emptied(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: [] if isinstance(value, list) else value for key, value in document.items()}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
