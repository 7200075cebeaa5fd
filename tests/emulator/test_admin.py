"""The admin routes: looking, deciding for people, changing the world under a client's feet."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app

from connectord.emulator.admin_routes import ADMIN_ROUTES


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app()


@pytest.fixture
def client(emulator: EmulatorApp) -> httpx.AsyncClient:
    return emulator.client(sign_in=True)


async def asked(client: httpx.AsyncClient, emulator: EmulatorApp) -> str:
    """The connection id of a consent that waits."""
    reply = await client.put(f"{emulator.api}/external-auth/integrations/slack", json={"scopes": ["chat:write"]})
    return str(reply.json()["connection_id"])


async def listed(client: httpx.AsyncClient, emulator: EmulatorApp) -> Any:
    return (await client.get(f"{emulator.api}/external-auth/list")).json().get("integrations")


@pytest.mark.parametrize(("action", "status"), [("allow", "ACTIVE"), ("deny", "FAILED"), ("expire", "FAILED")])
async def test_a_consent_can_be_decided(
    client: httpx.AsyncClient, emulator: EmulatorApp, action: str, status: str
) -> None:
    connection_id = await asked(client, emulator)

    reply = await client.post(f"/admin/consents/{connection_id}", json={"action": action})

    assert (reply.json()["status"], reply.json()["type"]) == (status, "slack")
    again = await client.post(f"/admin/consents/{connection_id}", json={"action": action})
    assert again.status_code == 410


async def test_a_consent_can_be_given_with_another_account(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    connection_id = await asked(client, emulator)

    await client.post(f"/admin/consents/{connection_id}", json={"action": "allow", "email": "team@example.com"})

    assert (await listed(client, emulator))[0]["user_email"] == "team@example.com"


async def test_an_unknown_consent_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.post("/admin/consents/base44_x", json={"action": "allow"})).status_code == 404


@pytest.mark.parametrize(("action", "status"), [("allow", "approved"), ("deny", "denied")])
async def test_a_device_login_can_be_decided(
    client: httpx.AsyncClient, emulator: EmulatorApp, action: str, status: str
) -> None:
    login = emulator.world.accounts.start_device_login()

    await client.post(f"/admin/devices/{login.user_code}", json={"action": action})

    devices = (await client.get("/admin/state")).json()["devices"]
    assert [(one["user_code"], one["status"]) for one in devices] == [(login.user_code, status)]


async def test_a_device_login_can_t_be_expired(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    login = emulator.world.accounts.start_device_login()

    assert (await client.post(f"/admin/devices/{login.user_code}", json={"action": "expire"})).status_code == 422


async def test_a_connector_can_be_put_there_as_somebody_else_would(
    client: httpx.AsyncClient, emulator: EmulatorApp
) -> None:
    path = f"/admin/connectors/{emulator.app_id}/slack"

    await client.post(path, json={"scopes": ["chat:write"], "email": "a@example.com"})
    await client.post(path, json={"status": "expired"})

    assert await listed(client, emulator) == [
        {"integration_type": "slack", "status": "expired", "scopes": ["chat:write"], "user_email": "a@example.com"}
    ]


async def test_a_connector_of_no_known_type_is_refused(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    assert (await client.post(f"/admin/connectors/{emulator.app_id}/myspace", json={})).status_code == 400


async def test_expired_access_tokens_can_be_refreshed(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    pair = emulator.world.accounts.sign_in("dev@example.com")

    assert (await client.post("/admin/tokens/expire")).json() == {"expired": 2}

    assert await listed(client, emulator) is None
    assert emulator.world.accounts.refresh(pair.refresh_token).access_token


async def test_revoked_sessions_are_over(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    pair = emulator.world.accounts.sign_in("dev@example.com")
    await client.post("/admin/tokens/revoke")
    form = {"client_id": "base44_cli", "grant_type": "refresh_token", "refresh_token": pair.refresh_token}

    assert (await client.post("/oauth/token", data=form)).json()["error"] == "invalid_grant"


async def test_tokens_can_be_had_without_a_device_login(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    tokens = (await client.post("/admin/tokens", json={"email": "ada@example.com"})).json()

    assert emulator.world.accounts.holder_of_token(tokens["access_token"]) == "ada@example.com"


async def test_settings_change_only_where_they_are_named(client: httpx.AsyncClient) -> None:
    changed = (await client.post("/admin/settings", json={"link_lifetime": 5, "limits": False})).json()

    assert changed == {
        "token_lifetime": 3600,
        "link_lifetime": 5.0,
        "device_lifetime": 900,
        "device_interval": 5,
        "limits": False,
        "round_trip_delay": 0.0,
    }


@pytest.mark.parametrize("wrong", [{"token_lifetime": 0}, {"round_trip_delay": -1}, {"lnik_lifetime": 1}])
async def test_a_wrong_setting_is_refused_by_name(client: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    reply = await client.post("/admin/settings", json=wrong)

    assert reply.status_code == 422
    assert [error["name"] for error in reply.json()["extra_data"]["errors"]] == list(wrong)


async def test_access_to_an_app_can_be_taken_and_given(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    path = f"{emulator.api}/external-auth/list"
    await client.post(f"/admin/apps/{emulator.app_id}", json={"accessible": False})
    assert (await client.get(path)).status_code == 403

    await client.post(f"/admin/apps/{emulator.app_id}", json={"accessible": True})

    assert (await client.get(path)).status_code == 200


async def test_an_app_can_be_added(client: httpx.AsyncClient) -> None:
    await client.post("/admin/apps/another")

    assert (await client.get("/api/apps/another/external-auth/list")).status_code == 200


async def test_a_stripe_sandbox_can_be_claimed(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    path = f"/admin/stripe/{emulator.app_id}/claim"
    assert (await client.post(path)).status_code == 404
    await client.post(f"{emulator.api}/payments/stripe/install")

    await client.post(path)

    stripe = (await client.get("/admin/state")).json()["stripe"]
    assert stripe[emulator.app_id]["mode"] == "live"


async def test_reset_begins_anew(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    await client.post("/admin/faults", json={"route": "poll", "status": 500})
    await client.post("/admin/settings", json={"limits": False})
    await asked(client, emulator)

    await client.post("/admin/reset")

    state = (await client.get("/admin/state")).json()
    assert (state["consents"], state["access_tokens"], state["settings"]["limits"]) == ([], 0, True)
    assert (await client.get("/admin/faults")).json() == {"faults": []}
    assert (await client.get("/admin/requests")).json() == {"requests": []}
    assert await listed(emulator.client(sign_in=True), emulator) == []


async def test_the_list_of_admin_routes_is_true(client: httpx.AsyncClient, emulator: EmulatorApp) -> None:
    assert list((await client.get("/admin")).json()) == [one.route for one in ADMIN_ROUTES]
    for one in ADMIN_ROUTES:
        methods, _, path = one.route.rpartition(" ")
        for method in methods.split(", "):
            reply = await client.request(
                method, path.format(app_id="x", type="slack", connection_id="x", user_code="x")
            )
            assert (method, path, reply.json().get("detail")) != (method, path, "Not Found")
            assert reply.status_code != 405
