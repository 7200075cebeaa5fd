"""What other rooms build on: the names of connectord.base44, its error tree, and a client that works out of the box."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.base44 import API_KEY

import connectord.base44
from connectord.base44 import Base44, Base44Error, errors, find_credentials
from connectord.errors import ConnectordError


def test_every_public_name_is_there_and_every_error_is_public() -> None:
    names = connectord.base44.__all__
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(connectord.base44, name)] == []
    raised = [name for name, value in vars(errors).items() if isinstance(value, type) and value is not ConnectordError]
    assert set(raised) <= set(names)


TRANSIENT = {"Unreachable", "TimedOut", "UnexpectedReply", "Busy"}
CODES = {
    "Base44Error": "API_ERROR",
    "Unreachable": "UNREACHABLE",
    "TimedOut": "TIMED_OUT",
    "UnexpectedReply": "UNEXPECTED_REPLY",
    "Refused": "REFUSED",
    "NotFound": "NOT_FOUND",
    "Forbidden": "FORBIDDEN",
    "Unsendable": "INVALID_INPUT",
    "Busy": "BUSY",
    "SignedOut": "AUTH_REQUIRED",
    "GrantRefused": "AUTH_REQUIRED",
    "SignInFailed": "SIGN_IN_FAILED",
    "CredentialsUnusable": "CREDENTIALS_UNUSABLE",
}


@pytest.mark.parametrize("name", CODES)
def test_an_errors_code_and_whether_it_passes_by_itself_are_promises(name: str) -> None:
    kind: type[Base44Error] = getattr(errors, name)
    assert (kind.code, kind.transient) == (CODES[name], name in TRANSIENT)


async def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"email": "ada@x.test", "name": "Ada"}'
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    credentials = find_credentials({"BASE44_API_KEY": API_KEY}, Path("/nowhere"))
    async with server, Base44(address, credentials) as base44:
        assert (await base44.user()).name == "Ada"
