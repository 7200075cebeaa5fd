"""P13: whom a project's own files send the login to is said, unless there is nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.face import NOON
from tests.support.project import a_project

from connectord.control.lending import lending
from connectord.control.tell import tell
from connectord.sync.events import Watching

ELSEWHERE = "BASE44_API_URL=https://base44.example\n"
KEY = "BASE44_API_KEY=b44k_0123456789\n"


@pytest.mark.parametrize(
    "env",
    [
        ELSEWHERE,
        "BASE44_API_URL=http://app.base44.com\n",
        "BASE44_API_URL=https://base44.com.example\n",
        "BASE44_API_URL=https://evilbase44.com\n",
        "BASE44_API_URL=http://192.168.1.5:4400\n",
        f"{ELSEWHERE}BASE44_API_KEY=no-key-at-all\n",
        f"{ELSEWHERE}BASE44_ACCESS_TOKEN=no-jwt\nBASE44_REFRESH_TOKEN=r\n",
    ],
)
def test_p13_a_login_that_goes_to_a_projects_own_choice_of_host_is_said(tmp_path: Path, env: str) -> None:
    project = a_project(tmp_path, env=env)
    warning = lending(project)
    assert warning is not None
    assert project.api_url in warning
    assert f"BASE44_API_URL in {tmp_path / '.env'} says so" in warning


def test_p13_a_key_of_the_environment_that_goes_there_is_said_too(tmp_path: Path) -> None:
    environ = {"BASE44_API_KEY": "b44k_0123456789"}
    assert lending(a_project(tmp_path, env=ELSEWHERE, environ=environ)) is not None


@pytest.mark.parametrize(
    ("env", "environ"),
    [
        ("", {}),
        ("", {"BASE44_API_URL": "https://base44.example"}),
        (ELSEWHERE, {"BASE44_API_URL": "https://base44.example"}),
        ("BASE44_API_URL=https://app.base44.com\n", {}),
        ("BASE44_API_URL=https://staging.base44.com\n", {}),
        ("BASE44_API_URL=http://127.0.0.1:4400\n", {}),
        ("BASE44_API_URL=http://localhost:4400\n", {}),
        ("BASE44_API_URL=http://[::1]:4400\n", {}),
        (ELSEWHERE + KEY, {}),
    ],
)
def test_there_is_nothing_to_say_of_known_hosts_own_words_and_own_keys(
    tmp_path: Path, env: str, environ: dict[str, str]
) -> None:
    assert lending(a_project(tmp_path, env=env, environ=environ)) is None


def test_the_daemon_says_it_once_with_the_watching(tmp_path: Path) -> None:
    project = a_project(tmp_path, env=ELSEWHERE)
    told = list(tell(Watching(project, ()), NOON))
    assert [news.event for news in told] == ["project.watching", "credentials.lent"]
    assert told[1].url == "https://base44.example"
