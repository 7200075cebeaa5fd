"""P13: no token, key or device code is ever in a repr, an error or a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

import httpx
import pytest
from tests.support.base44 import API_KEY, NOW, TokenServer, Wire, a_client, jwt, ok, stored, write_auth

from connectord.base44 import Base44Error, DeviceCode, Token, find_credentials, sign_in
from connectord.base44.credentials import Signature
from connectord.base44.models import Reply
from connectord.base44.request import Request
from connectord.base44.tokens import Tokens
from connectord.base44.words import HIDDEN, plain

ACCESS, REFRESH, DEVICE = "access-TOPSECRET", "refresh-TOPSECRET", "device-TOPSECRET"
PAIR = {"access_token": ACCESS, "refresh_token": REFRESH, "token_type": "Bearer", "expires_in": 60}
CODE = {"device_code": DEVICE, "user_code": "AB", "verification_uri": "https://x.test", "expires_in": 60, "interval": 5}


def everything(error: BaseException) -> str:
    """All that a log could show of an error: its words and its whole chain of causes."""
    said = "".join(traceback.format_exception(error))
    if isinstance(error, Base44Error):
        said += repr([error.what, error.todo, error.details, error.url, error.request_id])
    return said


SHOWN: list[object] = [
    Tokens(ACCESS, REFRESH, NOW),
    Token.model_validate(PAIR),
    DeviceCode.model_validate(CODE),
    Signature({"Authorization": f"Bearer {ACCESS}"}, ACCESS),
    Request("x", "POST", "/x", body=REFRESH.encode(), secrets=(REFRESH,)),
]


@pytest.mark.parametrize("value", SHOWN, ids=lambda value: type(value).__name__)
def test_no_repr_shows_a_secret(value: object) -> None:
    assert "TOPSECRET" not in f"{value!r} {value}"


def test_the_repr_of_an_api_key_is_its_first_ten_characters() -> None:
    assert repr(find_credentials({"BASE44_API_KEY": API_KEY}, Path("/x"))) == "ApiKey(b44k_01234…)"


def test_the_repr_of_tokens_from_the_environment_shows_none(tmp_path: Path) -> None:
    environ = {"BASE44_ACCESS_TOKEN": jwt(), "BASE44_REFRESH_TOKEN": REFRESH}
    shown = repr(find_credentials(environ, tmp_path))
    assert REFRESH not in shown
    assert jwt() not in shown


ECHOES = [
    httpx.Response(400, json={"message": f"bad token {ACCESS}", "extra_data": {"errors": [{"name": ACCESS}]}}),
    httpx.Response(403, text=f"Authorization: Bearer {ACCESS}"),
    httpx.Response(400, text="x" * 280 + ACCESS),
    httpx.Response(302, headers={"location": f"https://x.test/?token={ACCESS}"}),
    httpx.Response(200, json={"email": 1, "name": ACCESS, "token": ACCESS}),
    httpx.LocalProtocolError(f"Illegal header value b'Bearer {ACCESS}'"),
]


@pytest.mark.parametrize("reply", ECHOES, ids=str)
async def test_a_service_that_echoes_the_token_does_not_bring_it_into_an_error(
    reply: httpx.Response | Exception, tmp_path: Path
) -> None:
    write_auth(tmp_path, stored(ACCESS, REFRESH))
    base44 = a_client(Wire([reply]), credentials=find_credentials({}, tmp_path, clock=lambda: NOW))
    with pytest.raises(Base44Error) as caught:
        await base44.user()
    # The transport's own exception is not ours to clean, but nothing of ours quotes it.
    assert "TOPSECRET" not in everything(caught.value)


RENEWALS = [
    httpx.Response(400, json={"error": "invalid_grant", "error_description": f"{REFRESH} was used"}),
    httpx.Response(400, json={"error": "invalid_request", "error_description": f"{REFRESH} is odd"}),
    httpx.Response(200, json=PAIR | {"expires_in": ACCESS}),
    httpx.Response(500, text=f"{REFRESH} broke us"),
    httpx.Response(400, text=f"{REFRESH}?"),
]


@pytest.mark.parametrize("reply", RENEWALS, ids=str)
async def test_no_failed_renewal_tells_a_token(reply: httpx.Response, tmp_path: Path) -> None:
    write_auth(tmp_path, stored(ACCESS, REFRESH, expiresAt=1))
    server = TokenServer(instead=[reply])
    with pytest.raises(Base44Error) as caught:
        await a_client(server, credentials=find_credentials({}, tmp_path)).user()
    assert "TOPSECRET" not in everything(caught.value)


async def test_no_failed_login_tells_the_device_code_or_the_tokens(tmp_path: Path) -> None:
    wire = Wire([ok(CODE), ok({"error": "odd", "error_description": f"{DEVICE}?"}, 400)])
    with pytest.raises(Base44Error) as caught:
        await sign_in(a_client(wire), show=lambda _: None, home=tmp_path)
    assert "TOPSECRET" not in everything(caught.value)


async def test_a_damaged_credentials_file_is_described_without_its_content(tmp_path: Path) -> None:
    write_auth(tmp_path, stored(ACCESS, refresh=""))
    with pytest.raises(Base44Error) as caught:
        await a_client(Wire([ok({})]), credentials=find_credentials({}, tmp_path)).user()
    assert "TOPSECRET" not in everything(caught.value)


@pytest.mark.parametrize("token", [jwt(), API_KEY, "eyJhbGciOi.eyJzdWIi.c2ln"])
def test_whatever_looks_like_a_token_is_hidden_from_the_services_words(token: str) -> None:
    assert plain(f"Bad token {token}, sorry") == f"Bad token {HIDDEN}, sorry"


def test_every_reply_hides_its_input_in_errors() -> None:
    assert Reply.model_config["hide_input_in_errors"] is True
