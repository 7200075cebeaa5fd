"""`connectord push` beside a running daemon: one watch for a link, and the daemon goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.cli import Machine, exit_code_of
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.running import RunningDaemon, running_daemon

from connectord.control.client import Client
from connectord.control.models import ConnectorState
from connectord.places import runtime_dir
from connectord.project import Project


@dataclass
class Desk:
    """A daemon that has pushed slack and waits for its consent, and a machine for commands beside it."""

    base44: RunningEmulator
    project: Project
    machine: Machine
    daemon: RunningDaemon


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The daemon polls at once, and then so seldom that any other poll is somebody else's."""
    config, home = tmp_path / "config.toml", tmp_path / "home"
    config.write_text("authorization_poll = 60\n")
    monkeypatch.setenv("CONNECTORD_CONFIG", str(config))
    home.mkdir()
    with running_emulator() as base44:
        base44.sign_in(home)
        project = a_project(tmp_path / "shop", {"slack": ["chat:write"]}, app_id=base44.app_id, api_url=base44.url)
        machine = Machine(home, project.root, {"CONNECTORD_RUNTIME_DIR": str(runtime_dir())})
        with running_daemon(project.root, home) as daemon:
            daemon.expect(event="connector.outcome", type="slack", result="needs-authorization")
            yield Desk(base44, project, machine, daemon)


def polls_of(base44: RunningEmulator, connection_id: str) -> int:
    asked = [entry for entry in base44.requests() if entry["operation"] == "poll"]
    return sum(connection_id in entry["path"] + entry["query"] for entry in asked)


def test_the_daemon_watches_the_link_of_a_push_and_nobody_else_does(desk: Desk) -> None:
    terminal = desk.machine.at_a_terminal("push", "-y")
    terminal.expect_exact("Wait while you open them? [Y/n]")
    link = desk.base44.open_links()["slack"]
    connection_id = desk.base44.state()["consents"][-1]["connection_id"]
    client = Client(runtime_dir())
    (line,) = client.status(desk.project.root).projects[0].connectors
    assert (line.authorize_url, line.state) == (link, ConnectorState.NEEDS_AUTHORIZATION)
    terminal.sendline("y")
    terminal.expect_exact("Waiting for slack authorization...")
    desk.base44.consent(link)
    client.link(desk.project.root, "slack")  # as a second click does: the daemon asks at once
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 0
    desk.daemon.expect(event="authorization.ended", type="slack", result="added")
    desk.daemon.end()
    # Handed over, opened, clicked again: each time the daemon asks at once. A watch of the push's own would, too.
    assert 1 <= polls_of(desk.base44, connection_id) <= 3


def test_two_pushes_at_once_go_by_one_link_and_both_tell_the_truth(desk: Desk) -> None:
    terminals = [desk.machine.at_a_terminal("push", "-y") for _ in range(2)]
    links = set()
    for terminal in terminals:
        terminal.expect(r"\s+slack: (http\S+)\s")
        links.add(terminal.match.group(1))
        terminal.expect_exact("Wait while you open them? [Y/n]")
    (link,) = links
    for terminal in terminals:
        terminal.sendline("y")
        terminal.expect_exact(f"Open this link to authorize slack: {link}")
        terminal.expect_exact("Waiting for slack authorization...")
    desk.base44.consent(link)
    Client(runtime_dir()).link(desk.project.root, "slack")  # the daemon asks at once
    for terminal in terminals:
        terminal.expect_exact("✓ slack authorization complete")
        terminal.expect_exact("Added: slack")
        assert exit_code_of(terminal) == 0
    desk.daemon.expect(event="authorization.ended", type="slack", result="added")
