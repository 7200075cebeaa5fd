"""Which credentials are in force: an API key, then both tokens of the environment, then the shared file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.base44 import API_KEY, NOW, Time, TokenServer, a_client, auth_file, jwt, stored, write_auth

from connectord.base44 import (
    Account,
    AccountKind,
    CredentialsUnusable,
    SignedOut,
    find_credentials,
    sign_out,
    signed_in_as,
)

PAIR = {"BASE44_ACCESS_TOKEN": jwt(), "BASE44_REFRESH_TOKEN": "r"}
FILE = Account(AccountKind.FILE, email="ada@x.test", name="Ada", expires_at=NOW + 3600)
KEY = Account(AccountKind.API_KEY, key_start="b44k_01234")
ENVIRONMENT = Account(AccountKind.ENVIRONMENT, email="ada@x.test", name="ada@x.test", expires_at=NOW + 3600)

ORDER: dict[str, tuple[dict[str, str], Account]] = {
    "nothing set": ({}, FILE),
    "a key": ({"BASE44_API_KEY": API_KEY}, KEY),
    "a key with white space around": ({"BASE44_API_KEY": f" {API_KEY}\n"}, KEY),
    "a key and tokens": ({"BASE44_API_KEY": API_KEY, **PAIR}, KEY),
    "a key of another kind": ({"BASE44_API_KEY": "sk_1"}, FILE),
    "a key that fits no header": ({"BASE44_API_KEY": "b44k_a b"}, FILE),
    "both tokens": (PAIR, ENVIRONMENT),
    "one token": ({"BASE44_ACCESS_TOKEN": jwt()}, FILE),
    "the other token": ({"BASE44_REFRESH_TOKEN": "r"}, FILE),
    "empty tokens": ({"BASE44_ACCESS_TOKEN": "", "BASE44_REFRESH_TOKEN": ""}, FILE),
}


@pytest.mark.parametrize("name", ORDER)
def test_the_order_of_credentials(name: str, tmp_path: Path) -> None:
    environ, expected = ORDER[name]
    write_auth(tmp_path)
    assert signed_in_as(environ, tmp_path) == expected


NOT_TOKENS = [
    "opaque",
    "a.b",
    "a.b.c",
    "a.e30.c",
    "a.W10.c",
    "a.\u00e9.c",
    jwt(sub=""),
    jwt(sub=5),
    jwt(sub=None),
    jwt(exp=None),
    jwt(exp="1"),
    jwt(exp=True),
    jwt(exp=0),
    jwt(exp=-1),
    jwt(exp=float("inf")),
    jwt(exp=10**400),
    jwt(exp=float("nan")),
    jwt() + "\n",
]


@pytest.mark.parametrize("token", NOT_TOKENS)
def test_a_token_that_says_nothing_is_not_used_and_the_reason_is_told(token: str, tmp_path: Path) -> None:
    with pytest.raises(SignedOut) as caught:
        signed_in_as({"BASE44_ACCESS_TOKEN": token, "BASE44_REFRESH_TOKEN": "r"}, tmp_path)
    assert "BASE44_ACCESS_TOKEN is ignored" in caught.value.details[0]
    assert caught.value.todo == ("Sign in: connectord login",)


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SignedOut) as caught:
        signed_in_as({"BASE44_API_KEY": "sk_1"}, tmp_path)
    assert "BASE44_API_KEY is set but ignored" in caught.value.details[0]


async def test_without_credentials_nothing_is_sent_and_a_login_is_asked_for(tmp_path: Path) -> None:
    server = TokenServer()
    with pytest.raises(SignedOut, match="not signed in") as caught:
        await a_client(server, credentials=find_credentials({}, tmp_path)).user()
    assert server.asked == []
    assert caught.value.todo == ("Sign in: connectord login",)


async def test_a_login_is_noticed_on_the_next_request_and_so_is_a_logout(tmp_path: Path) -> None:
    time = Time()
    base44 = a_client(TokenServer(), credentials=find_credentials({}, tmp_path, clock=time, sleep=time.sleep))
    with pytest.raises(SignedOut):
        await base44.user()
    write_auth(tmp_path)
    assert (await base44.user()).email == "ada@x.test"
    assert sign_out(tmp_path)
    with pytest.raises(SignedOut):
        await base44.user()


async def test_a_token_that_another_process_wrote_is_used_on_the_next_request(tmp_path: Path) -> None:
    write_auth(tmp_path)
    time, server = Time(), TokenServer()
    base44 = a_client(server, credentials=find_credentials({}, tmp_path, clock=time, sleep=time.sleep))
    await base44.user()
    server.number = 2
    write_auth(tmp_path, stored("access-2", "refresh-2"))
    await base44.user()
    assert server.asked == ["access-1", "access-2"]


def test_a_sign_out_says_whether_there_was_anybody(tmp_path: Path) -> None:
    write_auth(tmp_path)
    assert (sign_out(tmp_path), sign_out(tmp_path)) == (True, False)
    assert not auth_file(tmp_path).exists()


def test_a_sign_out_where_nobody_was_makes_no_folder(tmp_path: Path) -> None:
    assert not sign_out(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_an_account(tmp_path: Path) -> None:
    write_auth(tmp_path, "{")
    with pytest.raises(CredentialsUnusable):
        signed_in_as({}, tmp_path)
