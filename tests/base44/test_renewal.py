"""Tokens are renewed in time, once, by one at a time, and what is renewed is kept (P7)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.support.base44 import (
    NOW,
    Time,
    TokenServer,
    a_client,
    expiring,
    read_auth,
    signed_in,
    stored,
    write_auth,
)

from connectord.base44 import (
    SignedOut,
    find_credentials,
)


@pytest.mark.parametrize(
    ("seconds_left", "renewals"), [(3600, 0), (61, 0), (60, 1), (1, 1), (0, 1), (-3600, 1), (-1e9, 1), (1e9, 0)]
)
async def test_a_renewal_is_due_sixty_seconds_before_the_expiry_and_happens_once(
    seconds_left: float, renewals: int, tmp_path: Path
) -> None:
    write_auth(tmp_path, expiring(seconds_left))
    server = TokenServer()
    base44 = signed_in(tmp_path, server)
    await base44.user()
    await base44.user()
    assert server.renewals == renewals


@pytest.mark.parametrize("expiry", [None, "soon", "1800000000000", True, [], -5, 0, 1.5, 1e300])
async def test_an_expiry_that_says_nothing_costs_at_most_one_renewal(expiry: object, tmp_path: Path) -> None:
    write_auth(tmp_path, stored(expiresAt=expiry))
    server = TokenServer()
    base44 = signed_in(tmp_path, server)
    await base44.user()
    await base44.user()
    assert server.renewals <= 1


async def test_tokens_without_an_expiry_are_renewed_by_a_401(tmp_path: Path) -> None:
    document = stored()
    del document["expiresAt"]
    write_auth(tmp_path, document)
    server = TokenServer(accepts="access-2")
    await signed_in(tmp_path, server).user()
    assert server.asked == ["access-1", "renew refresh-1", "access-2"]


async def test_tokens_that_live_for_seconds_are_not_renewed_by_every_request(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(lifetime=10)
    base44 = signed_in(tmp_path, server)
    for _ in range(3):
        await base44.user()
    assert server.renewals == 1


async def test_a_clock_that_jumps_ahead_costs_one_renewal(tmp_path: Path) -> None:
    write_auth(tmp_path)
    time, server = Time(), TokenServer()
    base44 = signed_in(tmp_path, server, time)
    await base44.user()
    time.now += 10 * 365 * 86400
    await base44.user()
    await base44.user()
    time.now = NOW
    await base44.user()
    assert server.renewals == 1


async def test_a_renewal_is_written_whole_private_and_with_the_files_other_keys(tmp_path: Path) -> None:
    path = write_auth(tmp_path, expiring(0, workspace="w1"))
    path.chmod(0o644)
    await signed_in(tmp_path, TokenServer()).user()
    expiry = int((NOW + 3600) * 1000)
    assert read_auth(tmp_path) == stored("access-2", "refresh-2", expiresAt=expiry, workspace="w1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["auth.json", "auth.json.lock"]


async def test_a_401_renews_once_and_replays_once(tmp_path: Path) -> None:
    write_auth(tmp_path)
    server = TokenServer(accepts="access-2")
    await signed_in(tmp_path, server).user()
    assert server.asked == ["access-1", "renew refresh-1", "access-2"]


async def test_a_401_that_stays_is_signed_out_after_one_renewal(tmp_path: Path) -> None:
    write_auth(tmp_path)
    server = TokenServer(accepts="another")
    with pytest.raises(SignedOut, match="Base44 refused to show who is signed in: Unauthorized") as caught:
        await signed_in(tmp_path, server).user()
    assert server.asked == ["access-1", "renew refresh-1", "access-2"]
    assert caught.value.todo == ("Sign in: connectord login",)


async def test_a_401_replays_even_a_post_once(tmp_path: Path) -> None:
    write_auth(tmp_path)
    asked: list[str] = []

    class Installing(TokenServer):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await super().handle_async_request(request)
            asked.append(f"{request.method} {request.url.path} {reply.status_code}")
            if reply.is_success and "stripe" in request.url.path:
                return httpx.Response(200, json={"already_installed": False, "claim_url": None})
            return reply

    await signed_in(tmp_path, Installing(accepts="access-2")).app("app1").install_stripe()
    install = "POST /api/apps/app1/payments/stripe/install"
    assert asked == [f"{install} 401", "POST /oauth/token 200", f"{install} 200"]


async def test_many_requests_at_once_share_one_renewal(tmp_path: Path) -> None:
    write_auth(tmp_path)
    server = TokenServer(accepts="access-2")
    base44 = signed_in(tmp_path, server)
    await asyncio.gather(*(base44.user() for _ in range(20)))
    assert server.renewals == 1


async def test_two_clients_of_one_process_share_one_renewal(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer()
    # A lock is waited for in real time here: who holds it writes to a real disk.
    found = [find_credentials({}, tmp_path, clock=Time()) for _ in range(5)]
    clients = [a_client(server, credentials=credentials) for credentials in found]
    await asyncio.gather(*(base44.user() for base44 in clients))
    assert server.renewals == 1
