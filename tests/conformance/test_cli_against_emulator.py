"""The real CLI is the judge of the emulator: what it can't tell from Base44 is right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.real_cli import (
    CompletedRun,
    needs_real_cli,
    real_cli,
    real_cli_command,
    real_cli_environment,
    without_colours,
)

pytestmark = needs_real_cli

CALENDAR = "https://www.googleapis.com/auth/calendar.events"
GOOGLE_ADDS = ["openid", "https://www.googleapis.com/auth/userinfo.email"]


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


class Machine:
    """A home and a linked project on somebody's machine, with the CLI to use there."""

    def __init__(self, folder: Path, emulator: RunningEmulator) -> None:
        self.home = folder / "home"
        self.project = folder / "project"
        self.connectors = self.project / "base44" / "connectors"
        self.connectors.mkdir(parents=True)
        self.home.mkdir()
        self.emulator = emulator
        (self.project / "base44" / "config.jsonc").write_text('{"name": "sample"}')
        (self.project / "base44" / ".app.jsonc").write_text(json.dumps({"id": emulator.app_id}))

    def file(self, type_: str, **content: Any) -> Path:
        path = self.connectors / f"{type_}.jsonc"
        path.write_text(json.dumps({"type": type_, **content}))
        return path

    def run(self, *args: str) -> CompletedRun:
        return real_cli(args, self.project, self.home, self.emulator.url)

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            real_cli_command(args),
            cwd=self.project,
            env=real_cli_environment(self.home, self.emulator.url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def in_terminal(self, *args: str) -> pexpect.spawn[str]:
        command, *arguments = real_cli_command(args)
        environment = {**real_cli_environment(self.home, self.emulator.url), "TERM": "xterm"}
        return pexpect.spawn(
            command,
            arguments,
            cwd=str(self.project),
            env=environment,
            encoding="utf-8",
            timeout=20,
            dimensions=(50, 200),
        )

    def sent(self) -> list[tuple[str, str]]:
        """Method and path (below the app's API) of what was sent, in order."""
        prefix = f"/api/apps/{self.emulator.app_id}/"
        return [(one["method"], one["path"].removeprefix(prefix)) for one in self.emulator.requests()]


@pytest.fixture
def machine(tmp_path: Path, emulator: RunningEmulator) -> Machine:
    return Machine(tmp_path, emulator)


@pytest.fixture
def signed_in(machine: Machine) -> Machine:
    machine.emulator.sign_in(machine.home)
    return machine


def start_login(machine: Machine) -> tuple[subprocess.Popen[str], str]:
    """A login that waits for its person, and the code to enter."""
    machine.emulator.settings(device_interval=1)
    login = machine.start("login")
    assert login.stdout is not None
    for line in login.stdout:
        if line.startswith("Verification code: "):
            return login, line.split()[-1]
    raise AssertionError("The CLI never showed a code")


def test_device_login_ends_once_the_code_was_confirmed(machine: Machine) -> None:
    login, code = start_login(machine)
    with login:
        machine.emulator.approve_device(code, email="ada@example.com")
        output, _ = login.communicate(timeout=30)

    assert output.splitlines()[-1] == "Successfully logged in as ada@example.com"
    assert login.returncode == 0
    assert json.loads((machine.home / ".base44/auth/auth.json").read_text())["email"] == "ada@example.com"
    assert machine.emulator.state()["refresh_tokens"] == 1


def test_device_login_fails_once_the_person_refused(machine: Machine) -> None:
    login, code = start_login(machine)
    with login:
        machine.emulator.deny_device(code)
        output, _ = login.communicate(timeout=30)

    assert "The sign-in was refused" in output
    assert login.returncode == 1
    assert machine.emulator.state()["refresh_tokens"] == 0


def test_whoami_names_who_signed_in(signed_in: Machine) -> None:
    run = signed_in.run("whoami")

    assert (run.exit_code, run.lines) == (0, ["Logged in as: dev@example.com"])


def test_list_available_reads_the_whole_catalogue(signed_in: Machine) -> None:
    run = signed_in.run("connectors", "list-available", "--json")

    offered = {one["integrationType"]: one for one in json.loads(run.stdout)["integrations"]}
    assert run.exit_code == 0
    assert len(offered) == 46
    assert offered["googlecalendar"]["displayName"] == "Google Calendar"
    assert offered["share_point"]["connectionConfigFields"][0]["validationPattern"] == "^[a-zA-Z0-9/_-]+$"


def test_push_asks_for_consent_and_syncs_after_it(signed_in: Machine) -> None:
    signed_in.file("googlecalendar", scopes=[CALENDAR])
    emulator = signed_in.emulator

    asked = signed_in.run("connectors", "push", "-y")

    link = emulator.open_links()["googlecalendar"]
    assert asked.exit_code == 0
    assert "Warning: 1 connector(s) require authorization in your browser:" in asked.lines
    assert f"googlecalendar: {link}" in asked.lines
    assert "Error: Failed: googlecalendar - needs authorization" in asked.lines
    assert emulator.connectors() == {}

    emulator.consent(link)
    synced = signed_in.run("connectors", "push", "-y")

    assert synced.exit_code == 0
    assert synced.lines[-2:] == ["Synced: googlecalendar", "Connectors pushed to Base44"]
    assert emulator.connectors() == {"googlecalendar": [CALENDAR, *GOOGLE_ADDS]}


def test_push_sends_the_requests_of_protocol_md_in_their_order(signed_in: Machine) -> None:
    signed_in.file("slack", scopes=["chat:write"])
    signed_in.file("stripe")
    signed_in.emulator.connect("notion", [])

    run = signed_in.run("connectors", "push", "-y", "--json")

    assert [(one["type"], one["action"]) for one in json.loads(run.stdout)["results"]] == [
        ("slack", "needs_oauth"),
        ("notion", "removed"),
        ("stripe", "provisioned"),
    ]
    assert signed_in.sent() == [
        ("GET", "external-auth/list"),
        ("PUT", "external-auth/integrations/slack"),
        ("DELETE", "external-auth/integrations/notion/remove"),
        ("GET", "payments/stripe/status"),
        ("POST", "payments/stripe/install"),
    ]


def test_stripe_is_provisioned_claimed_and_removed(signed_in: Machine) -> None:
    emulator = signed_in.emulator
    stripe = signed_in.file("stripe")

    provisioned = signed_in.run("connectors", "push", "-y")

    account = emulator.state()["stripe"][emulator.app_id]
    claim_link = emulator.url + account["claim_path"]
    dashboard = f"{emulator.url}/apps/{emulator.app_id}/editor/workspace/app-connections"
    assert account["mode"] == "sandbox"
    assert provisioned.lines[-4:] == [
        "Stripe sandbox provisioned",
        f"Claim your Stripe sandbox: {claim_link}",
        f"Connectors dashboard: {dashboard}",
        "Connectors pushed to Base44",
    ]

    emulator.claim(claim_link)
    assert "Synced: stripe" in signed_in.run("connectors", "push", "-y").lines
    assert emulator.state()["stripe"][emulator.app_id]["mode"] == "live"

    stripe.unlink()
    removed = signed_in.run("connectors", "push", "-y")

    assert (removed.exit_code, "Removed: stripe" in removed.lines) == (0, True)
    assert emulator.state()["stripe"] == {}


def test_a_connector_without_a_file_is_removed(signed_in: Machine) -> None:
    signed_in.emulator.connect("notion", [])
    signed_in.emulator.connect("slack", ["chat:write"])
    signed_in.file("slack", scopes=["chat:write"])

    run = signed_in.run("connectors", "push", "-y")

    assert {"Synced: slack", "Removed: notion"} <= set(run.lines)
    assert signed_in.emulator.connectors() == {"slack": ["chat:write"]}


def test_a_connector_of_another_user_is_a_failure(signed_in: Machine) -> None:
    signed_in.emulator.connect("slack", ["chat:write"], connected_by="ada@example.com")
    signed_in.file("slack", scopes=["chat:write"])

    run = signed_in.run("connectors", "push", "-y")

    assert "Error: Failed: slack - Slack User is already connected by ada@example.com" in run.lines


def test_pull_writes_what_the_service_granted(signed_in: Machine) -> None:
    stripe = signed_in.file("stripe")
    signed_in.run("connectors", "push", "-y")
    stripe.unlink()
    signed_in.emulator.connect("googlecalendar", [CALENDAR, *GOOGLE_ADDS])

    run = signed_in.run("connectors", "pull")

    files = {path.name: json.loads(path.read_text()) for path in signed_in.connectors.iterdir()}
    assert run.exit_code == 0
    assert "Written: googlecalendar, stripe" in run.lines
    assert files == {
        "googlecalendar.jsonc": {"type": "googlecalendar", "scopes": [CALENDAR, *GOOGLE_ADDS]},
        "stripe.jsonc": {"type": "stripe", "scopes": []},
    }


def test_an_expired_access_token_is_refreshed_unnoticed(signed_in: Machine) -> None:
    before = json.loads((signed_in.home / ".base44/auth/auth.json").read_text())
    signed_in.emulator.admin("tokens/expire")

    run = signed_in.run("connectors", "list-available")

    after = json.loads((signed_in.home / ".base44/auth/auth.json").read_text())
    assert run.exit_code == 0
    assert after["refreshToken"] != before["refreshToken"]
    assert [one["status"] for one in signed_in.emulator.requests()] == [401, 200, 200]


def test_an_unknown_app_is_an_error_with_the_service_s_own_words(signed_in: Machine) -> None:
    run = signed_in.run("connectors", "push", "-y", "--app-id", "0" * 24)

    assert run.exit_code == 1
    assert f"Error: Error listing connectors: App with id {'0' * 24} not found" in run.lines


def test_in_a_terminal_the_cli_polls_until_the_person_has_consented(signed_in: Machine) -> None:
    signed_in.file("slack", scopes=["chat:write"])
    terminal = signed_in.in_terminal("connectors", "push", "-y")
    try:
        terminal.expect_exact("Open browser to authorize now?")
        terminal.send("\r")
        terminal.expect_exact("Waiting for slack authorization")
        signed_in.emulator.consent(signed_in.emulator.open_links()["slack"])
        terminal.expect_exact("slack authorization complete")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)

    assert "Added: slack" in without_colours(terminal.before or "")
    assert terminal.exitstatus == 0
    assert signed_in.emulator.connectors() == {"slack": ["chat:write"]}
