"""The client and the emulator, which share no code, over real sockets: every operation, login and what may go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.base44 import read_auth
from tests.support.emulator import RunningEmulator, running_emulator

from connectord.base44 import (
    Base44,
    Busy,
    ConnectionStatus,
    ConsentStatus,
    DeviceCode,
    NotFound,
    Retry,
    SignedOut,
    SignInFailed,
    StripeMode,
    UnexpectedReply,
    Unreachable,
    find_credentials,
    sign_in,
    signed_in_as,
)

QUICK = Retry(first_backoff=0.001)


@pytest.fixture(scope="module")
def process() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(process: RunningEmulator) -> RunningEmulator:
    process.admin("reset")
    return process


@pytest.fixture
async def base44(emulator: RunningEmulator, tmp_path: Path) -> AsyncIterator[Base44]:
    emulator.sign_in(tmp_path)
    async with Base44(emulator.url, find_credentials({}, tmp_path), retry=QUICK) as client:
        yield client


async def test_a_connector_is_set_consented_listed_and_removed(emulator: RunningEmulator, base44: Base44) -> None:
    app = base44.app(emulator.app_id)
    reply = await app.set_connector("slack", ["chat:write"])
    assert reply.redirect_url is not None
    assert reply.connection_id is not None
    assert await app.poll_authorization("slack", reply.connection_id) is ConsentStatus.PENDING
    await asyncio.to_thread(emulator.consent, emulator.open_links()["slack"])
    assert await app.poll_authorization("slack", reply.connection_id) is ConsentStatus.ACTIVE
    [connector] = await app.list_connectors()
    assert (connector.type, connector.status) == ("slack", ConnectionStatus.ACTIVE)
    assert "chat:write" in connector.scopes
    await app.remove_connector("slack")
    await app.remove_connector("slack")
    assert await app.list_connectors() == ()


async def test_stripe_is_provisioned_and_removed(emulator: RunningEmulator, base44: Base44) -> None:
    app = base44.app(emulator.app_id)
    assert not (await app.stripe_status()).installed
    first, second = await app.install_stripe(), await app.install_stripe()
    assert (first.already_installed, second.already_installed) == (False, True)
    assert (await app.stripe_status()).stripe_mode is StripeMode.SANDBOX
    await app.remove_stripe()
    assert not (await app.stripe_status()).installed


async def test_the_catalogue_can_be_read(emulator: RunningEmulator, base44: Base44) -> None:
    catalogue = {entry.type: entry for entry in await base44.app(emulator.app_id).list_available()}
    assert [field.name for field in catalogue["share_point"].connection_config_fields] == ["subdomain"]


async def test_an_unknown_app_is_not_found_and_says_what_to_check(base44: Base44) -> None:
    with pytest.raises(NotFound) as caught:
        await base44.app("nobodys").list_connectors()
    assert "app id in .app.jsonc" in caught.value.todo[0]


async def test_an_expired_token_is_renewed_on_the_way(
    emulator: RunningEmulator, base44: Base44, tmp_path: Path
) -> None:
    before = read_auth(tmp_path)
    await asyncio.to_thread(emulator.admin, "tokens/expire")
    assert (await base44.user()).email == before["email"]
    assert read_auth(tmp_path)["refreshToken"] != before["refreshToken"]


async def test_a_revoked_sign_in_is_signed_out_and_the_file_stays(
    emulator: RunningEmulator, base44: Base44, tmp_path: Path
) -> None:
    before = read_auth(tmp_path)
    await asyncio.to_thread(emulator.admin, "tokens/revoke")
    with pytest.raises(SignedOut):
        await base44.user()
    assert read_auth(tmp_path) == before


async def test_a_device_login_from_the_code_to_the_file(emulator: RunningEmulator, tmp_path: Path) -> None:
    def approve(code: DeviceCode) -> None:
        emulator.approve_device(code.user_code)

    async with Base44(emulator.url, find_credentials({}, tmp_path)) as client:
        user = await sign_in(client, show=approve, home=tmp_path)
        assert (await client.user()).email == user.email == signed_in_as({}, tmp_path).email


async def test_a_denied_device_login_ends(emulator: RunningEmulator, tmp_path: Path) -> None:
    async with Base44(emulator.url, find_credentials({}, tmp_path)) as client:
        with pytest.raises(SignInFailed, match="denied"):
            await sign_in(client, show=lambda code: emulator.deny_device(code.user_code), home=tmp_path)


@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"status": 429, "retry_after": "0"}])
async def test_a_fault_that_passes_is_ridden_out(
    fault: dict[str, object], emulator: RunningEmulator, base44: Base44
) -> None:
    emulator.fault(route="list", count=2, **fault)
    assert await base44.app(emulator.app_id).list_connectors() == ()
    assert [request["path"].rpartition("/")[2] for request in emulator.requests()] == ["list"] * 3


@pytest.mark.parametrize("body", ["truncated", "html", "empty", "large", "endless"])
async def test_a_body_that_is_none_is_an_unexpected_reply(body: str, emulator: RunningEmulator, base44: Base44) -> None:
    emulator.fault(route="list", body=body)
    with pytest.raises(UnexpectedReply, match="list the connectors"):
        await base44.app(emulator.app_id).list_connectors()


async def test_defect_11_an_hour_of_retry_after_returns_at_once(emulator: RunningEmulator, base44: Base44) -> None:
    emulator.fault(route="list", status=429, retry_after="3600")
    with pytest.raises(Busy) as caught:
        await base44.app(emulator.app_id).list_connectors()
    assert caught.value.retry_after == 3600


async def test_defect_09_a_token_endpoint_that_fails_leaves_the_credentials(
    emulator: RunningEmulator, base44: Base44, tmp_path: Path
) -> None:
    before = read_auth(tmp_path)
    await asyncio.to_thread(emulator.admin, "tokens/expire")
    for fault in ({"status": 500}, {"body": "html"}, {"reset": True}):
        emulator.fault(route="token", count=1, **fault)
        with pytest.raises((Busy, UnexpectedReply, Unreachable)):
            await base44.user()
    assert read_auth(tmp_path) == before
    assert (await base44.user()).email == before["email"]
