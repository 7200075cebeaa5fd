"""What is asked of launchctl, recorded: bootstrap, kickstart and bootout, and when the service counts as ready."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.service import HERE, Programs, a_person

from connectord.service.definition import Whose
from connectord.service.errors import NotOurs, ServiceNotStarted, ServiceRefused
from connectord.service.installation import Installation
from connectord.service.launchd import Launchd
from connectord.service.manager import Ran, RunState

RUNS = "connectord = {\n\tstate = running\n\n\tpid = 77\n\tlast exit code = (never exited)\n}\n"
FAILED = "connectord = {\n\tstate = not running\n\n\tlast exit code = 1\n}\n"
UNKNOWN = Ran(113, "", "Could not find service\n")


class Machine:
    """A launchd that has loaded what was bootstrapped, and a daemon that answers as soon as it runs."""

    def __init__(self, home: Path, ours: Installation = HERE) -> None:
        self.programs = Programs({"launchctl print gui": UNKNOWN})
        self.person = a_person(home, ours)
        self.domain = f"gui/{self.person.uid}"
        self.naps = 0
        self.launchd = Launchd(self.person, self._run, home / "log" / "start.log", lambda pid: pid == 77, self._nap)

    def asked(self) -> list[str]:
        """The commands that change something."""
        ran = [command.removeprefix("launchctl ") for command in self.programs.ran]
        return [command for command in ran if not command.startswith("print")]

    def _run(self, words: Sequence[str], environ: Mapping[str, str]) -> Ran:
        if words[1] in {"bootstrap", "kickstart"}:
            self.programs.answers["launchctl print gui"] = RUNS
        if words[1] == "bootout":
            self.programs.answers["launchctl print gui"] = UNKNOWN
        return self.programs(words, environ)

    def _nap(self, seconds: float) -> None:
        self.naps += 1


def test_it_is_written_loaded_and_ready_once_the_daemon_answers(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.launchd.write() is True
    started = machine.launchd.start(anew=True)
    file = tmp_path / "Library/LaunchAgents/connectord.plist"
    assert machine.asked() == [f"enable {machine.domain}/connectord", f"bootstrap {machine.domain} {file}"]
    assert (started.state, started.pid, started.whose, started.enabled) == (RunState.RUNNING, 77, Whose.CURRENT, True)
    assert plistlib.loads(file.read_bytes())["ProgramArguments"][0] == HERE.python
    assert started.lingering is None


def test_a_second_installation_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    machine.launchd.start(anew=True)
    machine.programs.ran.clear()
    assert machine.launchd.write() is False
    machine.launchd.start(anew=False)
    assert machine.asked() == [f"enable {machine.domain}/connectord"]


def test_one_that_is_loaded_and_has_ended_is_started_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.programs.answers["launchctl print gui"] = FAILED
    assert machine.launchd.start(anew=False).state is RunState.RUNNING
    assert machine.asked() == [f"enable {machine.domain}/connectord", f"kickstart {machine.domain}/connectord"]


def test_a_new_plist_is_loaded_anew_after_the_old_one_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    machine.launchd.start(anew=True)
    machine.programs.ran.clear()
    machine.launchd.start(anew=True)
    words = [command.split()[0] for command in machine.asked()]
    assert words == ["bootout", "enable", "bootstrap"]


def test_one_that_does_not_answer_shows_its_last_words(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "start.log").write_text("config.toml is broken\n")
    machine.launchd._answers = lambda _: False
    with pytest.raises(ServiceNotStarted, match="doesn't answer after 20 s") as caught:
        machine.launchd.start(anew=True)
    assert caught.value.details == ("config.toml is broken",)
    assert machine.naps == 100


def test_one_that_launchd_does_not_take_is_said_in_its_words(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.programs.answers["launchctl bootstrap"] = Ran(5, "", "Bootstrap failed: 5: Input/output error\n")
    with pytest.raises(ServiceRefused, match="exit status 5") as caught:
        machine.launchd.start(anew=False)
    assert caught.value.details == ("Bootstrap failed: 5: Input/output error",)


def test_removed_it_is_taken_out_and_the_plist_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    machine.launchd.start(anew=True)
    machine.launchd.remove()
    assert machine.asked()[-1] == f"bootout {machine.domain}/connectord"
    assert list((tmp_path / "Library/LaunchAgents").iterdir()) == []
    assert machine.launchd.status().whose is Whose.NONE


def test_one_that_does_not_end_is_said(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    machine.launchd._run = Programs({"launchctl print": RUNS})
    with pytest.raises(ServiceRefused, match="still runs it, 20 s after"):
        machine.launchd.remove()
    assert machine.launchd.file.exists()


def test_how_it_runs(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.launchd.status().state is RunState.STOPPED
    machine.programs.answers["launchctl print gui"] = FAILED
    found = machine.launchd.status()
    assert (found.state, found.says, found.pid) == (RunState.FAILED, "it ended with exit code 1", None)


def test_one_that_is_disabled_does_not_start_with_the_session(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.write()
    machine.programs.answers["launchctl print-disabled"] = '\t\t"connectord" => disabled\n'
    assert machine.launchd.status().enabled is False


def test_whose_the_plist_is(tmp_path: Path) -> None:
    Machine(tmp_path).launchd.write()
    newer = replace(HERE, version="9.9.9")
    moved = replace(HERE, python="/opt/new/bin/python")
    found = [Machine(tmp_path, ours).launchd.status().whose for ours in (HERE, newer, moved)]
    assert found == [Whose.CURRENT, Whose.OUTDATED, Whose.MOVED]


def test_a_plist_of_somebody_else_is_neither_written_over_nor_removed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.launchd.file.parent.mkdir(parents=True)
    machine.launchd.file.write_text("<plist><dict/></plist>")
    for change in (machine.launchd.write, machine.launchd.remove):
        with pytest.raises(NotOurs, match="connectord hasn't written it"):
            change()
    assert machine.launchd.file.read_text() == "<plist><dict/></plist>"
