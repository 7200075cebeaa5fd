"""`connectord push` with a person in front of it, at a pseudo-terminal: questions, browser, waiting, Esc, Ctrl-C."""

from __future__ import annotations

import signal
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.support.canned import canned_base44
from tests.support.cli import Machine, exit_code_of
from tests.support.emulator import RunningEmulator
from tests.support.face import NOON, a_project_status
from tests.support.fake_daemon import a_runtime_dir, fake_daemon


@pytest.fixture
def desk(machine: Machine, tmp_path: Path) -> Machine:
    """The machine with a browser that notes what it opens."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    return machine.with_environ(BROWSER=str(browser))


def opened(tmp_path: Path) -> list[str]:
    noted = tmp_path / "opened"
    return noted.read_text().splitlines() if noted.exists() else []


def open_link(base44: RunningEmulator, connector_type: str) -> str:
    return base44.open_links()[connector_type]


def is_as_it_was(terminal: Any) -> bool:
    """Whether the terminal reads line by line and echoes again."""
    modes: int = termios.tcgetattr(terminal.child_fd)[3]
    return bool(modes & termios.ICANON) and bool(modes & termios.ECHO)


def test_it_asks_opens_waits_and_adds(desk: Machine, base44: RunningEmulator, tmp_path: Path) -> None:
    desk.file("slack", None, "chat:write")
    terminal = desk.at_a_terminal("push")
    terminal.expect_exact("Found 1 connectors to push: slack")
    terminal.expect_exact("No connector will be removed.")
    terminal.expect_exact("Are you sure you want to continue? [Y/n]")
    terminal.sendline("")
    terminal.expect_exact("1 connector(s) require authorization in your browser:")
    terminal.expect_exact("Open browser to authorize now? [Y/n]")
    terminal.sendline("y")
    terminal.expect_exact("Opening browser for slack...")
    terminal.expect_exact("Waiting for slack authorization... (Esc to skip)")
    link = open_link(base44, "slack")
    base44.consent(link)
    terminal.expect_exact("✓ slack authorization complete")
    terminal.expect_exact("Added: slack")
    terminal.expect_exact("✓ Connectors pushed to Base44")
    assert exit_code_of(terminal) == 0
    assert opened(tmp_path) == [link]
    assert base44.connectors() == {"slack": ["chat:write"]}


def test_the_question_names_exactly_what_would_be_removed(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    base44.connect("gmail", [])
    base44.connect("slack", [])
    desk.file("slack")
    terminal = desk.at_a_terminal("push")
    terminal.expect_exact("and remove 2 from Base44: github, gmail.")
    terminal.expect_exact("Are you sure you want to continue? [y/N]")
    terminal.sendline("")
    terminal.expect_exact("Push cancelled")
    assert exit_code_of(terminal) == 0
    assert {one["method"] for one in base44.requests()} == {"GET"}


@pytest.mark.parametrize("written", ["github", "GitHub"])
def test_a_file_that_comes_back_while_the_question_is_open_is_not_removed(
    desk: Machine, base44: RunningEmulator, written: str
) -> None:
    base44.connect("github", [])
    terminal = desk.at_a_terminal("push")
    terminal.expect_exact("Are you sure you want to continue? [y/N]")
    desk.file(written)
    terminal.sendline("y")
    terminal.expect_exact("Kept on Base44: github - its file is back")
    assert exit_code_of(terminal) == 4
    assert list(base44.connectors()) == ["github"]


def test_p4_nothing_is_removed_while_git_is_at_work(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    (desk.folder / ".git").mkdir()
    (desk.folder / ".git/HEAD").write_text("ref: refs/heads/main\n")
    terminal = desk.at_a_terminal("push")
    terminal.expect_exact("Are you sure you want to continue? [y/N]")
    (desk.folder / ".git/index.lock").touch()
    terminal.sendline("y")
    terminal.expect_exact("Kept on Base44: github - git is at work, or was killed at it")
    assert exit_code_of(terminal) == 4
    assert list(base44.connectors()) == ["github"]


def test_what_the_daemon_holds_is_said_before_the_question(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    base44.connect("slack", [])
    hold = {"reason": "mass-removal", "types": ("slack", "gmail"), "since": NOON, "why": "3 of 5 are gone"}
    with a_runtime_dir() as runtime, fake_daemon(runtime) as daemon:
        daemon.face.projects = [a_project_status(desk.folder, app_id=base44.app_id, held=(hold,))]
        terminal = desk.with_environ(CONNECTORD_RUNTIME_DIR=str(runtime)).at_a_terminal("push")
        terminal.expect_exact("and remove 2 from Base44: github, slack.")
        terminal.expect_exact("The daemon holds slack (mass-removal), because 3 of 5 are gone.")
        terminal.expect_exact("Are you sure")
        terminal.sendintr()
        assert exit_code_of(terminal) == 130
    assert sorted(base44.connectors()) == ["github", "slack"]


def test_p8_a_daemon_beside_is_told_that_something_was_pushed(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["chat:write"])
    desk.file("slack")
    with a_runtime_dir() as runtime, fake_daemon(runtime) as daemon:
        daemon.face.projects = [a_project_status(desk.folder, app_id=base44.app_id)]
        terminal = desk.with_environ(CONNECTORD_RUNTIME_DIR=str(runtime)).at_a_terminal("push", "-y")
        terminal.expect_exact("Connectors pushed to Base44")
        assert exit_code_of(terminal) == 0
        assert daemon.face.asked == [("push", desk.folder)]


def test_esc_skips_the_current_one_and_the_next_is_asked_for(
    desk: Machine, base44: RunningEmulator, tmp_path: Path
) -> None:
    desk.file("github")
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for github authorization... (Esc to skip)")
    github = open_link(base44, "github")
    terminal.send("\x1b")
    terminal.expect_exact("github skipped")
    terminal.expect_exact("Waiting for slack authorization... (Esc to skip)")
    slack = open_link(base44, "slack")
    base44.consent(slack)
    terminal.expect_exact("Added: slack")
    terminal.expect_exact("Skipped: github")
    terminal.expect_exact("Some connectors still require authorization.")
    assert exit_code_of(terminal) == 3
    assert opened(tmp_path) == [github, slack]


def test_a_denied_consent_is_a_failure(desk: Machine, base44: RunningEmulator) -> None:
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for slack")
    base44.deny(open_link(base44, "slack"))
    terminal.expect_exact("✗ slack authorization failed")
    terminal.expect_exact("Failed: slack - authorization failed")
    assert exit_code_of(terminal) == 1


def test_a_consent_that_does_not_come_times_out(desk: Machine) -> None:
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y", authorization_limit=1.0)
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("✗ slack authorization timed out")
    terminal.expect_exact("Failed: slack - authorization timed out")
    assert exit_code_of(terminal) == 3


def test_trouble_while_waiting_is_said_on_a_line_of_its_own(desk: Machine, base44: RunningEmulator) -> None:
    base44.fault(route="poll", status=503, retry_after=1, count=1)
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect(r"\r\x1b\[K[^\r\n]*Trying again in (\d s|a moment)\.\r\n")
    terminal.expect_exact("Waiting for slack")
    base44.consent(open_link(base44, "slack"))
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 0


def test_a_no_to_the_browser_leaves_the_link(desk: Machine, tmp_path: Path) -> None:
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("n")
    terminal.expect_exact("Skipped: slack")
    terminal.expect_exact("Run 'connectord push' or open the links above to authorize.")
    assert exit_code_of(terminal) == 3
    assert opened(tmp_path) == []


@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        (lambda terminal: terminal.sendintr(), 130),
        (lambda terminal: terminal.kill(signal.SIGTERM), 143),
    ],
    ids=["ctrl-c", "sigterm"],
)
def test_an_interruption_says_what_remains_open_and_restores_the_terminal(
    desk: Machine, base44: RunningEmulator, end: Callable[[Any], None], exit_code: int
) -> None:
    login = (desk.home / ".base44" / "auth" / "auth.json").read_text()
    desk.file("github")
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for github")
    links = base44.open_links()
    assert not is_as_it_was(terminal)
    end(terminal)
    terminal.expect_exact("These connectors still require authorization:")
    terminal.expect_exact(f"github: {links['github']}")
    terminal.expect_exact(f"slack: {links['slack']}")
    terminal.expect(r"Interrupted\.|Terminated\.")
    assert is_as_it_was(terminal)
    assert exit_code_of(terminal) == exit_code
    assert (desk.home / ".base44" / "auth" / "auth.json").read_text() == login


def test_ctrl_c_while_base44_is_being_asked_shows_no_traceback(desk: Machine, base44: RunningEmulator) -> None:
    base44.fault(route="poll", delay=60)
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for slack")
    _until(lambda: any(one["path"].endswith("external-auth/status") for one in base44.requests()))
    terminal.sendintr()
    terminal.expect_exact("Interrupted.")
    assert "Traceback" not in terminal.before
    assert exit_code_of(terminal) == 130


def test_ctrl_c_at_the_question_sends_nothing(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    terminal = desk.at_a_terminal("push")
    terminal.expect_exact("Are you sure")
    terminal.sendintr()
    terminal.expect_exact("Interrupted.")
    assert exit_code_of(terminal) == 130
    assert list(base44.connectors()) == ["github"]


def test_ctrl_c_in_the_middle_of_a_push_says_what_was_done(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    base44.connect("slack", [])
    base44.fault(route="remove", delay=60)
    desk.file("github")
    terminal = desk.at_a_terminal("push", "-y")
    _until(lambda: any(one["path"].endswith("/remove") for one in base44.requests()))
    terminal.sendintr()
    terminal.expect_exact("Pushed before the interruption: github (synced). Run 'connectord push' again")
    assert exit_code_of(terminal) == 130


def test_ctrl_c_while_a_consent_is_waited_for_sums_up_what_was_pushed_and_authorized(
    desk: Machine, base44: RunningEmulator
) -> None:
    base44.connect("box", [])
    for name in ("box", "github", "slack"):
        desk.file(name)
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for github")
    base44.consent(open_link(base44, "github"))
    terminal.expect_exact("Waiting for slack")
    terminal.sendintr()
    for line in ("Summary:", "Synced: box", "Added: github", "Failed: slack - needs authorization", "Interrupted."):
        terminal.expect_exact(line)
    assert exit_code_of(terminal) == 130


def test_ctrl_c_at_the_question_of_the_browser_sums_up_what_was_pushed(desk: Machine, base44: RunningEmulator) -> None:
    base44.connect("box", [])
    desk.file("box")
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendintr()
    for line in ("Synced: box", "Failed: slack - needs authorization", "Interrupted."):
        terminal.expect_exact(line)
    assert exit_code_of(terminal) == 130


def test_c9_a_terminal_that_is_closed_while_a_consent_is_waited_for_ends_it(
    desk: Machine, base44: RunningEmulator
) -> None:
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for slack")
    terminal.ptyproc.fileobj.close()
    terminal.wait()
    assert terminal.exitstatus == 143


@pytest.mark.parametrize("name", ["CI", "SSH_CONNECTION"])
def test_nothing_is_opened_in_a_pipeline_or_over_ssh(
    machine: Machine, base44: RunningEmulator, tmp_path: Path, name: str
) -> None:
    machine.file("slack")
    terminal = machine.with_environ(DISPLAY=":0", **{name: "1"}).at_a_terminal("push", "-y")
    terminal.expect_exact("1 connector(s) require authorization in your browser:")
    if name == "CI":
        terminal.expect_exact("Skipped OAuth in non-interactive mode.")
        assert exit_code_of(terminal) == 3
    else:
        terminal.expect_exact("Wait while you open them?")
        terminal.sendline("y")
        terminal.expect_exact("Open this link to authorize slack: http")
        base44.consent(open_link(base44, "slack"))
        terminal.expect_exact("Added: slack")
        assert exit_code_of(terminal) == 0


def test_a_browser_that_does_not_start_leaves_the_link_and_waits(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("slack")
    terminal = machine.with_environ(BROWSER="no-such-browser").at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("The browser was not opened: no-such-browser could not be started")
    base44.consent(open_link(base44, "slack"))
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 0


def test_defect_05_an_authorization_without_a_connection_id_is_watched_in_the_list(
    desk: Machine, tmp_path: Path
) -> None:
    desk.file("slack", None, "chat:write")
    with canned_base44() as canned:
        canned.sets("slack", redirect_url="https://auth.test/1")
        elsewhere = desk.with_environ(BASE44_API_URL=canned.url, BASE44_API_KEY="b44k_made_up")
        terminal = elsewhere.at_a_terminal("push", "-y")
        terminal.expect_exact("Open browser to authorize now?")
        terminal.sendline("y")
        terminal.expect_exact("Waiting for slack")
        canned.lists({"integration_type": "slack", "scopes": ["chat:write"]})
        terminal.expect_exact("✓ slack authorization complete")
        assert exit_code_of(terminal) == 0
    assert opened(tmp_path) == ["https://auth.test/1"]


def test_defect_10_after_consent_the_granted_scopes_are_compared(desk: Machine, base44: RunningEmulator) -> None:
    desk.file("slack", None, "chat:write", "admin.restricted")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("Open browser to authorize now?")
    terminal.sendline("y")
    terminal.expect_exact("Waiting for slack")
    base44.consent(open_link(base44, "slack"))
    terminal.expect_exact("slack: Added, but 1 of 2 scopes were not granted: admin.restricted")
    assert exit_code_of(terminal) == 0


def test_signed_out_at_a_terminal_it_signs_in_first_and_goes_on(desk: Machine, base44: RunningEmulator) -> None:
    base44.settings(device_interval=1)
    (desk.home / ".base44" / "auth" / "auth.json").unlink()
    base44.connect("slack", [])
    desk.file("slack")
    terminal = desk.at_a_terminal("push", "-y")
    terminal.expect_exact("You need to login first to continue.")
    terminal.expect(r"Verification code: (\S+)\r\n")
    base44.approve_device(str(terminal.match.group(1)))
    terminal.expect_exact("Successfully logged in as dev@example.com")
    terminal.expect_exact("Synced: slack")
    assert exit_code_of(terminal) == 0


def test_colours_are_for_terminals_alone(desk: Machine, base44: RunningEmulator) -> None:
    desk.file("stripe")
    assert "\x1b[" not in desk.connectord("push", "-y").out
    colourful = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "push", "-y"],
        cwd=str(desk.folder),
        env={"PATH": "", "HOME": str(desk.home), "LANG": "C.UTF-8", "TERM": "xterm", **desk.environ},
        encoding="utf-8",
        timeout=30,
    )
    colourful.expect_exact("\x1b[32mSynced: stripe")
    assert exit_code_of(colourful) == 0
    colourless = desk.with_environ(NO_COLOR="1").at_a_terminal("push", "-y")
    colourless.expect_exact("Synced: stripe")
    assert "\x1b[" not in colourless.before


def _until(true: Callable[[], bool]) -> None:
    """Ask again and again; the test's time limit ends it."""
    while not true():
        pass
