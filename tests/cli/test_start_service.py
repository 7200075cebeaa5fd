"""`connectord start` on a machine whose service manager does what it is asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.service import FakeManager, Programs, a_person, a_service

from connectord import __version__
from connectord.cli.app import connectord_group
from connectord.cli.output import Output
from connectord.cli.start_service import start_by_service
from connectord.cli.status_table import NOTHING_YET
from connectord.control.models import DaemonStatus
from connectord.service.definition import Whose
from connectord.service.errors import NoServiceManager, ServiceNotStarted, ServiceRefused
from connectord.service.installation import Installation
from connectord.service.manager import Kind, RunState, ServiceStatus
from connectord.service.systemd import Systemd

INSTALL = "connectord service install"
PYTHON = "/opt/app/bin/python"


@dataclass
class Machine:
    """What `connectord start` finds and does here: the service manager, and what was started beside it."""

    runtime: Path
    monkeypatch: pytest.MonkeyPatch
    daemons: contextlib.ExitStack
    beside: int = 0

    def start(self, manager: FakeManager | Callable[[], FakeManager], *words: str, **environ: str) -> Result:
        """Run it. What it starts is a daemon at this shell's socket, unless there is one."""

        def found(*_: object, **__: object) -> FakeManager:
            return manager if isinstance(manager, FakeManager) else manager()

        environ = {"CONNECTORD_RUNTIME_DIR": str(self.runtime), **environ}
        self.monkeypatch.setattr("connectord.cli.service_here.service_manager", found)
        self.monkeypatch.setattr("connectord.cli.background.start_in_background", self._start_beside)
        return CliRunner().invoke(connectord_group, ["start", *words], env=environ)

    def service(self, **more: Any) -> ServiceStatus:
        """The service, installed from this shell and stopped, but for what is said."""
        places = {"CONNECTORD_RUNTIME_DIR": str(self.runtime)}
        return a_service(**{"state": RunState.STOPPED, "pid": None, "says": "", "environment": places, **more})

    def begin(self) -> FakeDaemon:
        """A daemon at this shell's socket."""
        return self.daemons.enter_context(fake_daemon(self.runtime))

    def _start_beside(self, *_: object, **__: object) -> DaemonStatus:
        self.beside += 1
        return self.begin().face.daemon


class Starting(FakeManager):
    """One whose service brings the daemon that this shell then reaches."""

    running: Callable[[], FakeDaemon]

    def start(self, *, anew: bool) -> ServiceStatus:
        self.running()
        return super().start(anew=anew)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with a_runtime_dir() as place, contextlib.ExitStack() as daemons:
        monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(place))
        yield Machine(place, monkeypatch, daemons)


@pytest.fixture
def starting(machine: Machine) -> Callable[..., Starting]:
    """Makes a manager of a service like this, which starts a daemon when it is asked to."""

    def make(**more: Any) -> Starting:
        manager = Starting(machine.service(**more))
        manager.running = machine.begin
        return manager

    return make


@pytest.mark.parametrize(
    ("is_so", "name"),
    [
        ({}, "systemd user service"),
        ({"state": RunState.FAILED}, "systemd user service"),
        ({"state": RunState.STARTING}, "systemd user service"),
        ({"kind": Kind.LAUNCHD, "lingering": None}, "launchd agent"),
    ],
)
def test_a_service_that_is_stopped_is_what_start_starts(
    machine: Machine, starting: Callable[..., Starting], is_so: dict[str, Any], name: str
) -> None:
    manager = starting(**is_so)
    result = machine.start(manager)
    assert (result.exit_code, manager.asked, machine.beside) == (0, ["start"], 0)
    assert f"✓ connectord {__version__} runs as a {name} now (pid " in result.stdout


def test_systemd_is_asked_to_start_its_unit_and_nothing_is_written(machine: Machine, tmp_path: Path) -> None:
    ours = Installation("/opt/app/bin/python", {"CONNECTORD_RUNTIME_DIR": str(machine.runtime)}, "1.2.3")
    stopped = "ActiveState=inactive\nMainPID=0\nUnitFileState=enabled\n"
    programs = Programs({"systemctl --user --no-pager show connectord.service": stopped})
    systemd = Systemd(a_person(tmp_path, ours), programs)
    systemd.write()
    programs.ran.clear()
    machine.monkeypatch.setattr("connectord.cli.service_here.service_manager", lambda *_, **__: systemd)
    found = start_by_service(Output())
    asked = [command.removeprefix("systemctl --user --no-pager ") for command in programs.ran]
    assert found == "systemd user service"
    assert [command for command in asked if not command.startswith("show ")] == [
        "enable connectord.service",
        "reset-failed connectord.service",
        "start connectord.service",
    ]


def test_the_next_step_is_named_while_nothing_is_registered(
    machine: Machine, starting: Callable[..., Starting]
) -> None:
    assert machine.start(starting()).stdout.endswith(f"{NOTHING_YET}\n")


def test_settings_that_cant_be_used_are_said_before_anything_is_started(machine: Machine, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("removals = 'nevr'\n")
    manager = FakeManager(machine.service())
    result = machine.start(manager, CONNECTORD_CONFIG=str(config))
    assert (result.exit_code, manager.asked, machine.beside) == (2, [], 0)
    assert f'Error: {config}:1:1: "removals" is "nevr"' in result.stderr


def test_as_json_there_is_one_document(machine: Machine, starting: Callable[..., Starting]) -> None:
    document = json.loads(machine.start(starting(), "--json").stdout)
    assert (document["started"], document["daemon"]["version"]) == (True, __version__)


@pytest.mark.parametrize(
    "is_so",
    [
        {"whose": Whose.NONE, "enabled": False},
        {"whose": Whose.FOREIGN},
        {"enabled": False},
    ],
)
def test_without_a_service_of_ours_that_starts_by_itself_it_runs_without(
    machine: Machine, is_so: dict[str, Any]
) -> None:
    manager = FakeManager(machine.service(**is_so))
    result = machine.start(manager)
    assert (result.exit_code, manager.asked, machine.beside, result.stderr) == (0, [], 1, "")
    assert "runs in the background now" in result.stdout
    assert result.stdout.endswith(f"{NOTHING_YET}\n")


@pytest.mark.parametrize(
    ("is_so", "warning"),
    [
        (
            {"whose": Whose.MOVED},
            f"The service is of the installation at {PYTHON}, which is gone; to let it start this one: {INSTALL}",
        ),
        (
            {"whose": Whose.ANOTHER},
            f"The service is of the installation at {PYTHON}; to let it start this one: {INSTALL}",
        ),
        (
            {"environment": {"CONNECTORD_STATE_DIR": "/elsewhere"}},
            "The service is left alone: it was installed with another CONNECTORD_STATE_DIR, CONNECTORD_RUNTIME_DIR.",
        ),
    ],
)
def test_a_service_that_would_start_something_else_is_left_alone_and_named(
    machine: Machine, is_so: dict[str, Any], warning: str
) -> None:
    manager = FakeManager(machine.service(**is_so))
    result = machine.start(manager)
    assert (result.exit_code, manager.asked, machine.beside) == (0, [], 1)
    assert f"Warning: {warning}\n" in result.stderr


def test_an_older_unit_is_started_and_named(machine: Machine, starting: Callable[..., Starting]) -> None:
    manager = starting(whose=Whose.OUTDATED)
    result = machine.start(manager)
    assert (manager.asked, machine.beside) == (["start"], 0)
    assert f"to renew it: {INSTALL}" in result.stderr


def test_another_host_than_the_one_of_this_shell_is_a_warning(
    machine: Machine, starting: Callable[..., Starting]
) -> None:
    result = machine.start(starting(), BASE44_API_URL="http://127.0.0.1:4400")
    assert f"another BASE44_API_URL than this shell; to take this one over: {INSTALL}" in result.stderr


def test_a_service_that_runs_out_of_reach_gets_no_second_daemon(machine: Machine) -> None:
    manager = FakeManager(machine.service(state=RunState.RUNNING, pid=77))
    result = machine.start(manager)
    assert (result.exit_code, manager.asked, machine.beside) == (2, [], 0)
    assert "The service runs already (pid 77), but this shell doesn't reach it." in result.stderr


def test_one_that_is_out_of_reach_once_it_runs_is_said(machine: Machine) -> None:
    result = machine.start(FakeManager(machine.service()))
    assert (result.exit_code, machine.beside) == (2, 0)
    assert "The service runs now, but this shell doesn't reach it: connectord isn't running." in result.stderr


def test_one_that_does_not_get_ready_ends_the_command_with_its_last_words(machine: Machine) -> None:
    class Failing(FakeManager):
        def start(self, *, anew: bool) -> ServiceStatus:
            raise ServiceNotStarted(f"The service didn't get ready{' anew' * anew}: why", details=("Last words",))

    result = machine.start(Failing(machine.service()))
    assert (result.exit_code, machine.beside) == (1, 0)
    assert "Error: The service didn't get ready: why\n  Last words\n" in result.stderr


def test_a_service_manager_that_refuses_to_tell_is_a_warning(machine: Machine) -> None:
    class Refusing(FakeManager):
        def status(self) -> ServiceStatus:
            raise ServiceRefused("`systemctl` failed with exit status 1.")

    result = machine.start(Refusing(machine.service()))
    assert (result.exit_code, machine.beside) == (0, 1)
    assert "can't be found out: `systemctl` failed" in result.stderr


def test_where_there_is_no_service_manager_nothing_is_said_of_it(machine: Machine) -> None:
    def none() -> FakeManager:
        raise NoServiceManager("This system isn't run by systemd.")

    result = machine.start(none)
    assert (result.exit_code, machine.beside, result.stderr) == (0, 1, "")


def test_a_daemon_that_runs_already_is_asked_and_nobody_else(machine: Machine, daemon: FakeDaemon) -> None:
    manager = FakeManager(machine.service())
    assert "is already running" in machine.start(manager).stdout
    assert (manager.asked, machine.beside) == ([], 0)


@pytest.fixture
def daemon(machine: Machine) -> Iterator[FakeDaemon]:
    with fake_daemon(machine.runtime) as running:
        yield running
