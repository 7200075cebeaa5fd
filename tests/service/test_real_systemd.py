"""The service under a real systemd: PID 1 of private namespaces, a user with a manager of their own, a built wheel."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.documents import page
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.systemd import HOME, UID, BootedSystem, booted_systemd, kill, until, why_not
from tests.support.wheel import PACKAGES, a_wheel

from connectord import __version__

# One system for all of them: booting takes a second, and so does an installation.
pytestmark = [pytest.mark.skipif(bool(why := why_not()), reason=str(why))]

UNIT = HOME / ".config/systemd/user/connectord.service"
DROP_IN = UNIT.with_name("connectord.service.d") / "quick.conf"
PROJECT = HOME / "my app"

NEXT = "9.9.9"

QUICK = "[Service]\nRestartSec=100ms\nWatchdogSec=3\n"
"""A user's own changes to the unit, which an installation leaves alone."""


@dataclass(frozen=True)
class Ann:
    """The user of a booted system, with connectord from a wheel in ~/app as pipx would put it."""

    system: BootedSystem
    base44: RunningEmulator
    wheels: Path
    since: float = field(default_factory=time.time)

    def connectord(self, *words: str, code: int = 0) -> str:
        """Run a command, which is to end with this code; what it printed, first stdout and then stderr."""
        ended = self._run(words, code)
        return ended.stdout + ended.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        """The same, and the document that it printed."""
        return json.loads(self._run((*words, "--json"), code).stdout)

    def show(self, name: str) -> str:
        """A property of the unit."""
        shown = self.system.ann("systemctl", "--user", "show", "connectord.service", f"--property={name}", "--value")
        return shown.stdout.strip()

    def journal(self) -> list[str]:
        """What the daemon said in this test."""
        return self._journal("--identifier=connectord").splitlines()

    def managers_journal(self) -> str:
        """What systemd said of it."""
        return self._journal("--identifier=systemd", "--unit=connectord")

    def file(self, inside: Path) -> Path:
        return self.system.path(inside)

    def save(self, name: str, *scopes: str) -> None:
        path = self.file(PROJECT / "base44/connectors" / f"{name}.jsonc")
        path.write_text(json.dumps({"type": name, "scopes": scopes}))
        self.system.give_to_ann(PROJECT)

    def install(self, version: str) -> None:
        """Put a wheel into ~/app, as `pipx install` and `pipx upgrade` do."""
        wheel = next((self.wheels / version).glob("*.whl"))
        quiet = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-compile")
        pip = ("-m", "pip", f"--python={HOME}/app/bin/python", "install", "--no-deps", "--no-index", *quiet, str(wheel))
        self.system.root("env", f"PYTHONPATH={PACKAGES}", os.path.realpath(sys.executable), *pip)
        self.system.give_to_ann(HOME / "app")

    def forget_everything(self) -> None:
        """As before the first installation; the user's manager ends all that it has started."""
        self.system.root("systemctl", "stop", f"user@{UID}.service")
        for name in (".config", ".local", "my app"):
            shutil.rmtree(self.file(HOME / name), ignore_errors=True)
        # systemd would refuse the sixth start within ten seconds, which a quick machine gets to.
        self.system.root("systemctl", "reset-failed")
        self.system.root("systemctl", "start", f"user@{UID}.service")

    def _run(self, words: Sequence[str], code: int) -> subprocess.CompletedProcess[str]:
        ended = self.system.ann("connectord", *words, BASE44_API_URL=self.base44.url)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended

    def _journal(self, *whose: str) -> str:
        words = ("journalctl", "--user", *whose, f"--since=@{self.since:.6f}", "--output=cat")
        return self.system.ann(*words, "--quiet").stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ann]:
    """A system that runs, with the wheels of this version and of the next one, and a user who is signed in."""
    wheels = tmp_path_factory.mktemp("wheels")
    for version in (__version__, NEXT):
        (wheels / version).mkdir()
        a_wheel(wheels / version, version)
    with running_emulator() as base44, booted_systemd(wheels, Path(sys.base_prefix), PACKAGES) as system:
        system.root(os.path.realpath(sys.executable), "-m", "venv", "--without-pip", f"{HOME}/app")
        dependencies = HOME / f"app/lib/python3.{sys.version_info.minor}/site-packages/dependencies.pth"
        system.path(dependencies).write_text(f"{PACKAGES}\n")
        base44.sign_in(system.path(HOME))
        machine = Ann(system, base44, wheels)
        machine.install(__version__)
        yield machine


@pytest.fixture
def ann(machine: Ann) -> Iterator[Ann]:
    machine.base44.admin("reset")
    machine.base44.sign_in(machine.file(HOME))
    a_project(machine.file(PROJECT), connectors={}, app_id=machine.base44.app_id)
    machine.file(DROP_IN).parent.mkdir(parents=True)
    machine.file(DROP_IN).write_text(QUICK)
    machine.system.give_to_ann(HOME)
    yield replace(machine, since=time.time())
    machine.forget_everything()


def test_installed_from_a_wheel_it_is_ready_and_a_save_is_pushed(ann: Ann) -> None:
    said = ann.connectord("service", "install")
    assert f"✓ connectord {__version__} runs as a systemd user service" in said
    assert (ann.show("ActiveState"), ann.show("SubState"), ann.show("UnitFileState")) == (
        "active",
        "running",
        "enabled",
    )
    assert ann.show("StatusText") == "No projects yet: connectord projects add"
    ann.connectord("projects", "add", str(PROJECT))
    ann.save("slack", "chat:write")
    ann.connectord("wait", str(PROJECT), code=3)
    assert "slack" in json.dumps(ann.base44.state())
    until(lambda: ann.show("StatusText") == "Looking after 1 project: 1 needs action", "the status line says so")
    events = [json.loads(line)["event"] for line in ann.journal()]
    assert {"daemon.started", "project.watching", "connector.outcome"} <= set(events)
    assert ann.file(UNIT).stat().st_mode & 0o777 == 0o600


def test_the_commands_of_the_readme_lead_to_a_push(ann: Ann) -> None:
    section = page("README.md").partition("## Your own app")[2].partition("\n## ")[0]
    block = [line.split("#")[0].strip() for line in section.splitlines() if line.startswith("    ")]
    install, login, *rest = block
    assert (install.split()[:2], login) == (["pipx", "install"], "connectord login")  # both are done already
    for line in rest:
        ended = ann.system.ann("sh", "-euc", line.replace("my-app", "'my app'"), BASE44_API_URL=ann.base44.url)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    ann.base44.connect("slack", ["chat:write"])
    ann.save("slack", "chat:write")
    ann.connectord("wait", str(PROJECT))
    assert ann.show("ActiveState") == "active"


def test_where_all_is_well_a_second_installation_changes_nothing(ann: Ann) -> None:
    assert ann.json("service", "install")["changed"] is True
    pid, written = ann.show("MainPID"), ann.file(UNIT).stat().st_mtime_ns
    assert ann.json("service", "install")["changed"] is False
    assert (ann.show("MainPID"), ann.file(UNIT).stat().st_mtime_ns) == (pid, written)
    status = ann.json("service", "status")
    assert [status[key] for key in ("installed", "current", "running", "enabled", "confined")] == [True] * 5
    assert (status["pid"], status["lingering"]) == (int(pid), False)


def test_p9_killed_it_is_started_anew_and_pushes_what_is_saved(ann: Ann) -> None:
    ann.connectord("service", "install")
    ann.connectord("projects", "add", str(PROJECT))
    pid = int(ann.show("MainPID"))
    kill(ann.system, pid, signal.SIGKILL)
    until(lambda: ann.show("NRestarts") == "1" and ann.show("ActiveState") == "active", "it was started anew")
    assert int(ann.show("MainPID")) != pid
    ann.save("notion")
    ann.connectord("wait", str(PROJECT), code=3)
    assert "notion" in json.dumps(ann.base44.state())


def test_one_that_hangs_is_ended_by_the_watchdog_says_where_and_is_started_anew(ann: Ann) -> None:
    ann.connectord("service", "install")
    kill(ann.system, int(ann.show("MainPID")), signal.SIGSTOP)
    until(lambda: ann.show("NRestarts") == "1" and ann.show("ActiveState") == "active", "it was started anew")
    assert "Watchdog timeout" in ann.managers_journal()
    until(
        lambda: any("in run_forever" in line for line in ann.journal()),
        "the journal says where it hung",
        lambda: "\n".join(["", *ann.journal(), ann.managers_journal()]),
    )
    assert ann.connectord("service", "status").count("✓") == 4


def test_an_upgrade_leads_to_a_new_unit_and_a_new_daemon(ann: Ann) -> None:
    ann.connectord("service", "install")
    ann.install(NEXT)
    try:
        assert "✗ current" in ann.connectord("service", "status", code=1)
        assert ann.json("service", "install")["changed"] is True
        assert f"(connectord {NEXT})" in ann.file(UNIT).read_text()
        assert ann.json("status")["daemon"]["version"] == NEXT
        assert ann.json("service", "status")["current"] is True
    finally:
        ann.install(__version__)


def test_an_installation_that_moved_is_found_and_mended_however_odd_its_path(ann: Ann) -> None:
    ann.connectord("service", "install")
    folder = HOME / "app 50% $HOME"
    python, state = str(folder / "bin/python"), f"{HOME}/state 100% 'x' \"y\" $HOME \\t"
    ann.system.root("cp", "--archive", str(HOME / "app"), str(folder))
    shutil.move(ann.file(HOME / "app"), ann.file(HOME / "elsewhere"))
    try:
        found = json.loads(ann.system.ann(python, "-m", "connectord", "service", "status", "--json").stdout)
        assert (found["whose"], found["current"]) == ("moved", False)
        mended = ann.system.ann(python, "-m", "connectord", "service", "install", XDG_STATE_HOME=state)
        assert mended.returncode == 0, mended.stdout + mended.stderr
        assert "Replacing the service of the installation at /home/ann/app/bin/python, which is gone" in mended.stderr
        process = ann.system.path(Path("/proc") / ann.show("MainPID"))
        assert (process / "cmdline").read_text().split("\0")[0] == python
        assert f"XDG_STATE_HOME={state}" in (process / "environ").read_text().split("\0")
        assert ann.system.ann("systemd-analyze", "--user", "verify", str(UNIT)).stderr == ""
    finally:
        shutil.move(ann.file(HOME / "elsewhere"), ann.file(HOME / "app"))
        shutil.rmtree(ann.file(folder))
        shutil.rmtree(ann.file(Path(state)), ignore_errors=True)


def test_uninstalled_it_leaves_nothing_behind_but_what_is_the_users(ann: Ann) -> None:
    ann.connectord("service", "install")
    ann.connectord("projects", "add", str(PROJECT))
    assert "is removed" in ann.connectord("service", "uninstall")
    left = [str(path.relative_to(ann.file(HOME))) for path in ann.file(UNIT.parent).rglob("*") if not path.is_dir()]
    assert left == [str(DROP_IN.relative_to(HOME))]
    assert (ann.show("LoadState"), ann.show("ActiveState")) == ("not-found", "inactive")
    assert "connectord" not in ann.system.root("ps", "-eo", "args")
    assert ann.file(HOME / ".base44/auth/auth.json").exists()
    assert ann.file(HOME / ".local/state/connectord/state.db").exists()
    assert "There is no service to remove" in ann.connectord("service", "uninstall")


def test_one_whose_unit_somebody_has_removed_is_ended_all_the_same(ann: Ann) -> None:
    ann.connectord("service", "install")
    for link in ann.file(UNIT.parent).rglob("connectord.service"):
        link.unlink()
    ann.system.ann("systemctl", "--user", "daemon-reload")
    status = ann.json("service", "status", code=1)
    assert (status["installed"], status["running"]) == (False, True)
    ann.connectord("service", "uninstall")
    assert (ann.show("LoadState"), ann.show("ActiveState")) == ("not-found", "inactive")


def test_a_daemon_that_was_started_by_hand_is_left_alone_until_it_may_be_ended(ann: Ann) -> None:
    ann.connectord("start", str(PROJECT))
    by_hand = ann.json("status")["daemon"]["pid"]
    said = ann.connectord("service", "install", code=2)
    assert f"systemd didn't start (pid {by_hand}). Nothing was changed." in said
    assert "connectord service install -y" in said
    assert not ann.file(UNIT).exists()
    ann.connectord("service", "install", "-y")
    status = ann.json("status")
    assert status["daemon"]["pid"] == int(ann.show("MainPID"))
    assert [project["path"] for project in status["projects"]] == [str(PROJECT)]


def test_once_it_was_stopped_start_starts_it_again_and_nothing_beside_it(ann: Ann) -> None:
    ann.connectord("service", "install")
    ann.connectord("stop")
    until(lambda: ann.show("ActiveState") == "inactive", "an end in order is an end")
    assert "✗ running    no; to start it: connectord start" in ann.connectord("service", "status", code=1)
    assert "runs as a systemd user service now" in ann.connectord("start", str(PROJECT))
    assert ann.json("status")["daemon"]["pid"] == int(ann.show("MainPID"))
    service = ann.json("service", "status")
    assert (service["running"], service["other_daemon"]) == (True, None)


def test_settings_that_cannot_be_used_are_said_and_not_tried_again(ann: Ann) -> None:
    settings = ann.file(HOME / ".config/connectord/config.toml")
    settings.parent.mkdir()
    settings.write_text("settle_quite = 1\n")
    ann.system.give_to_ann(HOME / ".config")
    said = ann.connectord("service", "install", code=1)
    assert 'config.toml:1:1: "settle_quite" is not a setting; did you mean "settle_quiet"?' in said
    assert (ann.show("ActiveState"), ann.show("NRestarts")) == ("failed", "0")
    assert "✗ running    failed" in ann.connectord("service", "status", code=1)
    settings.unlink()
    ann.connectord("service", "install")
    assert ann.show("ActiveState") == "active"


def test_what_systemd_says_is_shown_where_the_daemon_did_not_get_as_far(ann: Ann) -> None:
    ann.file(DROP_IN).write_text("[Service]\nExecStart=\nExecStart=/nowhere/python\n")
    said = ann.connectord("service", "install", code=1)
    assert "Failed to locate executable /nowhere/python: No such file or directory" in said


def test_p6_a_file_is_written_back_from_within_the_sandbox(ann: Ann) -> None:
    ann.connectord("service", "install")
    ann.connectord("projects", "add", str(PROJECT))
    ann.save("slack", "chat:write")
    waiting = ann.json("wait", str(PROJECT), code=3)
    ann.base44.consent(waiting["projects"][0]["connectors"][0]["authorize_url"])
    until(lambda: "slack: Added" in " ".join(ann.journal()), "the consent was seen")
    file = ann.file(PROJECT / "base44/connectors/slack.jsonc")
    file.unlink()
    until(lambda: "… slack  removing" in ann.system.ann("connectord", "status").stdout, "its absence was seen")
    ann.connectord("restore", "--project", str(PROJECT))
    assert json.loads(file.read_text()) == {"type": "slack", "scopes": ["chat:write"]}


def test_root_has_a_service_of_its_own_too(ann: Ann) -> None:
    ann.system.root("systemctl", "start", "user@0.service")
    ann.file(HOME).chmod(0o755)  # the sandbox takes from root what makes it read everything
    home = ("env", "HOME=/root", "XDG_RUNTIME_DIR=/run/user/0")
    connectord = (*home, str(HOME / "app/bin/python"), "-m", "connectord")
    try:
        said = ann.system.root(*connectord, "service", "install")
        assert f"✓ connectord {__version__} runs as a systemd user service" in said
        assert json.loads(ann.system.root(*connectord, "service", "status", "--json"))["file"].startswith("/root/")
        assert ann.json("service", "status", code=1)["installed"] is False
        ann.system.root(*connectord, "service", "uninstall")
    finally:
        ann.system.root("systemctl", "stop", "user@0.service")
        ann.file(HOME).chmod(0o700)


def in_the_sandbox(ann: Ann, script: str) -> str:
    """What a shell prints that has the unit's sandbox."""
    unit = ann.file(UNIT).read_text().partition("# What it can't do")[2].partition("[Install]")[0]
    directives = [f"--property={line}" for line in unit.splitlines() if re.match(r"[A-Z]\w+=", line)]
    words = ("systemd-run", "--user", "--quiet", "--wait", "--pipe", "--collect", *directives, "--", "sh", "-c", script)
    return ann.system.ann(*words).stdout


def test_the_sandbox_lets_the_job_be_done_and_keeps_the_system_out_of_reach(ann: Ann) -> None:
    ann.connectord("service", "install")
    assert in_the_sandbox(ann, "busctl --user list > /dev/null && touch 'my app/here' && echo well") == "well\n"
    assert in_the_sandbox(ann, "touch /usr/here || echo no") == "no\n"
    assert in_the_sandbox(ann, "unshare --user true || echo no") == "no\n"


def test_a_browser_that_systemd_starts_from_within_is_outside_of_the_sandbox_and_lives_on(ann: Ann) -> None:
    ann.connectord("service", "install")
    # As xdg-open does: it ends once the browser, which wants namespaces, is there.
    starter = "sh -c 'unshare --user sleep 4242 &'"
    outside = f"systemd-run --user --quiet --wait --collect --property=KillMode=process -- {starter}"
    assert in_the_sandbox(ann, f"{outside} && echo started") == "started\n"
    until(lambda: "sleep 4242" in ann.system.root("ps", "-eo", "args").splitlines(), "the browser runs")


def test_systemd_finds_no_fault_with_the_unit_and_an_exposure_of_four_at_most(ann: Ann) -> None:
    ann.connectord("service", "install")
    verified = ann.system.ann("systemd-analyze", "--user", "verify", str(UNIT))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    analyzed = ann.system.ann("systemd-analyze", "--user", "security", "--no-pager", "connectord.service").stdout
    found = re.search(r"Overall exposure level for connectord\.service: (\d+\.\d)", analyzed)
    assert found is not None
    assert float(found[1]) <= 4.0
    # Whatever isn't set is named with its reason.
    unset = re.findall(r"^✗ (\w+)=", analyzed, re.MULTILINE)
    assert len(unset) > 10
    assert [name for name in unset if f"{name}=" not in ann.file(UNIT).read_text()] == []


def test_where_users_get_no_namespaces_it_runs_without_that_part_of_its_sandbox(ann: Ann) -> None:
    program = ann.file(HOME / "app/bin/systemd-run")
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    try:
        said = ann.connectord("service", "install")
    finally:
        program.unlink()
    assert "a part of its sandbox only" in said
    assert (ann.show("PrivateUsers"), ann.show("NoNewPrivileges")) == ("no", "yes")
    assert ann.json("service", "status")["confined"] is False
