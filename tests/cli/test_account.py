"""`login`, `logout`, `whoami` and `list-available`."""

from __future__ import annotations

import json
import stat

from tests.support.cli import Machine, exit_code_of
from tests.support.emulator import RunningEmulator


def test_login_shows_a_code_waits_and_keeps_the_credentials_private(machine: Machine, base44: RunningEmulator) -> None:
    base44.settings(device_interval=1)
    login = machine.home / ".base44" / "auth" / "auth.json"
    login.unlink()
    terminal = machine.at_a_terminal("login")
    terminal.expect(r"Verification code: (\S+)\r\n")
    code = str(terminal.match.group(1))
    terminal.expect(r"Please confirm this code at: http\S+\r\n")
    base44.approve_device(code)
    terminal.expect_exact("Successfully logged in as dev@example.com")
    assert exit_code_of(terminal) == 0
    assert json.loads(login.read_text())["email"] == "dev@example.com"
    assert stat.S_IMODE(login.stat().st_mode) == 0o600


def test_a_denied_login_keeps_the_old_one(machine: Machine, base44: RunningEmulator) -> None:
    base44.settings(device_interval=1)
    login = machine.home / ".base44" / "auth" / "auth.json"
    before = login.read_text()
    terminal = machine.at_a_terminal("login")
    terminal.expect(r"Verification code: (\S+)\r\n")
    base44.deny_device(str(terminal.match.group(1)))
    terminal.expect_exact("Error: ")
    assert exit_code_of(terminal) == 5
    assert login.read_text() == before


def test_whoami_names_the_person(machine: Machine) -> None:
    assert machine.connectord("whoami").out == "Logged in as: dev@example.com\n"
    assert machine.connectord("whoami", "--json").document["email"] == "dev@example.com"


def test_whoami_names_an_api_key_by_its_beginning(machine: Machine) -> None:
    ended = machine.with_environ(BASE44_API_KEY="b44k_0123456789").connectord("whoami")
    assert ended.out == "Using workspace API key: b44k_01234\n"


def test_whoami_reads_the_projects_env_file(machine: Machine) -> None:
    (machine.folder / ".env").write_text("BASE44_API_KEY=b44k_fromtheenvfile\n")
    assert "b44k_fromt" in machine.connectord("whoami").out


def test_logout_forgets_and_whoami_says_so(machine: Machine) -> None:
    assert machine.connectord("logout").out == "Logged out successfully\n"
    ended = machine.connectord("whoami")
    assert "not signed in" in ended.err
    assert ended.code == 5
    assert machine.connectord("logout").out == "Nobody was logged in\n"


def test_list_available_names_types_and_what_they_want(machine: Machine) -> None:
    ended = machine.connectord("list-available")
    assert "SharePoint\n  type: share_point\n" in ended.out
    assert "connection_config.subdomain (required)" in ended.out
    assert ended.code == 0


def test_list_available_as_json_has_the_services_own_names(machine: Machine) -> None:
    integrations = machine.connectord("list-available", "--json").document["integrations"]
    by_type = {one["integration_type"]: one for one in integrations}
    assert set(by_type["slack"]) == {"integration_type", "display_name", "description", "connection_config_fields"}
    assert by_type["share_point"]["connection_config_fields"][0]["validation_pattern"] == "^[a-zA-Z0-9/_-]+$"


def test_list_available_needs_no_project_where_an_app_is_named(machine: Machine, base44: RunningEmulator) -> None:
    away = Machine(machine.home, machine.home, machine.environ)
    assert away.connectord("list-available", "--app-id", base44.app_id).code == 0
    nowhere = away.connectord("list-available")
    assert "--app-id" in nowhere.err
    assert nowhere.code == 2
