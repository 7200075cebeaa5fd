"""The daemon's log: whole lines, bounded files, nobody else's business, no secrets."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.face import some_news

from connectord.control import redaction
from connectord.control.log import LogFile
from connectord.control.log_places import log_files, log_path
from connectord.control.redaction import redact, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl-_"
KEY = "b44k_0123456789abcdef"


def no_trouble(sentence: str | None) -> None:
    raise AssertionError(sentence)


def test_each_news_is_one_line_of_json(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "state", on_trouble=no_trouble)
    log.publish(some_news("two\nlines", job="j1"))
    log.close()
    (line,) = log_path(tmp_path / "state").read_text().splitlines()
    fields = json.loads(line)
    assert (fields["event"], fields["message"], fields["job"]) == ("push.started", "two\nlines", "j1")


def test_p13_the_files_and_their_folder_are_the_users_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    log = LogFile(state, on_trouble=no_trouble, max_bytes=400)
    for _ in range(20):
        log.publish(some_news())
    log.close()
    assert len(log_files(state)) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in log_files(state)} == {0o600}
    assert stat.S_IMODE(log_path(state).parent.stat().st_mode) == 0o700


def test_a_log_never_grows_beyond_its_files(tmp_path: Path) -> None:
    log = LogFile(tmp_path, on_trouble=no_trouble, max_bytes=400)
    for _ in range(200):
        log.publish(some_news())
    log.close()
    assert sum(path.stat().st_size for path in log_path(tmp_path).parent.iterdir()) <= 5 * 400


def test_a_disk_that_takes_no_lines_is_said_once_and_its_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str | None] = []
    log = LogFile(tmp_path, on_trouble=heard.append)

    def full(record: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(log._file, "emit", full)
        log.publish(some_news())
        log.publish(some_news())
    log.publish(some_news())
    log.close()
    assert heard == [f"{log_path(tmp_path)} can't be written: No space left on device; log lines are being lost.", None]


def test_a_full_disk_ends_nothing_and_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str | None] = []
    log = LogFile(tmp_path, on_trouble=heard.append)
    log.publish(some_news("before"))
    real = os.write

    def half_of_it(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half_of_it)
        for _ in range(100):
            log.publish(some_news("lost"))
    log.publish(some_news("after"))
    log.close()
    lines = [json.loads(line)["message"] for line in log_path(tmp_path).read_text().splitlines()]
    assert lines == ["before", "after"]
    assert [trouble is None for trouble in heard] == [False, True]


def test_a_log_on_a_disk_that_stays_full_can_be_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str | None] = []
    monkeypatch.setattr("connectord.control.log._private", lambda _, flags: os.open("/dev/full", flags))
    log = LogFile(tmp_path, on_trouble=heard.append)
    log.publish(some_news())
    log.close()
    assert len(heard) == 1


def test_an_error_of_the_file_itself_is_heard(tmp_path: Path) -> None:
    heard: list[str | None] = []
    log = LogFile(tmp_path, on_trouble=heard.append)
    log_path(tmp_path).symlink_to(tmp_path / "elsewhere")
    log.publish(some_news())
    assert len(heard) == 1
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "text",
    [
        f"token {JWT} refused",
        f"Authorization: Bearer {JWT}",
        "Authorization: Bearer opaque-token-value",
        "the proxy was told Basic b3BhcXVlLXRva2VuLXZhbHVl",
        f"api_key: {KEY}",
        f"using {KEY}.",
        '{"accessToken": "opaque-token-value", "refresh_token":"opaque-token-value"}',
        "grant_type=refresh_token&refresh_token=opaque-token-value&client_id=x",
        "device_code=opaque-token-value",
        "password: opaque-token-value",
    ],
)
def test_p13_what_looks_like_a_token_is_masked(text: str) -> None:
    masked = redact(text)
    assert "***" in masked
    assert not any(secret in masked for secret in (JWT, KEY, "0123456789", "opaque-token-value", "c2lnbmF0", "b3Bhc"))


@pytest.mark.parametrize(
    "text",
    [
        "https://app.base44.com/api/external-auth/connect/0123456789abcdef0123456789abcdef",
        "slack: waiting for authorization",
        "googlecalendar: Added, but 1 of 2 scopes were not granted: https://www.googleapis.com/auth/calendar",
        "base44/connectors/slack.jsonc:3:5: it has no type",
        "Could not refresh the token: Base44 is busy",
    ],
)
def test_what_a_person_needs_to_read_stays(text: str) -> None:
    assert redact(text) == text


def test_p13_secrets_are_found_however_deep() -> None:
    assert redacted({"a": [{"b": (f"x {KEY}", 1, None)}], KEY: True}) == {"a": [{"b": ["x ***", 1, None]}], "***": True}


def test_p13_a_secret_in_news_never_reaches_the_file(tmp_path: Path) -> None:
    log = LogFile(tmp_path, on_trouble=no_trouble)
    log.publish(some_news(f"no: {JWT}", error=f"Bearer {KEY}", types=(KEY,)))
    log.close()
    text = log_path(tmp_path).read_text()
    assert JWT not in text
    assert KEY not in text


_PIECES = (
    *("eyJhbGciOi.x", "eyJ", ".", "b44k_", "Bearer ", "Basic ", "access_", "refresh-", "token", "TO\u212aEN", "code"),
    *(
        "client",
        "secret",
        "pa\u017f\u017fword",
        "Authorization",
        "author\u0131zation",
        "api",
        "key",
        ":",
        "=",
        " ",
        '"',
        "abcdefgh",
        "x",
    ),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
@settings(max_examples=300, deadline=None)
def test_what_is_not_searched_for_tokens_holds_none(text: str) -> None:
    searched = redaction._NAMED.sub(
        rf"\g<name>\g<between>{redaction.MASK}", redaction._TOKENS.sub(redaction.MASK, text)
    )
    assert redact(text) == searched
