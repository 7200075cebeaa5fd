"""service: what starts the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.doctor import here, said
from tests.support.service import a_service

from connectord.doctor import service
from connectord.doctor.finding import State
from connectord.doctor.service import beside, check_service, of_service
from connectord.service.definition import Whose
from connectord.service.errors import NoServiceManager, ServiceRefused
from connectord.service.manager import RunState


def test_a_service_that_runs_is_well_and_says_when_it_ends() -> None:
    finding = of_service(a_service())
    assert (finding.state, finding.what) == (
        State.OK,
        "systemd runs it (pid 77), and starts it when you log in",
    )
    assert "loginctl enable-linger" in finding.details[0]


@pytest.mark.parametrize(
    ("more", "state", "words"),
    [
        ({"whose": Whose.NONE}, State.ATTENTION, "not installed under systemd"),
        ({"whose": Whose.FOREIGN}, State.BROKEN, "connectord hasn't written it"),
        ({"state": RunState.FAILED, "says": "exit-code"}, State.BROKEN, "systemd has given it up: exit-code"),
        ({"whose": Whose.OUTDATED}, State.ATTENTION, "of another version, or changed by hand (/opt/app/bin/python)"),
        ({"whose": Whose.ANOTHER}, State.ATTENTION, "another installation's"),
        ({"whose": Whose.MOVED}, State.ATTENTION, "of an installation that is gone"),
        ({"state": RunState.STOPPED, "enabled": False}, State.ATTENTION, "installed under systemd, and stopped"),
        ({"enabled": False}, State.ATTENTION, "won't be started with your next login"),
    ],
)
def test_whatever_is_wrong_with_it_is_said_with_the_command_that_mends_it(
    more: dict[str, object], state: State, words: str
) -> None:
    finding = of_service(a_service(**more))
    assert finding.state is state
    assert words in finding.what
    assert "connectord service install" in finding.fix[0]


def test_one_that_is_only_stopped_is_started_by_start() -> None:
    assert of_service(a_service(state=RunState.STOPPED)).fix == ("Start it: connectord start",)


def test_a_daemon_beside_the_service_is_said() -> None:
    assert [finding.state for finding in beside(a_service(), 78)] == [State.ATTENTION]
    assert list(beside(a_service(), 77)) == []
    assert list(beside(a_service(), None)) == []
    assert list(beside(a_service(whose=Whose.NONE), 78)) == []


def test_a_machine_without_a_service_manager_is_told_what_there_is_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(*_: object, **__: object) -> None:
        raise NoServiceManager("This system isn't run by systemd.", todo=("Or run it: connectord start",))

    monkeypatch.setattr(service, "service_manager", none)
    assert said(check_service, here(tmp_path)) == (
        "attention: This system isn't run by systemd, so nothing starts the daemon by itself []"
        " -> ['Or run it: connectord start']"
    )


def test_a_service_manager_that_says_no_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise ServiceRefused("systemctl failed", details=("why",))

    monkeypatch.setattr(service, "service_manager", refuses)
    assert said(check_service, here(tmp_path)) == "unknown: systemctl failed ['why'] -> []"
