"""Replies are bounded, whole and of the right shape, or an error says which operation, status and request id."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.base44 import API_URL, APP_ID, SET_REPLY, Chunks, Wire, a_client, ok

from connectord.base44 import TimedOut, UnexpectedReply, Unreachable, exchange
from connectord.base44.exchange import LARGEST_REPLY
from connectord.base44.request import Request

HTML = "<!doctype html><html><head><title>Sign in\n to Wi-Fi</title></head></html>"
INTEGRATION = {"integration_type": "slack", "status": "active", "scopes": []}


def listing(**changed: Any) -> dict[str, Any]:
    return {"integrations": [INTEGRATION, INTEGRATION | changed]}


SHAPES: dict[str, tuple[httpx.Response, str]] = {
    "empty": (httpx.Response(200), "it is empty"),
    "white space": (httpx.Response(200, text=" \n"), "it is empty"),
    "no content": (httpx.Response(204), "it is empty"),
    "a page": (httpx.Response(200, html=HTML), 'it is a web page ("Sign in to Wi-Fi"), not JSON'),
    "a page that says it is JSON": (
        httpx.Response(200, text=HTML, headers={"content-type": "application/json"}),
        "it is a web page",
    ),
    "half a document": (httpx.Response(200, text='{"integrations": [{"integra'), "it is not JSON"),
    "not UTF-8": (httpx.Response(200, content=b'{"integrations": "\xff"}'), "it is not JSON"),
    "deeply nested": (httpx.Response(200, text="[" * 100_000), "it is not JSON"),
    "a list": (ok([]), "it is not an object"),
    "null": (httpx.Response(200, text="null"), "it is not an object"),
    "a missing key": (ok({}), 'key "integrations": Field required'),
    "a wrong type": (ok({"integrations": {}}), 'key "integrations": '),
    "an entry": (ok({"integrations": [1]}), 'key "integrations[0]": '),
    "an unknown status": (ok(listing(status="resting")), "key \"integrations[1].status\": Input should be 'active'"),
    "scopes that are text": (ok(listing(scopes="a b")), 'key "integrations[1].scopes": '),
    "scopes with a number": (ok(listing(scopes=["a", 1])), 'key "integrations[1].scopes[1]": '),
    "no type": (ok(listing(integration_type="")), 'key "integrations[1].integration_type": '),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_a_reply_of_a_wrong_shape_names_operation_status_request_and_key(name: str) -> None:
    reply, expected = SHAPES[name]
    reply.headers["X-Request-ID"] = "req-7"
    with pytest.raises(UnexpectedReply) as caught:
        await a_client(Wire([reply])).app(APP_ID).list_connectors()
    error = caught.value
    assert expected in error.what
    assert "list the connectors" in error.what
    assert f"({reply.status_code}, request req-7)" in error.what
    assert (error.operation, error.status, error.request_id) == ("list the connectors", reply.status_code, "req-7")
    assert error.todo
    assert error.transient


WRONG_SETS = [({"already_authorized": 1}, "already_authorized"), ({"redirect_url": 5}, "redirect_url")]


@pytest.mark.parametrize(("changed", "key"), WRONG_SETS)
async def test_a_reply_of_set_is_not_bent_into_shape(changed: dict[str, Any], key: str) -> None:
    with pytest.raises(UnexpectedReply, match=f'key "{key}"'):
        await a_client(Wire([ok(SET_REPLY | changed)])).app(APP_ID).set_connector("slack", [])


@pytest.mark.parametrize("key", SET_REPLY)
async def test_every_key_of_set_must_be_there(key: str) -> None:
    reply = {name: value for name, value in SET_REPLY.items() if name != key}
    with pytest.raises(UnexpectedReply, match=f'key "{key}": Field required'):
        await a_client(Wire([ok(reply)])).app(APP_ID).set_connector("slack", [])


async def test_a_request_without_an_id_in_the_reply_is_named_by_the_id_that_was_sent() -> None:
    wire = Wire([ok({})])
    with pytest.raises(UnexpectedReply) as caught:
        await a_client(wire).app(APP_ID).list_connectors()
    assert caught.value.request_id == wire.requests[0].headers["x-request-id"]


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_not_followed_and_names_the_host(status: int) -> None:
    wire = Wire([httpx.Response(status, headers={"location": "https://user:pw@evil.test/steal?x=1"})])
    with pytest.raises(UnexpectedReply, match=r"redirects to evil\.test, where connectord won't send") as caught:
        await a_client(wire).app(APP_ID).list_connectors()
    assert len(wire.requests) == 1
    assert "pw" not in caught.value.what


async def test_a_redirect_to_nowhere_is_said_too() -> None:
    with pytest.raises(UnexpectedReply, match="redirects to another address"):
        await a_client(Wire([httpx.Response(302)])).app(APP_ID).list_connectors()


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65536


async def test_an_endless_reply_is_given_up() -> None:
    reply = httpx.Response(200, stream=Chunks(endless()))
    with pytest.raises(UnexpectedReply, match="larger than 4 MiB, when Base44 was asked to list the connectors"):
        await a_client(Wire([lambda _: reply])).app(APP_ID).list_connectors()


async def test_a_reply_that_unpacks_to_100_mb_is_given_up() -> None:
    packed = gzip.compress(b" " * 100_000_000, compresslevel=1)
    reply = httpx.Response(200, content=packed, headers={"content-encoding": "gzip"})
    with pytest.raises(UnexpectedReply, match="larger than 4 MiB"):
        await a_client(Wire([lambda _: httpx.Response(200, headers=reply.headers, stream=_pieces(packed))])).user()


def _pieces(content: bytes) -> Chunks:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 4096):
            yield content[start : start + 4096]

    return Chunks(pieces())


async def test_a_large_reply_within_the_bound_is_read() -> None:
    scopes = ["x" * 1000] * 3000
    got = await a_client(Wire([ok(listing(scopes=scopes))])).app(APP_ID).list_connectors()
    assert len(json.dumps(scopes)) < LARGEST_REPLY
    assert len(got[1].scopes) == 3000


async def test_a_reply_packed_wrongly_is_an_unexpected_reply() -> None:
    reply = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Chunks(_once(b"not gzip")))
    with pytest.raises(UnexpectedReply, match="compression is broken"):
        await a_client(Wire([lambda _: reply])).user()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _then(error: Exception) -> AsyncIterator[bytes]:
    yield b"{"
    raise error


async def test_a_truncated_body_names_the_operation() -> None:
    broken = httpx.RemoteProtocolError("peer closed connection without sending complete message body")
    reply = httpx.Response(200, headers={"x-request-id": "req-8"}, stream=Chunks(_then(broken)))
    with pytest.raises(UnexpectedReply, match="cut off, when Base44 was asked to set slack") as caught:
        await a_client(Wire([lambda _: reply])).app(APP_ID).set_connector("slack", [])
    assert caught.value.request_id == "req-8"


async def test_a_connection_that_breaks_in_the_body_is_unreachable() -> None:
    wire = Wire([lambda _: httpx.Response(200, stream=Chunks(_then(httpx.ReadError("reset"))))])
    with pytest.raises(Unreachable, match="broke in the middle of the reply"):
        await a_client(wire).app(APP_ID).list_connectors()


async def forever() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


async def test_a_body_that_trickles_forever_ends_within_the_limit_of_an_attempt() -> None:
    wire = Wire([lambda _: httpx.Response(200, stream=Chunks(forever()))])
    async with httpx.AsyncClient(transport=wire, base_url=API_URL) as client:
        with pytest.raises(TimedOut, match=r"did not finish its answer within 0\.05 s, when asked to try") as caught:
            await exchange.exchange(client, Request("try", "GET", "/x", limit=0.05))
    assert "it may have done it" in caught.value.what


async def test_a_host_that_never_answers_ends_within_the_limit_of_an_attempt() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async with httpx.AsyncClient(transport=Silent(), base_url=API_URL) as client:
        with pytest.raises(TimedOut, match=r"did not answer within 0\.05 s"):
            await exchange.exchange(client, Request("try", "GET", "/x", limit=0.05))


@pytest.mark.parametrize(
    ("path", "limit"), [("list_connectors", 10.0), ("stripe_status", 60.0), ("remove_stripe", 60.0)]
)
async def test_an_attempt_has_ten_seconds_and_stripe_sixty(path: str, limit: float) -> None:
    wire = Wire([httpx.ReadTimeout("slow")])
    with pytest.raises(TimedOut):
        await getattr(a_client(wire).app(APP_ID), path)()
    assert wire.requests[0].extensions["timeout"]["read"] == limit


async def test_a_reply_over_a_real_socket_that_stops_short_of_its_length_is_cut_off() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with pytest.raises(UnexpectedReply, match="The reply was cut off"):
            await exchange.exchange(client, Request("try", "GET", "/x"))


async def test_a_refused_connection_is_unreachable_and_names_the_host() -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with pytest.raises(Unreachable, match=f"Can't reach Base44 at 127.0.0.1:{port} to try"):
            await exchange.exchange(client, Request("try", "GET", "/x"))
