"""A device login as RFC 8628 says: shown once, polled no faster than asked, ended by the person or the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.base44 import NOW, Reply, Time, Wire, a_client, auth_file, ok, read_auth, write_auth

from connectord.base44 import (
    Base44Error,
    Busy,
    DeviceCode,
    Refused,
    SignedOut,
    SignInFailed,
    UnexpectedReply,
    User,
    sign_in,
)

CODE: dict[str, Any] = {
    "device_code": "device-secret",
    "user_code": "ABCD-1234",
    "verification_uri": "https://base44.test/device",
    "expires_in": 600,
    "interval": 5,
}
TOKEN = {"access_token": "access-1", "refresh_token": "refresh-1", "token_type": "Bearer", "expires_in": 3600}
USER = ok({"email": "ada@x.test", "name": "Ada"})
PENDING = ok({"error": "authorization_pending"}, 400)
SLOW_DOWN = ok({"error": "slow_down"}, 400)


async def login(home: Path, *replies: Reply, time: Time | None = None, **code: Any) -> tuple[User, Wire, Time]:
    time = time or Time()
    wire = Wire([ok(CODE | code), *replies])
    base44 = a_client(wire, time=time)
    user = await sign_in(base44, show=lambda _: None, home=home, sleep=time.sleep, clock=time)
    return user, wire, time


async def test_a_login_shows_the_code_waits_and_writes_the_credentials(tmp_path: Path) -> None:
    shown: list[DeviceCode] = []
    time, wire = Time(), Wire([ok(CODE), PENDING, PENDING, ok(TOKEN), USER])
    user = await sign_in(a_client(wire, time=time), show=shown.append, home=tmp_path, sleep=time.sleep, clock=time)
    assert (user.email, [code.user_code for code in shown], time.slept) == ("ada@x.test", ["ABCD-1234"], [5.0, 5.0])
    assert read_auth(tmp_path) == {
        "accessToken": "access-1",
        "refreshToken": "refresh-1",
        "expiresAt": int((NOW + 10 + 3600) * 1000),
        "email": "ada@x.test",
        "name": "Ada",
    }


async def test_a_login_sends_what_the_cli_sends(tmp_path: Path) -> None:
    _, wire, _ = await login(tmp_path, ok(TOKEN), USER)
    assert wire.asked == ["POST /oauth/device/code", "POST /oauth/token", "GET /oauth/userinfo"]
    code, token, user = wire.requests
    assert code.content == b'{"client_id":"base44_cli","scope":"apps:read apps:write sandbox:write"}'
    assert token.content == (
        b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
        b"&device_code=device-secret&client_id=base44_cli"
    )
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert user.headers["authorization"] == "Bearer access-1"
    assert not {"authorization", "api_key"} & {*code.headers, *token.headers}


async def test_slow_down_adds_five_seconds_for_good(tmp_path: Path) -> None:
    _, _, time = await login(tmp_path, PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, ok(TOKEN), USER)
    assert time.slept == [5.0, 10.0, 10.0, 15.0]


async def test_without_an_interval_it_is_five_seconds(tmp_path: Path) -> None:
    code = {key: value for key, value in CODE.items() if key != "interval"}
    time, wire = Time(), Wire([ok(code), PENDING, ok(TOKEN), USER])
    await sign_in(a_client(wire, time=time), show=lambda _: None, home=tmp_path, sleep=time.sleep, clock=time)
    assert time.slept == [5.0]


HICCUPS: list[Reply] = [
    httpx.ConnectError("offline"),
    httpx.ReadTimeout("slow"),
    httpx.Response(502, html="<html>"),
    httpx.Response(429),
    httpx.Response(200, html="<html>"),
    httpx.Response(400, text="nonsense"),
]


@pytest.mark.parametrize("hiccup", HICCUPS, ids=str)
async def test_a_hiccup_while_polling_does_not_end_the_login(hiccup: Reply, tmp_path: Path) -> None:
    user, _, _ = await login(tmp_path, PENDING, hiccup, ok(TOKEN), USER)
    assert user.name == "Ada"


ENDS = [("access_denied", "denied in the browser"), ("expired_token", "expired before it was confirmed")]


@pytest.mark.parametrize(("error", "sentence"), ENDS)
async def test_a_login_that_is_denied_or_too_late_ends_and_writes_nothing(
    error: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SignInFailed, match=sentence) as caught:
        await login(tmp_path, PENDING, ok({"error": error}, 400))
    assert isinstance(caught.value, SignedOut)
    assert not auth_file(tmp_path).exists()


async def test_another_oauth_error_ends_the_login_with_its_words(tmp_path: Path) -> None:
    reply = ok({"error": "invalid_client", "error_description": "Unknown client"}, 400)
    with pytest.raises(Refused, match="refused to finish the login: Unknown client"):
        await login(tmp_path, reply)


async def test_a_login_that_nobody_confirms_ends_with_the_code_after_one_last_poll(tmp_path: Path) -> None:
    time = Time()
    with pytest.raises(SignInFailed, match="not confirmed in time"):
        await login(tmp_path, PENDING, time=time, expires_in=12)
    assert time.slept == [5.0, 5.0, 2.0]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "", "ftp://x", "base44.test/device"])
async def test_a_link_that_is_not_http_is_never_shown(link: str, tmp_path: Path) -> None:
    shown: list[DeviceCode] = []
    wire = Wire([ok(CODE | {"verification_uri": link})])
    with pytest.raises(UnexpectedReply, match='key "verification_uri": is not an http'):
        await sign_in(a_client(wire), show=shown.append, home=tmp_path)
    assert (shown, len(wire.requests)) == ([], 1)


@pytest.mark.parametrize("wrong", [{"expires_in": 0}, {"interval": -1}, {"device_code": ""}, {"user_code": None}])
async def test_a_code_of_a_wrong_shape_is_an_unexpected_reply(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnexpectedReply, match=f'key "{next(iter(wrong))}"'):
        await login(tmp_path, **wrong)


async def test_a_login_that_cannot_start_says_so(tmp_path: Path) -> None:
    wire = Wire([httpx.Response(503)])
    with pytest.raises(Busy, match="can't start a login"):
        await sign_in(a_client(wire), show=lambda _: None, home=tmp_path)
    assert len(wire.requests) == 1


async def test_nothing_is_written_when_nobody_says_who_signed_in(tmp_path: Path) -> None:
    with pytest.raises(Base44Error):
        await login(tmp_path, ok(TOKEN), httpx.Response(403))
    assert not auth_file(tmp_path).exists()


async def test_a_login_replaces_another_persons_credentials(tmp_path: Path) -> None:
    write_auth(tmp_path)
    await login(tmp_path, ok(TOKEN | {"access_token": "access-5"}), USER)
    assert read_auth(tmp_path)["accessToken"] == "access-5"


async def test_a_login_keeps_a_damaged_file_beside_the_new_one(tmp_path: Path) -> None:
    path = write_auth(tmp_path, "{half")
    await login(tmp_path, ok(TOKEN), USER)
    assert path.with_name("auth.json.damaged").read_text() == "{half"
    assert read_auth(tmp_path)["accessToken"] == "access-1"
