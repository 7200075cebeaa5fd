"""Tokens, API keys and the device login (RFC 8628)."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.emulator_clock import StandingClock

from connectord.emulator import DEFAULT_API_KEY, DEFAULT_EMAIL

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def emulator(clock: StandingClock) -> EmulatorApp:
    return emulator_app(clock=clock)


async def device_code(emulator: EmulatorApp, client_id: str = "base44_cli") -> Any:
    reply = await emulator.client().post("/oauth/device/code", json={"client_id": client_id, "scope": "apps:read"})
    return reply.json()


async def token(emulator: EmulatorApp, **form: str) -> httpx.Response:
    return await emulator.client().post("/oauth/token", data={"client_id": "base44_cli", **form})


async def poll(emulator: EmulatorApp, code: Any) -> httpx.Response:
    return await token(emulator, grant_type=DEVICE, device_code=code["device_code"])


async def refresh(emulator: EmulatorApp, refresh_token: str) -> httpx.Response:
    return await token(emulator, grant_type="refresh_token", refresh_token=refresh_token)


async def listed(emulator: EmulatorApp, **headers: str) -> int:
    return (await emulator.client().get(f"{emulator.api}/external-auth/list", headers=headers)).status_code


def claims(jwt: str) -> Any:
    payload = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def test_a_device_login_shows_a_code_and_where_to_enter_it(emulator: EmulatorApp) -> None:
    code = await device_code(emulator)

    assert (code["verification_uri"], code["expires_in"], code["interval"]) == ("http://testserver/device", 900, 5)
    assert len(code["user_code"]) == len("ABCD-EFGH")


async def test_an_approved_device_gets_tokens_once(emulator: EmulatorApp, clock: StandingClock) -> None:
    code = await device_code(emulator)
    emulator.world.accounts.decide_device_login(code["user_code"].lower(), email="ada@example.com")

    tokens = (await poll(emulator, code)).json()

    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert claims(tokens["access_token"])["sub"] == "ada@example.com"
    assert claims(tokens["access_token"])["exp"] == clock.now + 3600
    assert (await poll(emulator, code)).json()["error"] == "invalid_grant"


async def test_a_waiting_device_hears_that_it_is_pending(emulator: EmulatorApp, clock: StandingClock) -> None:
    code = await device_code(emulator)

    assert (await poll(emulator, code)).json()["error"] == "authorization_pending"
    clock.forward(5)
    assert (await poll(emulator, code)).json()["error"] == "authorization_pending"


async def test_polling_too_fast_lengthens_the_interval_for_good(emulator: EmulatorApp, clock: StandingClock) -> None:
    code = await device_code(emulator)
    await poll(emulator, code)
    clock.forward(4)

    assert (await poll(emulator, code)).json()["error"] == "slow_down"
    clock.forward(9)
    assert (await poll(emulator, code)).json()["error"] == "slow_down"
    clock.forward(15)
    assert (await poll(emulator, code)).json()["error"] == "authorization_pending"


async def test_a_refused_device_hears_so(emulator: EmulatorApp) -> None:
    code = await device_code(emulator)
    emulator.world.accounts.decide_device_login(code["user_code"], email=None)

    reply = await poll(emulator, code)

    assert (reply.status_code, reply.json()["error"]) == (400, "access_denied")


async def test_a_device_code_expires(emulator: EmulatorApp, clock: StandingClock) -> None:
    code = await device_code(emulator)
    clock.forward(900)

    assert (await poll(emulator, code)).json()["error"] == "expired_token"
    assert emulator.world.accounts.open_device_logins() == ()


async def test_another_client_is_refused(emulator: EmulatorApp) -> None:
    assert (await device_code(emulator, client_id="somebody"))["error"] == "invalid_client"
    assert (await token(emulator, client_id="somebody", grant_type=DEVICE)).json()["error"] == "invalid_client"


async def test_an_unknown_grant_type_is_refused(emulator: EmulatorApp) -> None:
    assert (await token(emulator, grant_type="password")).json()["error"] == "unsupported_grant_type"


async def test_a_refresh_rotates_the_refresh_token(emulator: EmulatorApp) -> None:
    old = emulator.world.accounts.sign_in("ada@example.com").refresh_token

    fresh = (await refresh(emulator, old)).json()

    again = await refresh(emulator, old)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(emulator, fresh["refresh_token"])).status_code == 200


async def test_tokens_of_one_second_differ(emulator: EmulatorApp) -> None:
    first = emulator.world.accounts.sign_in(DEFAULT_EMAIL)
    second = emulator.world.accounts.sign_in(DEFAULT_EMAIL)

    assert first.access_token != second.access_token


async def test_an_access_token_ends_with_its_lifetime(emulator: EmulatorApp, clock: StandingClock) -> None:
    bearer = f"Bearer {emulator.world.accounts.sign_in(DEFAULT_EMAIL).access_token}"
    clock.forward(3599)
    assert await listed(emulator, Authorization=bearer) == 200

    clock.forward(1)

    assert await listed(emulator, Authorization=bearer) == 401


async def test_an_api_key_is_enough(emulator: EmulatorApp) -> None:
    assert await listed(emulator, api_key=DEFAULT_API_KEY) == 200
    assert await listed(emulator, api_key="b44k_other") == 401


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic abc"])
async def test_nobody_is_unauthorized(emulator: EmulatorApp, authorization: str) -> None:
    client = emulator.client(Authorization=authorization)

    reply = await client.get(f"{emulator.api}/external-auth/list")

    assert (reply.status_code, reply.json()) == (401, {"detail": "Unauthorized"})


async def test_userinfo_says_who_is_signed_in(emulator: EmulatorApp) -> None:
    client = emulator.client(sign_in=True, email="ada.lovelace@example.com")

    reply = await client.get("/oauth/userinfo")

    assert reply.json() == {"email": "ada.lovelace@example.com", "name": "Ada Lovelace"}
    assert (await emulator.client().get("/oauth/userinfo")).status_code == 401
