"""login, api, proxy, clock: the way to Base44, and what it says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from tests.support.base44 import write_auth
from tests.support.doctor import NOW, here, said, states
from tests.support.emulator import RunningEmulator
from tests.support.project import a_project

from connectord.base44 import Ping, Unreachable
from connectord.doctor.api import check_api
from connectord.doctor.clock import check_clock
from connectord.doctor.finding import State
from connectord.doctor.login import check_login
from connectord.doctor.proxy import check_proxy

WELL = Ping(401, 0.02, date=NOW)
OFFLINE = Unreachable("Can't reach Base44", todo=("Check the network.",))
HOST = "https://app.base44.com"


def test_api_a_host_that_answers_is_well_and_says_how_soon(tmp_path: Path) -> None:
    assert said(check_api, here(tmp_path, answer=WELL)) == f"ok: {HOST} answers in 20 ms [] -> []"


def test_api_a_host_that_cant_be_reached_is_broken_in_the_words_of_the_error(tmp_path: Path) -> None:
    assert said(check_api, here(tmp_path, answer=OFFLINE)).startswith("broken: Can't reach Base44 [] -> ['Check the")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Ping(200, 0.02, page='a web page ("Hotel WiFi")'),
            'broken: https://app.base44.com answers with a web page ("H',
        ),
        (Ping(503, 0.02), "attention: https://app.base44.com answers in 20 ms, with error 503"),
        (Ping(401, 2.5), "attention: https://app.base44.com answers in 2500 ms, which is slow"),
    ],
)
def test_api_what_answers_but_not_well_is_said(tmp_path: Path, answer: Ping, words: str) -> None:
    assert said(check_api, here(tmp_path, answer=answer)).startswith(words)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (2.0, "ok: the same as at https://app.base44.com, within 30 s"),
        (90.0, "attention: 1 min ahead of https://app.base44.com"),
        (-7200.0, "broken: 2 h behind https://app.base44.com"),
    ],
)
def test_clock_is_held_against_the_hosts(tmp_path: Path, ahead: float, words: str) -> None:
    assert said(check_clock, here(tmp_path, answer=WELL, now=lambda: NOW + ahead)).startswith(words)


@pytest.mark.parametrize("answer", [OFFLINE, Ping(401, 0.02)])
def test_clock_without_an_answer_is_unknown_and_nobodys_fault(tmp_path: Path, answer: Ping | Unreachable) -> None:
    assert states(check_clock, here(tmp_path, answer=answer)) == [State.UNKNOWN]


def test_proxy_none_is_well(tmp_path: Path) -> None:
    assert said(check_proxy, here(tmp_path)) == "ok: none is set [] -> []"


def test_proxy_its_password_is_not_shown_and_the_way_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:hunter2@proxy.example:3128")
    words = said(check_proxy, here(tmp_path))
    assert words.startswith(
        "ok: https_proxy is http://…@proxy.example:3128 ['https://app.base44.com: through http://…@"
    )
    assert "hunter2" not in words


def test_proxy_what_goes_around_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "base44.com")
    assert "https://app.base44.com: directly" in said(check_proxy, here(tmp_path))


@pytest.mark.parametrize("value", ["ftp://proxy.example", "http://", "http://proxy.example:banana", "http://[::1"])
def test_proxy_one_that_cant_be_used_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    monkeypatch.setenv("https_proxy", value)
    [state] = states(check_proxy, here(tmp_path))
    assert state is State.BROKEN


def test_login_nobody_is_signed_in(tmp_path: Path) -> None:
    words = said(check_login, here(tmp_path, answer=WELL))
    assert words.startswith("broken: You are not signed in")
    assert "connectord login" in words


def test_login_a_key_that_is_none_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BASE44_API_KEY", "sk-secret-1234")
    words = said(check_login, here(tmp_path, answer=WELL))
    assert "BASE44_API_KEY is set but ignored" in words
    assert "sk-secret" not in words


def test_login_a_damaged_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = write_auth(Path.home(), {})
    path.write_text('{\n "accessToken": ')
    assert f"broken: {path}:2:" in said(check_login, here(tmp_path, answer=WELL))


def test_login_offline_is_not_signed_out(tmp_path: Path) -> None:
    write_auth(Path.home(), _login(NOW + 3600))
    words = said(check_login, here(tmp_path, answer=OFFLINE, now=lambda: NOW))
    assert words.startswith("ok: ada@x.test at https://app.base44.com (the login shared with npx base44)")
    assert "being offline signs nobody out" in words


def test_login_a_token_that_ran_out_is_no_trouble_and_is_not_renewed(tmp_path: Path) -> None:
    path = write_auth(Path.home(), _login(NOW - 7200))
    before = path.read_bytes()
    words = said(check_login, here(tmp_path, answer=WELL, now=lambda: NOW))
    assert words.startswith("ok: ")
    assert "ran out 2 h ago, and the next request renews it" in words
    assert path.read_bytes() == before


def _login(expires_at: float) -> dict[str, object]:
    return {
        "accessToken": "access-1",
        "refreshToken": "refresh-1",
        "expiresAt": int(expires_at * 1000),
        "email": "ada@x.test",
        "name": "Ada",
    }


def test_login_base44_is_asked_with_a_get_and_agrees(base44: RunningEmulator, tmp_path: Path) -> None:
    base44.sign_in(Path.home())
    a_project(tmp_path / "shop", {"slack": []}, app_id=base44.app_id, api_url=base44.url)
    around = here(tmp_path / "shop")
    assert said(check_login, around).startswith(f"ok: dev@example.com at {base44.url}")
    assert [state for check in (check_api, check_clock) for state in states(check, around)] == [State.OK, State.OK]
    assert {request["method"] for request in base44.requests()} == {"GET"}


def test_login_a_token_that_base44_refuses_is_said_and_nothing_is_renewed(
    base44: RunningEmulator, tmp_path: Path
) -> None:
    path = base44.sign_in(Path.home())
    before = path.read_bytes()
    base44.admin("tokens/revoke")
    a_project(tmp_path / "shop", {}, app_id=base44.app_id, api_url=base44.url)
    assert "doesn't accept its access token any more" in said(check_login, here(tmp_path / "shop"))
    assert path.read_bytes() == before
    assert {request["method"] for request in base44.requests()} == {"GET"}


def test_login_an_api_key_that_base44_refuses_is_broken_and_never_shown(
    base44: RunningEmulator, tmp_path: Path
) -> None:
    env = "BASE44_API_KEY=b44k_0123456789wrong\n"
    a_project(tmp_path / "shop", {}, app_id=base44.app_id, api_url=base44.url, env=env)
    words = said(check_login, here(tmp_path / "shop"))
    assert words.startswith("broken: ")
    assert "BASE44_API_KEY" in words
    assert "0123456789wrong" not in words


def test_login_each_host_of_the_projects_is_asked(base44: RunningEmulator, tmp_path: Path) -> None:
    write_auth(Path.home(), _login(NOW + 3600))
    a_project(tmp_path / "shop", {}, app_id=base44.app_id, api_url=base44.url)
    around = here(tmp_path, answer=OFFLINE, now=lambda: NOW)
    around.roots = lambda: (tmp_path / "shop", tmp_path / "gone")  # type: ignore[method-assign]
    assert [target.api_url for target in around.targets()] == [HOST, base44.url]
    assert len(states(check_login, around)) == 2
    assert "secret" not in json.dumps([dataclasses.asdict(one) for one in check_login(around)])
