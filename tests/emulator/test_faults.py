"""Faults: per route, method, type and count, and how each looks to a client without a network in between."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app

from connectord.emulator.faults import Fault, Faults


class Pauses:
    """A sleep that notes how long it was asked for, and returns at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def emulator(pauses: Pauses) -> EmulatorApp:
    return emulator_app(sleep=pauses)


@pytest.fixture
def client(emulator: EmulatorApp) -> httpx.AsyncClient:
    client = emulator.client(sign_in=True)
    client.base_url = httpx.URL(f"http://testserver{emulator.api}/external-auth/")
    return client


async def switch_on(emulator: EmulatorApp, **fault: Any) -> None:
    reply = await emulator.client().post("/admin/faults", json=fault)
    assert reply.status_code == 200, reply.text


async def test_a_status_comes_as_often_as_asked(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, route="list", status=503, retry_after=7, count=2)

    replies = [await client.get("list") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [503, 503, 200]
    assert replies[0].headers["retry-after"] == "7"
    assert replies[0].json()["message"] == "Service Unavailable"


async def test_retry_after_may_be_a_date(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")

    assert (await client.get("list")).headers["retry-after"] == "Wed, 21 Oct 2026 07:28:00 GMT"


async def test_a_fault_hits_its_route_only(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, route="set", status=500)

    assert (await client.get("list")).status_code == 200
    assert (await client.put("integrations/slack", json={})).status_code == 500


async def test_a_fault_may_be_meant_for_one_connector(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, type="slack", status=500)

    assert (await client.put("integrations/notion", json={})).status_code == 200
    assert (await client.put("integrations/slack", json={})).status_code == 500
    assert (await client.get("status?integration_type=slack&connection_id=x")).status_code == 500


async def test_a_status_fault_keeps_the_operation_from_happening(
    emulator: EmulatorApp, client: httpx.AsyncClient
) -> None:
    await switch_on(emulator, status=500)

    await client.put("integrations/slack", json={})

    assert emulator.world.integrations.open_consents() == ()


async def test_a_carried_out_fault_loses_only_the_reply(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, reset=True, carried_out=True)

    with pytest.raises(httpx.ReadError):
        await client.put("integrations/slack", json={})

    assert len(emulator.world.integrations.open_consents()) == 1


async def test_a_reset_breaks_the_connection_and_is_logged_without_a_status(
    emulator: EmulatorApp, client: httpx.AsyncClient
) -> None:
    await switch_on(emulator, route="list", reset=True)

    with pytest.raises(httpx.ReadError):
        await client.get("list")

    (logged,) = emulator.world.journal.entries
    assert (logged.operation, logged.status) == ("list", None)


async def test_a_delay_comes_before_the_true_reply(
    emulator: EmulatorApp, client: httpx.AsyncClient, pauses: Pauses
) -> None:
    await emulator.client().post("/admin/settings", json={"round_trip_delay": 0.5})
    await switch_on(emulator, route="list", delay=30, count=1)

    assert (await client.get("list")).json() == {"integrations": []}
    assert (await client.get("list")).json() == {"integrations": []}
    assert pauses.seconds == [30.5, 0.5]


async def test_a_truncated_body_is_half_of_the_true_one(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    whole = (await client.get("list")).content
    await switch_on(emulator, body="truncated")

    reply = await client.get("list")

    assert (reply.status_code, reply.content) == (200, whole[: len(whole) // 2])


async def test_a_list_can_say_that_there_is_nothing(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await emulator.client().post(f"/admin/connectors/{emulator.app_id}/slack", json={})
    await switch_on(emulator, route="list", body="nothing", count=1)

    lie, truth = await client.get("list"), await client.get("list")

    assert (lie.status_code, lie.json()) == (200, {"integrations": []})
    assert [one["integration_type"] for one in truth.json()["integrations"]] == ["slack"]


async def test_a_fault_can_be_for_one_app_alone(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, app="another", status=500)
    await switch_on(emulator, app=emulator.app_id, status=503, count=1)

    assert [(await client.get("list")).status_code for _ in range(2)] == [503, 200]
    left = await emulator.client().delete("/admin/faults", params={"app": emulator.app_id})
    assert [fault["app"] for fault in left.json()["faults"]] == ["another"]


@pytest.mark.parametrize(
    ("body", "content_type", "beginning"), [("html", "text/html", b"<!doctype html>"), ("empty", "", b"")]
)
async def test_html_and_empty_bodies(
    emulator: EmulatorApp, client: httpx.AsyncClient, body: str, content_type: str, beginning: bytes
) -> None:
    await switch_on(emulator, body=body, status=502)

    reply = await client.get("list")

    assert reply.status_code == 502
    assert reply.headers.get("content-type", "").startswith(content_type)
    assert reply.content.startswith(beginning)
    assert bool(reply.content) is bool(beginning)


async def test_sign_in_routes_can_fail_too(emulator: EmulatorApp) -> None:
    await switch_on(emulator, route="token", status=500)

    assert (await emulator.client().post("/oauth/token", data={"client_id": "base44_cli"})).status_code == 500


async def test_faults_are_shown_and_cleared(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    await switch_on(emulator, status=500, count=3)
    person = emulator.client()
    await client.get("list")

    assert [fault["count"] for fault in (await person.get("/admin/faults")).json()["faults"]] == [2]
    assert (await person.delete("/admin/faults")).json() == {"faults": []}
    assert (await client.get("list")).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"status": 99}, {"count": 0}, {"delay": -1}, {"body": "half"}, {"misspelt": 1}, {"route": "lst"}],
)
async def test_a_wrong_fault_is_refused(emulator: EmulatorApp, wrong: dict[str, object]) -> None:
    reply = await emulator.client().post("/admin/faults", json=wrong)

    assert reply.status_code == 422
    assert emulator.world.faults.active == ()


def test_the_oldest_fault_that_fits_is_taken_first() -> None:
    faults = Faults()
    for fault in (Fault(method="PUT", status=1), Fault(status=2, count=1), Fault(status=3)):
        faults.add(fault)

    taken = [faults.take("list", "GET", None) for _ in range(2)]

    assert [fault and fault.status for fault in taken] == [2, 3]
