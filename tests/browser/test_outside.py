"""A daemon in a systemd unit lets systemd start the browser: outside of its sandbox, and of its end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectord.browser import Browser
from connectord.browser.outside import outside_of_unit

LINK = "https://app.base44.com/consent"


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH with a systemd-run that writes down its arguments and runs what stands behind `--`."""
    program = tmp_path / "systemd-run"
    program.write_text(
        f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nwhile [ "$1" != -- ]; do shift; done\nshift\n"$@"\n'
    )
    program.chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


async def test_in_a_unit_systemd_starts_it_with_what_names_the_session(programs: str, tmp_path: Path) -> None:
    environ = {"PATH": programs, "SYSTEMD_EXEC_PID": str(os.getpid()), "DISPLAY": ":1", "XDG_SESSION_TYPE": "x11"}
    environ |= {"BASE44_API_KEY": "sekret", "EDITOR": "vi"}
    assert await Browser((("true",),), environ=environ).open(LINK) is None
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("--user --quiet --wait --collect --property=KillMode=process ")
    assert asked.endswith(f" -- true {LINK}\n")
    assert "--setenv=DISPLAY=:1 --setenv=XDG_SESSION_TYPE=x11" in asked
    assert "sekret" not in asked
    assert "EDITOR" not in asked


async def test_its_exit_code_is_the_browsers(programs: str) -> None:
    environ = {"PATH": programs, "SYSTEMD_EXEC_PID": str(os.getpid())}
    assert await Browser((("false",),), environ=environ).open(LINK) == "false ended with code 1"


def test_a_terminals_children_are_no_unit(programs: str) -> None:
    command = ("xdg-open", LINK)
    assert outside_of_unit(command, {"PATH": programs, "SYSTEMD_EXEC_PID": "7"}, pid=8) == list(command)
    assert outside_of_unit(command, {"PATH": programs}, pid=8) == list(command)


def test_without_systemd_run_it_is_started_as_ever() -> None:
    command = ("xdg-open", LINK)
    assert outside_of_unit(command, {"PATH": "/nowhere", "SYSTEMD_EXEC_PID": "8"}, pid=8) == list(command)
