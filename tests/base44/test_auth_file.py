"""The shared credentials file: read with patience, written whole, damaged ones named by line and left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.support.base44 import auth_file, read_auth, stored, write_auth

from connectord.base44 import CredentialsUnusable
from connectord.base44.auth_file import AuthFile
from connectord.base44.tokens import Tokens

TOKENS = Tokens("a", "r", 1_800_000_000.0, "ada@x.test", "Ada")

DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ":1:1: the credentials file is damaged: is not JSON"),
    "half": (b'{\n "accessToken": "a', ":2:17: "),
    "not UTF-8": (b'{\n"accessToken": "\xff"}', ":2: the credentials file is damaged: is not UTF-8"),
    "a list": (b"[]", ":1: the credentials file is damaged: is not a JSON object"),
    "no refresh token": (b'{\n"accessToken": "a"}', ':1: the credentials file is damaged: key "refreshToken": Field'),
    "a number": (
        b'{\n\n"accessToken": 5, "refreshToken": "r"}',
        ':3: the credentials file is damaged: key "accessToken"',
    ),
    "an empty token": (b'{"accessToken": "", "refreshToken": "r"}', 'key "accessToken": Value error, is empty'),
    "a token with a line end": (b'{"accessToken": "a\\nb", "refreshToken": "r"}', 'key "accessToken"'),
    "an endless number": (b'{"expiresAt": ' + b"1" * 5000 + b"}", "has a number that is too long"),
    "nested deeply": (b"[" * 100_000, "is nested too deeply"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_by_its_line_and_neither_read_nor_written(name: str, tmp_path: Path) -> None:
    content, expected = DAMAGED[name]
    path = write_auth(tmp_path)
    path.write_bytes(content)
    with pytest.raises(CredentialsUnusable) as caught:
        AuthFile(tmp_path).read()
    assert caught.value.what.startswith(f"{path}:")
    assert expected in caught.value.what
    assert "connectord login" in caught.value.todo[0]
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_file_that_is_not_json_is_never_overwritten(content: bytes, tmp_path: Path) -> None:
    path = write_auth(tmp_path)
    path.write_bytes(content)
    with pytest.raises(CredentialsUnusable):
        AuthFile(tmp_path).write(TOKENS)
    assert path.read_bytes() == content


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    write_auth(tmp_path).write_text(json.dumps(stored()), encoding="utf-8-sig")
    tokens = AuthFile(tmp_path).read().tokens
    assert tokens is not None
    assert tokens.access == "access-1"


@pytest.mark.parametrize("name", ["email", "name"])
def test_an_email_or_name_of_another_type_is_no_damage(name: str, tmp_path: Path) -> None:
    write_auth(tmp_path, stored() | {name: None})
    tokens = AuthFile(tmp_path).read().tokens
    assert tokens is not None
    assert getattr(tokens, name) == ""


def test_no_file_and_no_folder_are_nobody(tmp_path: Path) -> None:
    reading = AuthFile(tmp_path).read()
    assert (reading.tokens, reading.mark, AuthFile(tmp_path).mark()) == (None, None, None)


def test_what_is_written_is_what_the_cli_reads(tmp_path: Path) -> None:
    AuthFile(tmp_path).write(TOKENS)
    expected = {
        "accessToken": "a",
        "refreshToken": "r",
        "expiresAt": 1_800_000_000_000,
        "email": "ada@x.test",
        "name": "Ada",
    }
    assert read_auth(tmp_path) == expected
    assert AuthFile(tmp_path).read().tokens == TOKENS


def test_a_person_without_a_name_is_called_by_their_email_since_the_cli_wants_a_name(tmp_path: Path) -> None:
    AuthFile(tmp_path).write(Tokens("a", "r", None, "ada@x.test"))
    assert (read_auth(tmp_path)["name"], read_auth(tmp_path)["expiresAt"]) == ("ada@x.test", 1)


def test_file_and_folder_are_the_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        AuthFile(tmp_path).write(TOKENS)
    finally:
        os.umask(before)
    path = auth_file(tmp_path)
    assert [entry.stat().st_mode & 0o777 for entry in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]


def test_the_mark_of_what_was_written_is_the_mark_that_is_seen(tmp_path: Path) -> None:
    file = AuthFile(tmp_path)
    assert file.write(TOKENS) == file.mark() == file.read().mark


def test_a_name_that_is_half_a_character_is_kept(tmp_path: Path) -> None:
    write_auth(tmp_path, stored() | {"nickname": "\ud83d"})
    AuthFile(tmp_path).write(TOKENS)
    assert read_auth(tmp_path)["nickname"] == "\ud83d"


def test_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text(json.dumps(stored(theme="dark")))
    auth_file(tmp_path).parent.mkdir(parents=True)
    auth_file(tmp_path).symlink_to(real)
    AuthFile(tmp_path).write(TOKENS)
    assert auth_file(tmp_path).is_symlink()
    assert json.loads(real.read_text())["theme"] == "dark"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_auth(tmp_path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CredentialsUnusable, match="can't be written: No space left on device") as caught:
        AuthFile(tmp_path).write(TOKENS)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["auth.json"]
    assert "space" in caught.value.todo[0]


def test_a_folder_under_the_files_name_is_an_error(tmp_path: Path) -> None:
    auth_file(tmp_path).mkdir(parents=True)
    with pytest.raises(CredentialsUnusable, match="it is not a regular file"):
        AuthFile(tmp_path).read()


def test_a_pipe_under_the_files_name_stops_nobody(tmp_path: Path) -> None:
    auth_file(tmp_path).parent.mkdir(parents=True)
    os.mkfifo(auth_file(tmp_path))
    with pytest.raises(CredentialsUnusable, match="it is not a regular file"):
        AuthFile(tmp_path).read()
