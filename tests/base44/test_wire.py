"""Connections are kept over minutes of silence, and let go of where they may be dead without a sign (P14)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpcore
import pytest
from tests.support.emulator import RunningEmulator, running_emulator

from connectord.base44 import Base44, Unreachable, find_credentials, wire
from connectord.base44.connections import Connections
from connectord.emulator import DEFAULT_API_KEY

KEY = {"BASE44_API_KEY": DEFAULT_API_KEY}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`later.by` seconds have gone by since the test began, as far as kept connections are concerned."""
    clock = SimpleNamespace(by=0.0)
    moved = SimpleNamespace(monotonic=lambda: time.monotonic() + clock.by)
    monkeypatch.setattr(httpcore._async.http11, "time", moved)
    return clock


def ways(emulator: RunningEmulator) -> list[int]:
    """The connections that requests came by, in their order."""
    return [request["client"] for request in emulator.requests()]


async def test_a_request_after_minutes_of_silence_needs_no_new_connection(
    emulator: RunningEmulator, later: SimpleNamespace, tmp_path: Path
) -> None:
    emulator.forget_requests()
    async with Connections(tmp_path) as connections:
        app = connections.app(emulator.url, KEY, emulator.app_id)
        await app.list_connectors()
        later.by = 330.0  # two rescans are never farther apart
        await app.list_connectors()
    first, second = ways(emulator)
    assert first == second


async def test_after_a_sleep_of_the_machine_the_next_request_gets_a_new_connection(
    emulator: RunningEmulator, tmp_path: Path
) -> None:
    emulator.forget_requests()
    async with Connections(tmp_path) as connections:
        app = connections.app(emulator.url, KEY, emulator.app_id)
        await app.list_connectors()
        await connections.reconnect()
        await app.list_connectors()
        await app.list_connectors()
    first, second, third = ways(emulator)
    assert first != second
    assert second == third


async def test_a_request_under_way_goes_on_to_its_end_when_connections_are_given_up(
    emulator: RunningEmulator, tmp_path: Path
) -> None:
    async with Connections(tmp_path) as connections:
        app = connections.app(emulator.url, KEY, emulator.app_id)
        (client,) = connections._clients.values()
        client._under_way += 1  # as if there were one
        await app.list_connectors()
        opened = client._opened
        await connections.reconnect()
        assert client._opened is opened
        client._under_way -= 1
        await app.list_connectors()
        assert client._opened is not opened


def test_the_kernel_is_asked_to_find_out_whether_the_other_end_is_alive() -> None:
    options = wire.socket_options()
    with socket.socket() as one:
        for level, name, value in options:
            one.setsockopt(level, name, value)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert len(options) > 1


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
async def test_a_proxy_of_the_environment_is_gone_through(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert wire.transport() is None
    async with Base44("https://base44.test", find_credentials(KEY, tmp_path)) as client:
        assert any(mount is not None for mount in client._http._mounts.values())


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("HTTPS_PROXY", "socks4://ann:se/cret@proxy:1080", "a proxy that the environment names can't be used"),
        ("HTTPS_PROXY", "socks5://ann:se/cret@proxy:1080", "a proxy that the environment names can't be used"),
        ("HTTPS_PROXY", "http://ann:se/cret@proxy", "a proxy that the environment names can't be used"),
        ("NO_PROXY", "http://[::1", "a proxy that the environment names can't be used"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "the certificates of SSL_CERT_FILE can't be read (No such file"),
        ("SSL_CERT_FILE", __file__, "the certificates of SSL_CERT_FILE can't be read ("),
    ],
)
async def test_what_the_environment_says_wrong_of_the_way_is_no_defect_and_no_secret(
    variable: str, value: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    async with Base44("https://base44.test", find_credentials(KEY, tmp_path)) as client:
        for ask in (client.ping, client.device_code, client.app("1").list_connectors):
            with pytest.raises(Unreachable) as caught:
                await ask()
            assert caught.value.what.startswith(f"Can't reach Base44 at base44.test: {why}")
            assert "cret" not in str(caught.value)
            assert "connectord service install" in caught.value.todo[1]
