"""Tokens are renewed in time, once, by one at a time; another's are adopted; nothing ever deletes them (P7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock
from tests.support.base44 import (
    NOW,
    Time,
    TokenServer,
    a_client,
    auth_file,
    invalid_grant,
    jwt,
    read_auth,
    stored,
    write_auth,
)

from connectord.base44 import (
    Base44,
    Base44Error,
    Busy,
    CredentialsUnusable,
    Refused,
    SignedOut,
    TimedOut,
    UnexpectedReply,
    Unreachable,
    find_credentials,
)
from connectord.base44.auth_file import AuthFile, Mark
from connectord.base44.shared_tokens import SharedTokens
from connectord.base44.tokens import Tokens


def expiring(seconds: float, **keys: Any) -> dict[str, Any]:
    return stored(expiresAt=int((NOW + seconds) * 1000), **keys)


def signed_in(
    home: Path, server: TokenServer, time: Time | None = None, environ: Mapping[str, str] | None = None
) -> Base44:
    time = time or Time()
    return a_client(server, time=time, credentials=find_credentials(environ or {}, home, clock=time, sleep=time.sleep))


# --- when ---------------------------------------------------------------------------------------------------------


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


# --- what is kept -------------------------------------------------------------------------------------------------


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


# --- what others do -----------------------------------------------------------------------------------------------


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


# --- what must not sign anybody out -------------------------------------------------------------------------------

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


# --- tokens of the environment ------------------------------------------------------------------------------------


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
