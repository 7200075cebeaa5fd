"""Tokens of the environment live in memory, and share the file with the same person only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.base44 import (
    NOW,
    TokenServer,
    auth_file,
    expiring,
    jwt,
    read_auth,
    signed_in,
    stored,
    write_auth,
)


def environment(expires_in: float = 0, sub: str = "ada@x.test") -> dict[str, str]:
    return {"BASE44_ACCESS_TOKEN": jwt(sub, NOW + expires_in), "BASE44_REFRESH_TOKEN": "refresh-1"}


FILES: dict[str, tuple[Callable[[Path], object], str | None, list[str]]] = {
    "absent": (lambda home: None, "refresh-2", ["renew refresh-1", "access-2"]),
    "the same person's, older": (
        lambda home: write_auth(home, expiring(-99, refreshToken="old")),
        "refresh-2",
        ["renew refresh-1", "access-2"],
    ),
    "the same person's, newer": (
        lambda home: write_auth(home, stored("access-1", "refresh-5")),
        "refresh-5",
        ["access-1"],
    ),
    "another person's": (
        lambda home: write_auth(home, stored("bobs", "refresh-b", email="bob@x.test")),
        "refresh-b",
        ["renew refresh-1", "access-2"],
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_tokens_of_the_environment_and_the_file(name: str, tmp_path: Path) -> None:
    arrange, in_file, asked = FILES[name]
    arrange(tmp_path)
    server = TokenServer()
    base44 = signed_in(tmp_path, server, environ=environment())
    await base44.user()
    assert server.asked == asked
    assert read_auth(tmp_path)["refreshToken"] == in_file
    await base44.user()
    assert server.asked == [*asked, asked[-1]]


async def test_tokens_of_the_environment_are_written_only_once_they_are_renewed(tmp_path: Path) -> None:
    server = TokenServer(accepts=environment(3600)["BASE44_ACCESS_TOKEN"])
    await signed_in(tmp_path, server, environ=environment(3600)).user()
    assert not auth_file(tmp_path).exists()


async def test_a_damaged_file_is_no_obstacle_for_tokens_of_the_environment_and_stays(tmp_path: Path) -> None:
    path = write_auth(tmp_path, "{half")
    server = TokenServer()
    await signed_in(tmp_path, server, environ=environment()).user()
    assert (path.read_text(), server.asked) == ("{half", ["renew refresh-1", "access-2"])


async def test_what_the_environments_renewal_wrote_is_what_a_restart_uses(tmp_path: Path) -> None:
    server = TokenServer()
    await signed_in(tmp_path, server, environ=environment()).user()
    await signed_in(tmp_path, server, environ=environment()).user()
    assert server.asked == ["renew refresh-1", "access-2", "access-2"]
    assert read_auth(tmp_path)["email"] == "ada@x.test"
    assert auth_file(tmp_path).parent.stat().st_mode & 0o777 == 0o700
