"""`serve` as part of a larger program: cancelled instead of signalled."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from connectord.emulator import World, serve
from connectord.emulator.serve import PortUnavailable, _listen

LIMIT = 10.0


async def test_cancelling_closes_connections_and_the_port() -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(World(), port=0, on_ready=ready.set_result, signals=False))
    async with asyncio.timeout(LIMIT):
        url = httpx.URL(await ready)
        reader, writer = await asyncio.open_connection("127.0.0.1", url.port)

        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

        assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", url.port)


async def test_two_can_t_have_the_same_port() -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(World(), port=0, on_ready=ready.set_result, signals=False))
    async with asyncio.timeout(LIMIT):
        port = httpx.URL(await ready).port
        assert port is not None

        with pytest.raises(PortUnavailable, match="in use by another program"):
            await serve(World(), port=port, on_ready=lambda _: None, signals=False)

        serving.cancel()
        await asyncio.wait({serving})


def test_no_answer_waits_for_an_acknowledgement() -> None:
    with _listen(0) as listener:
        # What asyncio looks at before it switches Nagle's algorithm off for a connection.
        assert listener.proto == socket.IPPROTO_TCP
