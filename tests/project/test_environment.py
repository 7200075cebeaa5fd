"""The BASE44_* settings: which source wins, and what happens to a file that can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.project import a_project

from connectord.project import InvalidConfig, InvalidSetting
from connectord.project.environment import api_url, settings_in_force


@pytest.mark.parametrize(
    ("environ", "local", "env", "expected"),
    [
        ({}, None, None, {}),
        ({}, None, "BASE44_APP_ID=env", {"BASE44_APP_ID": "env"}),
        ({}, "BASE44_APP_ID=local", "BASE44_APP_ID=env", {"BASE44_APP_ID": "local"}),
        ({"BASE44_APP_ID": "environ"}, "BASE44_APP_ID=local", None, {"BASE44_APP_ID": "environ"}),
        ({"BASE44_APP_ID": " "}, "BASE44_APP_ID=", "BASE44_APP_ID=' env '", {"BASE44_APP_ID": "env"}),
        ({"BASE44_API_KEY": "k", "HOME": "/x", "BASE44_ELSE": "y"}, None, None, {"BASE44_API_KEY": "k"}),
        ({}, None, 'export BASE44_API_URL="http://x" # here\n', {"BASE44_API_URL": "http://x"}),
        ({}, None, "=broken\nnot a line $$\n\nBASE44_APP_ID=a\n'", {"BASE44_APP_ID": "a"}),
        ({}, None, "A=x\nBASE44_APP_ID=${A}", {"BASE44_APP_ID": "${A}"}),
        ({}, None, "BASE44_APP_ID", {}),
        ({}, None, "\ufeffBASE44_APP_ID=a", {"BASE44_APP_ID": "a"}),
        (
            {"BASE44_ACCESS_TOKEN": "a"},
            "BASE44_REFRESH_TOKEN=r",
            "BASE44_ACCESS_TOKEN=b",
            {"BASE44_ACCESS_TOKEN": "a", "BASE44_REFRESH_TOKEN": "r"},
        ),
        ({"BASE44_PROJECTS_BASE44_APP_ID": "stripe"}, None, None, {"BASE44_APP_ID": "stripe"}),
        ({"BASE44_PROJECTS_BASE44_APP_ID": "stripe"}, None, "BASE44_APP_ID=env", {"BASE44_APP_ID": "env"}),
        ({}, None, "BASE44_PROJECTS_BASE44_API_URL=http://x", {"BASE44_API_URL": "http://x"}),
        ({"BASE44_PROJECTS_BASE44_API_KEY": "k"}, None, None, {}),
    ],
)
def test_the_first_source_with_a_value_wins(
    tmp_path: Path, environ: dict[str, str], local: str | None, env: str | None, expected: dict[str, str]
) -> None:
    for name, text in ((".env.local", local), (".env", env)):
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    assert settings_in_force(tmp_path, environ).settings == expected


def test_of_each_setting_it_is_known_which_file_says_so(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text("BASE44_API_URL=http://x\nBASE44_APP_ID=local\n", encoding="utf-8")
    (tmp_path / ".env").write_text("BASE44_API_URL=http://y\nBASE44_API_KEY=k\n", encoding="utf-8")
    found = settings_in_force(tmp_path, {"BASE44_APP_ID": "environ"})
    assert found.files == {"BASE44_API_URL": tmp_path / ".env.local", "BASE44_API_KEY": tmp_path / ".env"}


def test_the_environment_itself_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASE44_APP_ID", raising=False)
    (tmp_path / ".env").write_text("BASE44_APP_ID=a", encoding="utf-8")
    environ: dict[str, str] = {}
    settings_in_force(tmp_path, environ)
    assert (environ, os.environ.get("BASE44_APP_ID")) == ({}, None)


def test_stray_bytes_cost_only_their_own_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"X=\xff\nBASE44_APP_ID=a\n")
    assert settings_in_force(tmp_path, {}).settings == {"BASE44_APP_ID": "a"}


def test_a_folder_or_a_fifo_called_env_is_no_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    os.mkfifo(tmp_path / ".env.local")
    assert settings_in_force(tmp_path, {"BASE44_APP_ID": "a"}).settings == {"BASE44_APP_ID": "a"}


def test_an_env_file_that_is_there_but_unreadable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to("gone")
    with pytest.raises(InvalidConfig, match=r"\.env: this is a symbolic link to gone, and there is nothing there\."):
        settings_in_force(tmp_path, {})


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (None, "https://app.base44.com"),
        ("https://app.base44.com", "https://app.base44.com"),
        ("http://127.0.0.1:4444/", "http://127.0.0.1:4444"),
        ("https://x.example/prefix/api?q#f", "https://x.example"),
        ("HTTPS://X.Example", "https://x.example"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_the_api_url_is_scheme_and_host(value: str | None, url: str) -> None:
    assert api_url({} if value is None else {"BASE44_API_URL": value}) == url


@pytest.mark.parametrize(
    "value",
    [
        "app.base44.com",
        "ftp://x",
        "file:///etc",
        "https://",
        "http://x:99999",
        "http://[::1",
        "https://u:p@x",
        "javascript:x",
    ],
)
def test_an_api_url_that_is_no_web_address_is_refused(value: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^BASE44_API_URL: "):
        api_url({"BASE44_API_URL": value})


@pytest.mark.parametrize("url", ["https://user:hunter2@x", "ftp://user:hunter2@x", "http://user:hunter2@x:99999"])
def test_a_password_in_an_api_url_is_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        api_url({"BASE44_API_URL": url})
    assert "hunter2" not in caught.value.what


def test_a_project_carries_its_settings_and_shows_none_of_them(tmp_path: Path) -> None:
    project = a_project(tmp_path, api_url="http://127.0.0.1:1/x", environ={"BASE44_ACCESS_TOKEN": "secret"})
    assert project.environment == {"BASE44_API_URL": "http://127.0.0.1:1/x", "BASE44_ACCESS_TOKEN": "secret"}
    assert project.api_url == "http://127.0.0.1:1"
    assert "secret" not in repr(project)
