"""notices, browser: how connectord reaches the person, and opens a link for them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.doctor import here, said, states, with_daemon
from tests.support.face import NOON, a_daemon

from connectord.browser import Browser, OpenBrowser
from connectord.doctor.browser import check_browser, of_browser
from connectord.doctor.finding import State
from connectord.doctor.notices import check_notices
from connectord.settings import settings_path

NO_SESSION = {"DBUS_SESSION_BUS_ADDRESS": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": "", "SSH_TTY": ""}


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a desktop nor a pipeline."""
    for name in (*NO_SESSION, "BROWSER", "CI", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)


def configured(text: str) -> None:
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(text)


def a_program(folder: Path, body: str) -> Path:
    program = folder / "tell-me"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def test_notices_without_a_desktop_are_told_with_what_to_do_instead(tmp_path: Path) -> None:
    words = said(check_notices, here(tmp_path, platform="linux"))
    assert words.startswith("attention: desktop: There is no session bus here")
    assert "connectord status" in words


def test_notices_a_desktop_that_was_asked_for_and_isnt_there_is_broken(tmp_path: Path) -> None:
    configured('notify = "desktop"\n')
    assert states(check_notices, here(tmp_path, platform="linux")) == [State.BROKEN]


@pytest.mark.parametrize("through", ["log", "none"])
def test_notices_that_nobody_wants_are_well(tmp_path: Path, through: str) -> None:
    configured(f'notify = "{through}"\n')
    assert said(check_notices, here(tmp_path)).startswith("ok: none are shown, by the setting notify")


def test_notices_a_command_is_only_run_when_a_notice_was_asked_for(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    configured(f'notify_command = "{a_program(tmp_path, f"cat > {heard}")}"\n')
    assert states(check_notices, here(tmp_path, platform="linux")) == [State.OK, State.OK]
    assert not heard.exists()
    assert "it was given a test notice" in said(check_notices, here(tmp_path, platform="linux", show_notice=True))
    assert json.loads(heard.read_text())["kind"] == "test"


def test_notices_a_command_that_isnt_there_is_broken(tmp_path: Path) -> None:
    configured('notify_command = "/nowhere/tell-me"\n')
    assert "broken: command: /nowhere/tell-me is not there" in said(check_notices, here(tmp_path, platform="linux"))


def test_notices_what_the_daemon_cant_reach_though_this_shell_can_is_told(tmp_path: Path) -> None:
    configured(f'notify = "command"\nnotify_command = "{a_program(tmp_path, "true")}"\n')
    notices = ({"channel": "command", "works": False, "why": "it is not there"},)
    around = with_daemon(here(tmp_path), a_daemon(notices=notices))
    assert "attention: command: it works from here, but not from the daemon: it is not there" in said(
        check_notices, around
    )


def test_notices_a_snooze_is_told(tmp_path: Path) -> None:
    configured(f'notify = "command"\nnotify_command = "{a_program(tmp_path, "true")}"\n')
    around = with_daemon(here(tmp_path), a_daemon(quiet_until=NOON + timedelta(hours=1)))
    assert "none are shown until" in said(check_notices, around)


def test_browser_the_one_that_is_named_opens_links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROWSER", str(a_program(tmp_path, "true")))
    assert said(check_browser, here(tmp_path)).startswith(f"ok: {tmp_path}/tell-me opens links, when you ask for it")


def test_browser_one_that_isnt_there_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROWSER", "/nowhere/browser")
    assert said(check_browser, here(tmp_path)).startswith("broken: /nowhere/browser is to open links")


def test_browser_why_links_are_only_printed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CI", "true")
    words = said(check_browser, here(tmp_path))
    assert words.startswith("attention: links are only printed: CI is set")
    assert "connectord status has them" in words


def test_browser_never_is_the_persons_choice() -> None:
    assert of_browser(Browser(()), OpenBrowser.NEVER).state is State.OK
