"""What every request meets: request ids, loopback hosts, origins, the log."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app()


@pytest.fixture
def client(emulator: EmulatorApp) -> httpx.AsyncClient:
    return emulator.client(sign_in=True)


@pytest.mark.parametrize("path", ["/", "/admin/state", "/nowhere", "/oauth/userinfo", "/api/external-auth/connect/x"])
async def test_every_reply_has_a_request_id(emulator: EmulatorApp, path: str) -> None:
    reply = await emulator.client().get(path)

    assert uuid.UUID(reply.headers["x-request-id"]).version == 4


async def test_a_request_id_that_was_sent_comes_back(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    reply = await client.get(f"{emulator.api}/external-auth/list", headers={"X-Request-ID": "abc-123"})

    assert reply.headers["x-request-id"] == "abc-123"
    assert emulator.world.journal.entries[0].request_id == "abc-123"


async def test_a_monstrous_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    reply = await client.get("/nowhere", headers={"X-Request-ID": "x" * 129})

    assert uuid.UUID(reply.headers["x-request-id"]).version == 4


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
@pytest.mark.parametrize("path", ["/", "/admin/state", "/device"])
async def test_a_name_that_isn_t_loopback_is_refused(emulator: EmulatorApp, host: str, path: str) -> None:
    assert (await emulator.client().get(path, headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:4400", "localhost:4400"])
async def test_loopback_names_are_answered(emulator: EmulatorApp, host: str) -> None:
    assert (await emulator.client().get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://testserver"])
async def test_another_origin_changes_nothing(emulator: EmulatorApp, origin: str) -> None:
    person = emulator.client(Origin=origin)
    login = emulator.world.accounts.start_device_login()

    form = {"user_code": login.user_code, "action": "allow"}
    assert (await person.post("/device", data=form)).status_code == 403
    assert (await person.post("/admin/apps/other", json={})).status_code == 403
    assert emulator.world.accounts.open_device_logins() == (login,)
    assert list(emulator.world.state.apps) == [emulator.app_id]


async def test_its_own_pages_may_change_things(emulator: EmulatorApp) -> None:
    person = emulator.client(Origin="http://testserver")

    assert (await person.post("/admin/reset")).status_code == 200


async def test_unknown_routes_are_json_as_everything_else(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    missing = await client.get("/nowhere")
    wrong_method = await client.post(f"{emulator.api}/external-auth/list")

    assert (missing.status_code, missing.json()["detail"]) == (404, "Not Found")
    assert (wrong_method.status_code, wrong_method.json()["detail"]) == (405, "Method Not Allowed")


async def test_the_log_has_what_clients_sent(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    await client.put(f"{emulator.api}/external-auth/integrations/slack", json={"scopes": ["chat:write"]})
    await client.get(f"{emulator.api}/external-auth/status?integration_type=slack&connection_id=x")

    logged = (await client.get("/admin/requests")).json()["requests"]

    keys = ("number", "method", "path", "query", "operation", "body", "status")
    assert [tuple(one[key] for key in keys) for one in logged] == [
        (
            1,
            "PUT",
            f"{emulator.api}/external-auth/integrations/slack",
            "",
            "set",
            {"scopes": ["chat:write"]},
            200,
        ),
        (
            2,
            "GET",
            f"{emulator.api}/external-auth/status",
            "integration_type=slack&connection_id=x",
            "poll",
            None,
            404,
        ),
    ]


async def test_pages_and_admin_routes_are_not_logged(emulator: EmulatorApp) -> None:
    person = emulator.client()
    for path in ("/", "/admin/state", "/device", "/claim/x", "/api/external-auth/connect/x"):
        await person.get(path)

    assert emulator.world.journal.entries == ()


async def test_a_request_to_a_wrong_path_is_logged(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    await client.get("/api/wrong")

    assert [(one.path, one.status) for one in emulator.world.journal.entries] == [("/api/wrong", 404)]


async def test_no_token_is_in_the_log_or_the_state(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    pair = emulator.world.accounts.sign_in("dev@example.com")
    form = {"client_id": "base44_cli", "grant_type": "refresh_token", "refresh_token": pair.refresh_token}
    fresh = (await client.post("/oauth/token", data=form)).json()

    shown = json.dumps([(await client.get(path)).json() for path in ("/admin/requests", "/admin/state")])

    for secret in (pair.refresh_token, fresh["access_token"], fresh["refresh_token"]):
        assert secret not in shown
    assert '"refresh_token": "***"' in shown


async def test_the_log_can_be_cleared(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    await client.get(f"{emulator.api}/external-auth/list")

    await client.delete("/admin/requests")

    assert (await client.get("/admin/requests")).json() == {"requests": []}
