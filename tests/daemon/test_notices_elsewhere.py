"""Where there is no desktop, and through a command of the person's own, good or bad. A daemon's real process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.running import RunningDaemon, running_daemon

from connectord.control.client import Client
from connectord.control.models import ChannelStatus, DaemonStatus, ProjectStatus
from connectord.places import runtime_dir

FOREVER = "import sys, time, os; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(10_000)"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


@dataclass
class Told:
    """A daemon at work, and what it answers."""

    daemon: RunningDaemon

    def status(self) -> tuple[DaemonStatus, ProjectStatus]:
        found = Client(runtime_dir()).status()
        return found.daemon, found.projects[0]

    def until(self, fits: Callable[[ChannelStatus], bool]) -> DaemonStatus:
        """Wait until one of its ways to the person is like this."""
        for _ in range(100_000):
            daemon, _project = self.status()
            if any(fits(one) for one in daemon.notices):
                return daemon
        raise AssertionError(self.status()[0].notices)


@contextmanager
def told(emulator: RunningEmulator, home: Path, folder: Path, settings: str = "") -> Iterator[Told]:
    """A daemon without any desktop, whose project has one connector that waits for a consent."""
    emulator.admin("reset")
    emulator.sign_in(home)
    (folder / "config.toml").write_text(settings)
    project = a_project(folder / "shop", {"slack": ["read"]}, app_id=emulator.app_id, api_url=emulator.url)
    with running_daemon(project.root, home, CONNECTORD_CONFIG=str(folder / "config.toml")) as daemon:
        daemon.expect(event="notice", type="slack")
        yield Told(daemon)
        assert daemon.end() == 0


def command(*words: str) -> str:
    return f"notify_command = {json.dumps([sys.executable, '-c', *words])}\n"


def test_no_bus_at_all_is_said_in_status_and_nowhere_else(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    with told(emulator, a_home_of_its_own, tmp_path) as it:
        status = it.until(lambda one: one.why.startswith("There is no session bus here"))
        assert status.notifications == "log"
        assert it.status()[1].connectors[0].authorize_url == it.daemon.heard[-1]["url"]
        assert not it.daemon.said("daemon.trouble")


def test_a_desktop_that_was_asked_for_and_is_not_there_is_said(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    with told(emulator, a_home_of_its_own, tmp_path, 'notify = "desktop"\n') as it:
        it.until(lambda one: not one.works and "session bus" in one.why)
        assert it.daemon.end() == 0
        said = it.daemon.heard + it.daemon.rest()
    assert any(line["message"].startswith("Notices: There is no session bus here") for line in said)


def test_a_command_reads_the_notice_as_json_with_its_links(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    code = "import os, sys; p = sys.argv[1]; open(p + '~', 'w').write(sys.stdin.read()); os.rename(p + '~', p)"
    heard = tmp_path / "heard"
    with told(emulator, a_home_of_its_own, tmp_path, command(code, str(heard))) as it:
        status = it.until(lambda _: heard.exists())
        notice = json.loads(heard.read_text())
        link = it.status()[1].connectors[0].authorize_url
    assert status.notifications == "command"
    assert (notice["kind"], notice["title"]) == ("needs-authorization", "slack needs your authorization (shop)")
    assert (notice["links"], notice["actions"]) == ([{"label": "slack", "url": link}], ["authorize", "skip"])


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('notify_command = "/no/such/program"\n', "/no/such/program could not be started: "),
        (command("import sys; print('no net'); sys.exit(3)"), 'ended with code 3: "no net"'),
    ],
)
def test_a_command_that_fails_is_said_in_status_and_costs_nothing_else(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, settings: str, why: str
) -> None:
    with told(emulator, a_home_of_its_own, tmp_path, settings) as it:
        status = it.until(lambda one: one.channel == "command" and why in one.why)
        assert status.notifications == "log"


@pytest.mark.skipif(sys.platform != "linux", reason="other operating system: there is no /proc")
def test_a_command_that_hangs_keeps_nobody_waiting_and_ends_with_the_daemon(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    pid = tmp_path / "pid"
    with told(emulator, a_home_of_its_own, tmp_path, command(FOREVER, str(pid))) as it:
        it.until(lambda _: pid.exists() and pid.read_text() != "")
        emulator.consent(emulator.open_links()["slack"])
        assert it.daemon.expect(event="authorization.ended")["result"] == "added"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
