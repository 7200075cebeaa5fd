"""What is asked of systemctl, and what is made of its answers. The real thing is in test_real_systemd.py."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.service import HERE, Programs, a_person

from connectord.service.definition import Whose
from connectord.service.errors import NotOurs, NotWritable, ServiceNotStarted, ServiceRefused
from connectord.service.installation import Installation
from connectord.service.manager import Ran, RunState
from connectord.service.systemd import Systemd

JOURNAL = "journalctl --user --quiet --no-pager --output=cat --lines=20"
SHOW = "systemctl --user --no-pager show connectord.service"


def shown(**properties: str) -> str:
    return "".join(f"{name}={value}\n" for name, value in {"MainPID": "0", **properties}.items())


def test_the_unit_goes_where_systemd_reads_it_by_its_own_word(tmp_path: Path) -> None:
    paths = f"{tmp_path}/its config/systemd/user.control /run/user/1/systemd/user.control {tmp_path}/else"
    programs = Programs({"systemctl --user --no-pager show --property=UnitPath": paths})
    assert Systemd(a_person(tmp_path), programs).file == tmp_path / "its config/systemd/user/connectord.service"


def test_without_a_word_of_it_the_unit_goes_into_the_home(tmp_path: Path) -> None:
    assert Systemd(a_person(tmp_path), Programs()).file == tmp_path / ".config/systemd/user/connectord.service"


def test_systemd_is_reached_where_the_shell_does_not_say_where_it_is(tmp_path: Path) -> None:
    programs = Programs()
    person = a_person(tmp_path)
    Systemd(person, programs)
    default = f"/run/user/{person.uid}"
    assert programs.environs[0]["XDG_RUNTIME_DIR"] == default
    Systemd(a_person(tmp_path, XDG_RUNTIME_DIR="/elsewhere"), programs)
    Systemd(a_person(tmp_path, XDG_RUNTIME_DIR=""), programs)
    assert [environ["XDG_RUNTIME_DIR"] for environ in programs.environs[1:]] == ["/elsewhere", default]


def test_it_is_written_once_and_only_systemd_is_told(tmp_path: Path) -> None:
    programs = Programs()
    systemd = Systemd(a_person(tmp_path), programs)
    assert systemd.write() is True
    assert "systemctl --user --no-pager daemon-reload" in programs.ran
    programs.ran.clear()
    assert systemd.write() is False
    assert "systemctl --user --no-pager daemon-reload" not in programs.ran
    assert systemd.file.stat().st_mode & 0o777 == 0o600
    assert list(systemd.file.parent.iterdir()) == [systemd.file]


def test_a_unit_that_systemd_has_not_read_yet_is_read(tmp_path: Path) -> None:
    programs = Programs()
    systemd = Systemd(a_person(tmp_path), programs)
    systemd.write()
    programs.answers[SHOW] = shown(NeedDaemonReload="yes")
    programs.ran.clear()
    assert systemd.write() is False
    assert programs.ran[-1] == "systemctl --user --no-pager daemon-reload"


@pytest.mark.parametrize(
    ("ours", "whose"),
    [
        (HERE, Whose.CURRENT),
        (replace(HERE, version="9.9.9"), Whose.OUTDATED),
        (replace(HERE, environment={}), Whose.CURRENT),  # another shell is no other installation
        (replace(HERE, python="/opt/new/bin/python"), Whose.MOVED),
    ],
)
def test_whose_the_unit_is(tmp_path: Path, ours: Installation, whose: Whose) -> None:
    Systemd(a_person(tmp_path), Programs()).write()
    assert Systemd(a_person(tmp_path, ours), Programs()).status().whose is whose


def test_another_installation_that_is_still_there_is_told_from_one_that_moved(tmp_path: Path) -> None:
    Systemd(a_person(tmp_path, replace(HERE, python=sys.executable)), Programs()).write()
    found = Systemd(a_person(tmp_path), Programs()).status()
    assert (found.whose, found.python) == (Whose.ANOTHER, sys.executable)


def test_a_unit_that_was_changed_by_hand_is_outdated(tmp_path: Path) -> None:
    systemd = Systemd(a_person(tmp_path), Programs())
    systemd.write()
    systemd.file.write_text(systemd.file.read_text().replace("RestartSec=5", "RestartSec=50"))
    assert systemd.status().whose is Whose.OUTDATED


def test_a_unit_of_somebody_else_is_neither_written_over_nor_removed(tmp_path: Path) -> None:
    systemd = Systemd(a_person(tmp_path), Programs())
    systemd.file.parent.mkdir(parents=True)
    systemd.file.write_text("[Service]\nExecStart=/usr/bin/true\n")
    for change in (systemd.write, systemd.remove):
        with pytest.raises(NotOurs, match="connectord hasn't written it"):
            change()
    assert systemd.file.read_text() == "[Service]\nExecStart=/usr/bin/true\n"
    assert systemd.status().whose is Whose.FOREIGN


def test_removed_nothing_of_it_is_left_and_systemd_is_told_afterwards(tmp_path: Path) -> None:
    programs = Programs()
    systemd = Systemd(a_person(tmp_path), programs)
    systemd.write()
    programs.ran.clear()
    systemd.remove()
    changes = [words.removeprefix("systemctl --user --no-pager ") for words in programs.ran if " show " not in words]
    of_it = [f"{verb} connectord.service" for verb in ("stop", "disable")]
    assert changes == [*of_it, "daemon-reload", "reset-failed connectord.service"]
    assert not systemd.file.exists()


def test_one_that_does_not_end_keeps_its_unit(tmp_path: Path) -> None:
    programs = Programs({SHOW: shown(ActiveState="active", MainPID="7")})
    systemd = Systemd(a_person(tmp_path), programs)
    systemd.write()
    with pytest.raises(ServiceRefused, match="systemd still runs it"):
        systemd.remove()
    assert systemd.file.exists()


@pytest.mark.parametrize(
    ("properties", "state", "says"),
    [
        ({"ActiveState": "active", "MainPID": "7", "StatusText": "Looking"}, RunState.RUNNING, "Looking"),
        ({"ActiveState": "activating", "SubState": "start"}, RunState.STARTING, ""),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "watchdog"},
            RunState.STARTING,
            "it hung, and the watchdog ended it; it is about to be started anew",
        ),
        ({"ActiveState": "inactive", "StatusText": "Ending"}, RunState.STOPPED, ""),
        ({"ActiveState": "deactivating"}, RunState.STOPPING, ""),
        ({"ActiveState": "inactive", "LoadState": "not-found"}, RunState.STOPPED, ""),
        ({"ActiveState": "failed", "Result": "exit-code"}, RunState.FAILED, "it ended with a failure"),
        (
            {"ActiveState": "failed", "Result": "start-limit-hit"},
            RunState.FAILED,
            "it failed too often, and isn't started any more",
        ),
        ({"ActiveState": "failed", "Result": "protocol"}, RunState.FAILED, "systemd says protocol"),
        (
            {"ActiveState": "failed", "LoadState": "masked", "Result": "success"},
            RunState.FAILED,
            "the unit is masked (systemctl --user unmask connectord ends that)",
        ),
    ],
)
def test_how_it_runs(tmp_path: Path, properties: dict[str, str], state: RunState, says: str) -> None:
    status = Systemd(a_person(tmp_path), Programs({SHOW: shown(**properties)})).status()
    assert (status.state, status.says) == (state, says)
    assert status.pid == (7 if state is RunState.RUNNING else None)


@pytest.mark.parametrize(
    ("state", "enabled"), [("enabled", True), ("enabled-runtime", True), ("disabled", False), ("", False)]
)
def test_whether_it_starts_with_the_next_login(tmp_path: Path, state: str, *, enabled: bool) -> None:
    programs = Programs({SHOW: shown(ActiveState="active", MainPID="7", UnitFileState=state)})
    assert Systemd(a_person(tmp_path), programs).status().enabled is enabled


@pytest.mark.parametrize(("anew", "verb"), [(True, "restart"), (False, "start")])
def test_one_that_runs_is_started_anew_only_where_that_is_asked_for(tmp_path: Path, verb: str, *, anew: bool) -> None:
    programs = Programs({SHOW: shown(ActiveState="active", MainPID="7")})
    assert Systemd(a_person(tmp_path), programs).start(anew=anew).pid == 7
    commands = [f"systemctl --user --no-pager {one} connectord.service" for one in ("restart", "start")]
    assert [words for words in programs.ran if words in commands] == [
        f"systemctl --user --no-pager {verb} connectord.service"
    ]


def test_lingering_is_seen(tmp_path: Path) -> None:
    systemd = Systemd(a_person(tmp_path), Programs(), linger=tmp_path)
    assert systemd.status().lingering is False
    (tmp_path / "ann").touch()
    assert systemd.status().lingering is True


def test_a_start_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    said = '{"error": "config.toml is broken", "details": ["line 3"]}\n{"message": "Ending"}\nTraceback\n'
    programs = Programs(
        {
            "systemctl --user --no-pager start": Ran(1, "", "Job failed.\n"),
            SHOW: shown(ActiveState="failed", Result="exit-code", InvocationID="abc"),
            "journalctl": said,
        }
    )
    with pytest.raises(ServiceNotStarted, match="didn't get ready: it ended with a failure") as caught:
        Systemd(a_person(tmp_path), programs).start(anew=False)
    assert caught.value.details == ("config.toml is broken", "line 3", "Ending", "Traceback")
    assert "_SYSTEMD_INVOCATION_ID=abc" in programs.ran[-1]


def test_a_start_that_takes_longer_than_anybody_waits_is_no_failure(tmp_path: Path) -> None:
    looking = "Looking at 900 projects for the first time"
    programs = Programs(
        {
            "systemctl --user --no-pager start": Ran(124, "", "systemctl has not ended after 120 s."),
            SHOW: shown(ActiveState="activating", SubState="start", MainPID="7", StatusText=looking),
        }
    )
    with pytest.raises(ServiceNotStarted, match=f"goes on starting: {looking}") as caught:
        Systemd(a_person(tmp_path), programs).start(anew=False)
    assert caught.value.todo == ("See how far it is: connectord service status",)


def test_where_the_daemon_said_nothing_systemd_s_words_are_shown(tmp_path: Path) -> None:
    programs = Programs(
        {
            "systemctl --user --no-pager start": Ran(1, "", "Job failed.\n"),
            SHOW: shown(ActiveState="failed", Result="exit-code", InvocationID="abc"),
            f"{JOURNAL} USER_INVOCATION_ID=abc": "Failed at step EXEC\n",
        }
    )
    with pytest.raises(ServiceNotStarted) as caught:
        Systemd(a_person(tmp_path), programs).start(anew=False)
    assert caught.value.details == ("Failed at step EXEC",)


def test_where_it_may_not_be_enabled_systemd_s_words_are_shown(tmp_path: Path) -> None:
    programs = Programs({"systemctl --user --no-pager enable": Ran(1, "", "Unit is masked.\n")})
    with pytest.raises(ServiceRefused, match=r"enable connectord\.service` failed with exit status 1") as caught:
        Systemd(a_person(tmp_path), programs).start(anew=True)
    assert caught.value.details == ("Unit is masked.",)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file in the way")
    with pytest.raises(NotWritable, match=r"connectord\.service can't be written: "):
        Systemd(a_person(tmp_path), Programs()).write()
