"""The CLI and other processes rotate, replace and delete the tokens too: the newest are adopted (P7)."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock
from tests.support.base44 import (
    NOW,
    Time,
    TokenServer,
    auth_file,
    expiring,
    read_auth,
    signed_in,
    stored,
    write_auth,
)

from connectord.base44 import TimedOut


async def test_a_newer_token_that_appears_while_waiting_for_the_lock_is_adopted(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(number=2)
    other = FileLock(auth_file(tmp_path).with_name("auth.json.lock"))
    other.acquire()

    class Waiting(Time):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            write_auth(tmp_path, stored("access-2", "refresh-2"))
            other.release()

    await signed_in(tmp_path, server, Waiting()).user()
    assert server.asked == ["access-2"]


async def test_a_lock_that_is_never_let_go_is_an_error_that_names_it(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    time, server = Time(), TokenServer()
    with (
        FileLock(auth_file(tmp_path).with_name("auth.json.lock")),
        pytest.raises(TimedOut, match=r"auth\.json\.lock was held by another process for 30 s"),
    ):
        await signed_in(tmp_path, server, time).user()
    assert server.asked == []
    assert time.now == pytest.approx(NOW + 30)


async def test_a_refused_renewal_adopts_what_the_cli_rotated_a_moment_before(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(number=2)

    class Later(Time):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            write_auth(tmp_path, stored("access-2", "refresh-2"))

    await signed_in(tmp_path, server, Later()).user()
    assert server.asked == ["renew refresh-1", "access-2"]


async def test_what_is_adopted_after_a_refusal_may_be_due_itself(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(number=2)

    def rotate() -> None:
        write_auth(tmp_path, expiring(0, accessToken="access-2", refreshToken="refresh-2"))

    server.during = rotate
    await signed_in(tmp_path, server).user()
    assert server.asked == ["renew refresh-1", "renew refresh-2", "access-3"]


async def test_a_login_during_a_renewal_wins_over_the_renewal(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    login = stored("access-9", "refresh-9", email="bob@x.test")
    server = TokenServer(during=lambda: write_auth(tmp_path, login), accepts="access-9")
    await signed_in(tmp_path, server).user()
    assert read_auth(tmp_path) == login
    assert server.asked == ["renew refresh-1", "access-9"]


async def test_a_file_that_the_cli_deletes_during_our_renewal_comes_back(tmp_path: Path) -> None:
    path = write_auth(tmp_path, expiring(0))
    server = TokenServer(during=path.unlink)
    await signed_in(tmp_path, server).user()
    assert read_auth(tmp_path)["refreshToken"] == "refresh-2"


async def test_old_tokens_written_again_during_a_renewal_do_not_win(tmp_path: Path) -> None:
    write_auth(tmp_path, expiring(0))
    server = TokenServer(during=lambda: write_auth(tmp_path, expiring(0, note="touched")))
    await signed_in(tmp_path, server).user()
    assert read_auth(tmp_path)["refreshToken"] == "refresh-2"


async def test_a_file_that_the_cli_is_just_writing_is_read_again(tmp_path: Path) -> None:
    write_auth(tmp_path, "")

    class Later(Time):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            write_auth(tmp_path)

    server = TokenServer()
    await signed_in(tmp_path, server, Later()).user()
    assert server.asked == ["access-1"]
