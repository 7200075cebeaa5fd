"""The consent page in a real browser, with a real daemon that waits: Allow, Deny, another account, too late, closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.chromium import Chromium, Page, chromium
from tests.support.cli import SECONDS, Machine, exit_code_of
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.running import RunningDaemon, running_daemon

from connectord.control.client import Client
from connectord.control.models import ConnectorStatus
from connectord.places import runtime_dir

LONG = 600
"""Seconds for a consent: nobody's test ends because a browser was slow."""

pytestmark = pytest.mark.timeout(180)  # a browser takes its time on a busy machine


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@dataclass
class Desk:
    """A person at a terminal, who said `connectord authorize slack`, with the page that it opened."""

    base44: RunningEmulator
    daemon: RunningDaemon
    machine: Machine
    folder: Path
    browser: Chromium

    def authorize(self) -> tuple[Any, Page]:
        terminal = self.machine.at_a_terminal("authorize", "slack")
        terminal.expect_exact("Waiting for slack authorization... (Esc to skip)")
        return terminal, self.browser.open((self.folder / "opened").read_text().splitlines()[-1])

    @property
    def slack(self) -> ConnectorStatus:
        return Client(runtime_dir()).status(self.machine.folder).projects[0].connectors[0]


@pytest.fixture
def desk(
    tmp_path: Path, browser: Chromium, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    home, starter, config = tmp_path / "home", tmp_path / "browser", tmp_path / "config.toml"
    home.mkdir()
    starter.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    starter.chmod(0o755)
    config.write_text(f"authorization_limit = {getattr(request, 'param', LONG)}\n")
    monkeypatch.setenv("CONNECTORD_CONFIG", str(config))
    with running_emulator() as base44:
        base44.sign_in(home)
        root = a_project(tmp_path / "shop", {"slack": ["chat:write"]}, app_id=base44.app_id, api_url=base44.url).root
        environ = {"CONNECTORD_RUNTIME_DIR": str(runtime_dir()), "BROWSER": str(starter)}
        with running_daemon(root, home) as daemon:
            daemon.expect(event="connector.outcome", type="slack", result="needs-authorization")
            yield Desk(base44, daemon, Machine(home, root, environ), tmp_path, browser)


def test_allow_adds_the_connector(desk: Desk) -> None:
    terminal, page = desk.authorize()
    assert "chat:write" in page.text
    page.click("Allow")
    page.shows("is connected as dev@example.com")
    terminal.expect_exact("✓ slack authorization complete", timeout=SECONDS)
    assert (exit_code_of(terminal), desk.slack.state) == (0, "synced")
    page.close()


def test_deny_fails_it_and_the_next_link_is_another_chance(desk: Desk) -> None:
    terminal, page = desk.authorize()
    page.click("Deny")
    page.shows("You refused the connection")
    terminal.expect_exact("✗ slack authorization failed")
    assert (exit_code_of(terminal), desk.slack.state) == (1, "authorization-failed")
    page.close()
    again, page = desk.authorize()
    page.click("Allow")
    again.expect_exact("✓ slack authorization complete")
    assert exit_code_of(again) == 0
    page.close()


def test_another_account_is_the_one_that_is_connected(desk: Desk) -> None:
    terminal, page = desk.authorize()
    page.click("Use another account")
    page.fill("email", "team@example.com")
    page.click("Allow")
    page.shows("is connected as team@example.com")
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 0
    assert desk.daemon.expect(event="authorization.ended", type="slack")["user_email"] == "team@example.com"
    page.close()


def test_a_link_that_has_expired_says_so_and_a_fresh_one_works(desk: Desk) -> None:
    consent = desk.base44.state()["consents"][-1]
    desk.base44.admin(f"consents/{consent['connection_id']}", action="expire")
    page = desk.browser.open(desk.base44.url + consent["path"])
    assert "This authorization link has expired" in page.text
    page.close()
    desk.daemon.expect(event="authorization.ended", type="slack", result="failed")
    terminal, page = desk.authorize()
    page.click("Allow")
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 0
    page.close()


@pytest.mark.parametrize("desk", [10], indirect=True)
def test_a_tab_that_is_closed_leaves_it_open_until_its_time_is_over(desk: Desk) -> None:
    terminal, page = desk.authorize()
    page.close()
    terminal.expect_exact("✗ slack authorization timed out")
    assert (exit_code_of(terminal), desk.slack.state) == (3, "timed-out")
    assert desk.slack.authorize_url in desk.base44.open_links().values()
