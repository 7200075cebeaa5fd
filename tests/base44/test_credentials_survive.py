"""Nothing but the service's own word is signed out, and nothing ever deletes or loses credentials (P7)."""

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
    invalid_grant,
    read_auth,
    signed_in,
    stored,
    write_auth,
)

from connectord.base44 import (
    Base44Error,
    Busy,
    CredentialsUnusable,
    Refused,
    SignedOut,
    TimedOut,
    UnexpectedReply,
    Unreachable,
)
from connectord.base44.auth_file import AuthFile, Mark
from connectord.base44.shared_tokens import SharedTokens
from connectord.base44.tokens import Tokens

HTML = "<html><title>502</title>"
TRANSIENT: list[tuple[httpx.Response | Exception, type[Base44Error]]] = [
    (httpx.Response(500), Busy),
    (httpx.Response(502, html=HTML), Busy),
    (httpx.Response(503, json={"error": "invalid_grant"}), Busy),
    (httpx.Response(429, headers={"retry-after": "9"}), Busy),
    (httpx.ConnectError("offline"), Unreachable),
    (httpx.ReadTimeout("slow"), TimedOut),
    (httpx.Response(200, html=HTML), UnexpectedReply),
    (httpx.Response(200, json={"access_token": "a"}), UnexpectedReply),
    (httpx.Response(200, json={"error": "invalid_grant"}), UnexpectedReply),
    (httpx.Response(200), UnexpectedReply),
    (httpx.Response(302, headers={"location": "https://x.test"}), UnexpectedReply),
    (httpx.Response(400, html=HTML), UnexpectedReply),
    (httpx.Response(401, text="nope"), UnexpectedReply),
    (httpx.Response(401, json={"detail": "Unauthorized"}), UnexpectedReply),
    (httpx.Response(403, json={"error": "invalid_grant"}), Refused),
    (httpx.Response(400, json={"error": "invalid_client"}), Refused),
]


@pytest.mark.parametrize(("reply", "kind"), TRANSIENT, ids=str)
async def test_defect_09_a_renewal_that_fails_leaves_the_credentials_as_they_were(
    reply: httpx.Response | Exception, kind: type[Base44Error], tmp_path: Path
) -> None:
    path = write_auth(tmp_path, expiring(0))
    before = path.read_bytes()
    server = TokenServer(instead=[reply])
    base44 = signed_in(tmp_path, server)
    with pytest.raises(kind) as caught:
        await base44.user()
    assert not isinstance(caught.value, SignedOut)
    assert caught.value.operation == "renew the sign-in"
    assert path.read_bytes() == before
    assert server.renewals == 1
    assert (await base44.user()).email == "ada@x.test"


@pytest.mark.parametrize("status", [400, 401])
async def test_defect_09_only_invalid_grant_is_signed_out_and_even_then_the_file_stays(
    status: int, tmp_path: Path
) -> None:
    path = write_auth(tmp_path, expiring(0))
    before = path.read_bytes()
    server = TokenServer(instead=[invalid_grant(status)])
    with pytest.raises(SignedOut, match="no longer accepts the sign-in") as caught:
        await signed_in(tmp_path, server).user()
    assert caught.value.status == status
    assert path.read_bytes() == before


async def test_a_refused_refresh_token_is_not_sent_again_until_there_is_another(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(instead=[invalid_grant()])
    base44 = signed_in(tmp_path, server)
    for _ in range(3):
        with pytest.raises(SignedOut):
            await base44.user()
    assert server.asked == ["renew refresh-1"]
    write_auth(tmp_path, stored("access-1", "refresh-7"))
    assert (await base44.user()).name == "Ada"


async def test_a_damaged_file_is_an_error_with_its_place_and_is_never_overwritten(tmp_path: Path) -> None:
    path = write_auth(tmp_path, '{\n  "accessToken": "a",\n  oops\n}')
    before = path.read_bytes()
    server = TokenServer()
    with pytest.raises(CredentialsUnusable, match=r"auth\.json:3:3: the credentials file is damaged: is not JSON"):
        await signed_in(tmp_path, server).user()
    assert (server.asked, path.read_bytes()) == ([], before)


async def test_a_file_damaged_during_a_renewal_is_left_and_the_new_tokens_live_on_in_memory(tmp_path: Path) -> None:
    path = write_auth(tmp_path, expiring(0))
    server = TokenServer(during=lambda: path.write_text("{half"))
    base44 = signed_in(tmp_path, server)
    await base44.user()
    await base44.user()
    assert path.read_text() == "{half"
    assert server.asked == ["renew refresh-1", "access-2", "access-2"]


class FullDisk(AuthFile):
    """A file on a disk that is full until there is `room`."""

    room = False

    def _replace(self, content: bytes) -> Mark:
        if not self.room:
            raise OSError(28, "No space left on device")
        return super()._replace(content)


async def test_renewed_tokens_that_cannot_be_saved_live_on_and_are_saved_when_there_is_room(tmp_path: Path) -> None:
    path = write_auth(tmp_path, expiring(0))
    told: list[CredentialsUnusable] = []
    time, server, file = Time(), TokenServer(), FullDisk(tmp_path)
    credentials = SharedTokens(file, clock=time, sleep=time.sleep, on_problem=told.append)
    base44 = a_client(server, credentials=credentials)
    before = path.read_bytes()
    await base44.user()
    await base44.user()
    assert server.asked == ["renew refresh-1", "access-2", "access-2"]
    assert [problem.what for problem in told] == [
        f"{path}: the credentials file can't be written: No space left on device"
    ]
    assert credentials.problem is not None
    assert path.read_bytes() == before
    file.room = True
    await base44.user()
    assert read_auth(tmp_path)["refreshToken"] == "refresh-2"
    assert credentials.problem is None


async def test_a_home_where_no_lock_can_be_made_still_renews(tmp_path: Path) -> None:
    (tmp_path / ".base44").write_text("a file where the folder should be")
    time, server = Time(), TokenServer()
    told: list[CredentialsUnusable] = []
    seed = Tokens("access-1", "refresh-1", NOW, "ada@x.test", "Ada")
    file = AuthFile(tmp_path)
    credentials = SharedTokens(file, seed=seed, clock=time, sleep=time.sleep, on_problem=told.append)
    assert (await a_client(server, credentials=credentials).user()).name == "Ada"
    assert "can't be written" in told[0].what


async def test_a_cancelled_request_does_not_lose_the_rotated_token(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    started, go_on = asyncio.Event(), asyncio.Event()

    class Slow(TokenServer):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await super().handle_async_request(request)
            started.set()
            await go_on.wait()
            return reply

    task = asyncio.create_task(signed_in(tmp_path, Slow()).user())
    await started.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert read_auth(tmp_path)["refreshToken"] == "refresh-2"
