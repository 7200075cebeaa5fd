"""`connectord service` with a service manager that does what it is asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from click.testing import CliRunner, Result
from tests.support.cli import exit_code_of
from tests.support.face import a_project_status
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.service import FakeManager, a_service

from connectord import __version__
from connectord.cli.app import connectord_group
from connectord.cli.service_table import status_lines
from connectord.cli.status_table import NOTHING_YET
from connectord.control.lock_file import is_locked
from connectord.service.definition import Whose
from connectord.service.errors import NoServiceManager
from connectord.service.manager import Kind, RunState

Command = Callable[..., Result]

INSTALL = "connectord service install"
JOURNAL = "journalctl --user -u connectord"

MISSING = {"whose": Whose.NONE, "state": RunState.STOPPED, "enabled": False, "pid": None, "says": ""}

AT_A_TERMINAL = """
from connectord.cli import main, service_here
from tests.support.service import FakeManager, a_service
service_here.service_manager = lambda *_, **__: FakeManager(a_service(pid=None))
main()
"""


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with a_runtime_dir() as place:
        monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(place))
        yield place


@pytest.fixture
def run(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `connectord service ...` with this manager."""

    def run(manager: FakeManager, *words: str, **environ: str) -> Result:
        monkeypatch.setattr("connectord.cli.service_here.service_manager", lambda *_, **__: manager)
        return CliRunner().invoke(connectord_group, ["service", *words], env=environ)

    return run


def test_installed_it_says_where_it_is_and_how_to_let_it_linger(run: Command) -> None:
    manager = FakeManager(a_service(**MISSING))
    result = run(manager, "install")
    assert (result.exit_code, manager.asked) == (0, ["write", "start anew"])
    assert f"✓ connectord {__version__} runs as a systemd user service (pid 77)" in result.stdout
    assert "loginctl enable-linger" in result.stdout
    assert "Its file: /home/ann/.config/systemd/user/connectord.service" in result.stdout


def test_a_service_that_runs_already_is_left_running(run: Command, runtime: Path) -> None:
    with fake_daemon(runtime):
        manager = FakeManager(a_service(pid=os.getpid()), changes=False)
        result = run(manager, "install")
    assert manager.asked == ["write", "start"]
    assert "is installed already, and runs" in result.stdout


def test_a_daemon_of_an_older_version_is_started_anew(run: Command, runtime: Path) -> None:
    with fake_daemon(runtime) as daemon:
        daemon.face.daemon = daemon.face.daemon.model_copy(update={"version": "0.0.1"})
        manager = FakeManager(a_service(pid=os.getpid()), changes=False)
        run(manager, "install")
    assert manager.asked == ["write", "start anew"]


def test_the_installation_that_is_replaced_is_named(run: Command) -> None:
    result = run(FakeManager(a_service(whose=Whose.MOVED)), "install")
    assert "Replacing the service of the installation at /opt/app/bin/python, which is gone" in result.stderr
    result = run(FakeManager(a_service(whose=Whose.ANOTHER)), "install")
    assert "Replacing the service of the installation at /opt/app/bin/python ..." in result.stderr


def test_the_next_step_is_named_while_nothing_is_registered(run: Command, runtime: Path) -> None:
    with fake_daemon(runtime) as daemon:
        manager = FakeManager(a_service(kind=Kind.LAUNCHD, says="", pid=os.getpid()), changes=False)
        assert run(manager, "install").stdout.endswith(f"{NOTHING_YET}\n")
        assert NOTHING_YET not in run(FakeManager(a_service()), "install").stdout
        assert json.loads(run(manager, "install", "--json").stdout)["changed"] is False
        daemon.face.projects = [a_project_status()]
        assert NOTHING_YET not in run(manager, "install").stdout


def test_p13_what_is_not_taken_over_is_said_by_name_only(run: Command) -> None:
    result = run(FakeManager(a_service()), "install", BASE44_API_KEY="sekret", BASE44_APP_ID="app")
    assert "Warning: BASE44_API_KEY isn't written into the service's file" in result.stderr
    assert "BASE44_APP_ID isn't taken over" in result.stderr
    assert "sekret" not in result.output


def test_less_of_a_sandbox_is_a_warning(run: Command) -> None:
    assert "a part of its sandbox only" in run(FakeManager(a_service(confined=False)), "install").stderr


def test_commands_that_look_elsewhere_are_a_warning(run: Command) -> None:
    result = run(FakeManager(a_service()), "install")
    assert "It runs, but commands in this shell don't reach it" in result.stderr


def test_root_by_sudo_is_told_whose_service_it_is(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert "not the one of ann" in run(FakeManager(a_service()), "install", SUDO_USER="ann").stderr


def test_as_json_there_is_one_document(run: Command) -> None:
    document = json.loads(run(FakeManager(a_service(**MISSING)), "install", "--json").stdout)
    assert (document["changed"], document["service"]["running"]) == (True, True)


def test_where_there_is_no_service_manager_start_is_named(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise NoServiceManager("This system isn't run by systemd.", todo=("connectord start",))

    for command in ("install", "uninstall", "status"):
        monkeypatch.setattr("connectord.cli.service_here.service_manager", none)
        result = CliRunner().invoke(connectord_group, ["service", command])
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Hint: connectord start" in result.stderr


@pytest.fixture
def by_hand(runtime: Path) -> Iterator[FakeDaemon]:
    """A daemon that the service manager knows nothing of."""
    with fake_daemon(runtime) as daemon:
        yield daemon


def test_a_daemon_outside_of_the_service_is_not_ended_unasked(run: Command, by_hand: FakeDaemon) -> None:
    manager = FakeManager(a_service(**MISSING))
    result = run(manager, "install")
    assert (result.exit_code, manager.asked) == (2, [])
    assert f"systemd didn't start (pid {os.getpid()}). Nothing was changed." in result.stderr
    assert "Hint: Let the service take its place: connectord service install -y" in result.stderr
    assert is_locked(by_hand.runtime)


def test_with_yes_it_is_ended_and_the_service_takes_its_place(run: Command, by_hand: FakeDaemon) -> None:
    manager = FakeManager(a_service(**MISSING))
    assert run(manager, "install", "-y").exit_code == 0
    assert manager.asked == ["write", "start anew"]
    assert not is_locked(by_hand.runtime)


@pytest.mark.parametrize(("answer", "code", "lives"), [("n", 2, True), ("", 0, False)])
def test_at_a_terminal_it_asks(by_hand: FakeDaemon, answer: str, code: int, *, lives: bool) -> None:
    root = str(Path(__file__).parents[2])
    environ = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": root}
    words = ["-c", AT_A_TERMINAL, "service", "install"]
    terminal = pexpect.spawn(sys.executable, words, env=environ, encoding="utf-8", timeout=30, dimensions=(40, 300))
    terminal.expect_exact("End it, and let systemd start one in its place? [Y/n]")
    terminal.sendline(answer)
    assert exit_code_of(terminal) == code
    assert is_locked(by_hand.runtime) is lives


def test_status_tells_of_a_daemon_outside_of_the_service(run: Command, by_hand: FakeDaemon) -> None:
    for is_so in (MISSING, {**MISSING, "whose": Whose.CURRENT}):
        result = run(FakeManager(a_service(**is_so)), "status")
        assert f"  ! A daemon runs that systemd didn't start (pid {os.getpid()})\n" in result.stdout
    document = json.loads(run(FakeManager(a_service(**MISSING)), "status", "--json").stdout)
    assert document["other_daemon"] == os.getpid()


def test_uninstalled_it_says_what_stays(run: Command) -> None:
    manager = FakeManager(a_service())
    result = run(manager, "uninstall")
    assert (result.exit_code, manager.asked) == (0, ["remove"])
    assert "connectord.service is removed" in result.stdout
    assert "Your login, your settings and" in result.stdout
    assert json.loads(run(manager, "uninstall", "--json").stdout)["removed"] is False


def test_there_may_be_nothing_to_remove(run: Command) -> None:
    manager = FakeManager(a_service(**MISSING))
    assert run(manager, "uninstall").stdout == "There is no service to remove.\n"
    assert manager.asked == []


@pytest.mark.parametrize(
    ("is_so", "code"),
    [
        ({}, 0),
        (MISSING, 1),
        ({"whose": Whose.OUTDATED}, 1),
        ({"state": RunState.FAILED}, 1),
        ({"enabled": False}, 1),
        ({"lingering": True}, 0),
        ({"kind": Kind.LAUNCHD, "lingering": None}, 0),
    ],
)
def test_p12_the_exit_code_of_status_is_its_verdict(run: Command, is_so: dict[str, Any], code: int) -> None:
    assert run(FakeManager(a_service(**is_so)), "status").exit_code == code


def test_status_as_json_has_every_answer(run: Command) -> None:
    document = json.loads(run(FakeManager(a_service()), "status", "--json").stdout)
    assert document == {
        "manager": "systemd",
        "file": "/home/ann/.config/systemd/user/connectord.service",
        "installed": True,
        "current": True,
        "whose": "current",
        "python": "/opt/app/bin/python",
        "running": True,
        "state": "running",
        "pid": 77,
        "says": "Looking after 1 project: 1 synced",
        "enabled": True,
        "lingering": False,
        "confined": True,
        "other_daemon": None,
    }


@pytest.mark.parametrize(
    ("is_so", "line"),
    [
        ({}, "  ✓ installed  runs /opt/app/bin/python"),
        ({}, "  ✓ running    pid 77: Looking after 1 project: 1 synced"),
        ({"lingering": True}, "  · lingering  goes on when you log out"),
        (MISSING, "  ✗ installed  no; to install it: connectord service install"),
        (
            {"whose": Whose.MOVED},
            f"  ✗ current    no: /opt/app/bin/python is gone; to mend that: {INSTALL}",
        ),
        (
            {"whose": Whose.ANOTHER},
            "  ✗ current    no: another installation's; to let this one take its place: connectord service install",
        ),
        (
            {"whose": Whose.FOREIGN, "python": None},
            "  ✗ current    no: connectord hasn't written this file. Move it out of the way first",
        ),
        (
            {"state": RunState.FAILED, "says": "it ended with a failure"},
            f"  ✗ running    failed: it ended with a failure; see why: {JOURNAL}; then start it: {INSTALL}",
        ),
        ({"state": RunState.STARTING, "says": "Looking"}, "  ✗ running    not ready yet: Looking"),
        ({"state": RunState.STOPPED}, "  ✗ running    no; to start it: connectord start"),
        ({"state": RunState.STOPPED, "whose": Whose.MOVED}, f"  ✗ running    no; to start it: {INSTALL}"),
        ({"enabled": False}, "  ✗ enabled    doesn't start when you log in; to mend that: connectord service install"),
        ({"confined": False}, "  · sandbox    a part of it only: this system keeps user namespaces from its users"),
    ],
)
def test_each_line_says_what_to_do(is_so: dict[str, Any], line: str) -> None:
    assert line in [one.text for one in status_lines(a_service(**is_so))]
