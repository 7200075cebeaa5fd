"""Stripe: status, install, claim and remove."""

from __future__ import annotations

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app()


@pytest.fixture
def client(emulator: EmulatorApp) -> httpx.AsyncClient:
    client = emulator.client(sign_in=True)
    client.base_url = httpx.URL(f"http://testserver{emulator.api}/payments/")
    return client


async def test_stripe_isn_t_there_at_first(client: httpx.AsyncClient) -> None:
    assert (await client.get("stripe/status")).json() == {"stripe_mode": None, "sandbox_claim_url": None}


async def test_installing_makes_a_sandbox_with_a_claim_link(client: httpx.AsyncClient) -> None:
    installed = (await client.post("stripe/install")).json()

    assert installed["already_installed"] is False
    assert installed["claim_url"].startswith("http://testserver/claim/")
    status = (await client.get("stripe/status")).json()
    assert status == {"stripe_mode": "sandbox", "sandbox_claim_url": installed["claim_url"]}


async def test_installing_again_changes_nothing(client: httpx.AsyncClient) -> None:
    first = (await client.post("stripe/install")).json()

    assert (await client.post("stripe/install")).json() == {**first, "already_installed": True}


async def test_claiming_on_the_page_makes_it_live(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    link = (await client.post("stripe/install")).json()["claim_url"]
    person = emulator.client()

    asked = await person.get(link)
    claimed = await person.post(link)

    assert "<button>Claim</button>" in asked.text
    assert "Stripe is yours" in claimed.text
    assert (await client.get("stripe/status")).json() == {"stripe_mode": "live", "sandbox_claim_url": None}
    assert (await client.post("stripe/install")).json() == {"already_installed": True, "claim_url": None}
    assert (await person.get(link)).status_code == 410


async def test_removing_takes_it_away_and_may_be_repeated(emulator: EmulatorApp, client: httpx.AsyncClient) -> None:
    link = (await client.post("stripe/install")).json()["claim_url"]

    assert (await client.delete("stripe")).json() == {"success": True}
    assert (await client.delete("stripe")).json() == {"success": True}
    assert (await client.get("stripe/status")).json()["stripe_mode"] is None
    assert (await emulator.client().get(link)).status_code == 404
    assert (await emulator.client().post(link)).status_code == 404


async def test_stripe_is_never_listed_among_the_oauth_connectors(
    emulator: EmulatorApp, client: httpx.AsyncClient
) -> None:
    await client.post("stripe/install")

    reply = await client.get(f"http://testserver{emulator.api}/external-auth/list")

    assert reply.json() == {"integrations": []}
