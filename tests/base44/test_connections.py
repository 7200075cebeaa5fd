"""Clients shared by many projects over months: as many as are needed, and no connection left behind (P14)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from tests.support.base44 import API_KEY, APP_ID, Wire, a_client, ok

from connectord.base44.connections import Connections

NOTHING: dict[str, list[str]] = {"integrations": []}
HOST = "https://base44.test"


def key(number: int) -> dict[str, str]:
    return {"BASE44_API_KEY": f"{API_KEY}{number}"}


async def test_the_same_host_and_settings_share_one_client(tmp_path: Path) -> None:
    async with Connections(tmp_path) as connections:
        for app_id in ("one", "two", "three"):
            connections.app(HOST, key(1), app_id)
        assert len(connections._clients) == 1


async def test_a_month_of_edits_of_an_env_file_leaves_one_client(tmp_path: Path) -> None:
    async with Connections(tmp_path) as connections:
        for number in range(50):
            connections.app(HOST, key(number), APP_ID)
            connections.app(f"https://base44-{number}.test", key(0), APP_ID)
            await connections.keep_only([(HOST, key(number))])
        assert len(connections._clients) == 1
        assert len(connections._paces) == 1


async def test_what_another_project_still_uses_is_kept(tmp_path: Path) -> None:
    async with Connections(tmp_path) as connections:
        for number in (1, 2, 3):
            connections.app(HOST, key(number), APP_ID)
        kept = {caller: connections._clients[caller] for caller in list(connections._clients)[:2]}
        await connections.keep_only([(HOST, key(1)), (HOST, key(2))])
        assert connections._clients == kept


async def test_the_limits_of_the_last_minute_hold_for_a_caller_that_comes_back(tmp_path: Path) -> None:
    async with Connections(tmp_path) as connections:
        connections.app(HOST, key(1), APP_ID)
        (pace,) = connections._paces.values()
        async with pace.turn(next(iter(pace._lanes)), "list"):
            pass
        await connections.keep_only([])
        connections.app(HOST, key(1), APP_ID)
        assert list(connections._paces.values()) == [pace]


class Counted(Wire):
    """A wire that knows how often it was closed, and that can be held up."""

    def __init__(self, replies: list[httpx.Response]) -> None:
        super().__init__(replies)
        self.closed = 0
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.arrived.set()
        await self.go_on.wait()
        return await super().handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_call_under_way_goes_on_when_its_client_is_retired_and_then_nothing_stays_open() -> None:
    wire = Counted([ok(NOTHING)])
    client = a_client(wire)
    calling = asyncio.create_task(client.app(APP_ID).list_connectors())
    await wire.arrived.wait()
    await client.retire()
    assert wire.closed == 0
    wire.go_on.set()
    assert await calling == ()
    assert wire.closed == 1


async def test_an_app_of_a_retired_client_can_be_used_and_leaves_nothing_open() -> None:
    wire = Counted([ok(NOTHING), ok(NOTHING)])
    wire.go_on.set()
    client = a_client(wire)
    app = client.app(APP_ID)
    await app.list_connectors()
    await client.retire()
    await app.list_connectors()
    assert wire.closed == 2


async def test_a_client_that_never_asked_anything_has_nothing_to_close() -> None:
    wire = Counted([])
    await a_client(wire).retire()
    assert wire.closed == 0
