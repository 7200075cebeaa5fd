"""The first moments of every command, before it has begun: Ctrl-C, closed streams, wrong words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cli import Machine

INTERRUPTED_WHILE_LOADING = """
import builtins, os, signal, sys
real = builtins.__import__
def load(name, *args, **kwargs):
    if name == {name!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *args, **kwargs)
builtins.__import__ = load
sys.argv = ["connectord", *{command!r}]
from connectord.cli import main
main()
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "home").mkdir()
    return Machine(tmp_path / "home", tmp_path, {"CONNECTORD_RUNTIME_DIR": os.environ["CONNECTORD_RUNTIME_DIR"]})


def ended(program: str, machine: Machine) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(machine.home)}
    return subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("push", "-y"), "click"),
        (("push", "-y"), "connectord.sync"),
        (("push", "-y"), "httpx"),
        (("run",), "uvicorn"),
        (("status",), "connectord.control.client"),
        (("demo",), "connectord.base44"),
    ],
)
def test_ctrl_c_while_a_command_loads_is_130_and_one_word(
    machine: Machine, command: tuple[str, ...], name: str
) -> None:
    done = ended(INTERRUPTED_WHILE_LOADING.format(name=name, command=command), machine)
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, "")
    assert done.stderr.strip() == "Interrupted."


@pytest.mark.parametrize(("words", "code"), [(("--version",), 0), (("--help",), 0), ((), 2), (("frobnicate",), 2)])
def test_words_that_name_no_command_have_their_exit_codes(machine: Machine, words: tuple[str, ...], code: int) -> None:
    assert machine.connectord(*words).code == code


@pytest.mark.parametrize("group", [(), ("service",), ("projects",)])
def test_what_a_command_does_is_a_sentence_that_the_help_of_its_group_can_show(
    machine: Machine, group: tuple[str, ...]
) -> None:
    commands = machine.connectord(*group, "--help").out.partition("Commands:\n")[2].splitlines()
    assert len(commands) > 2
    assert [line for line in commands if line.endswith("...")] == []


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_command_with_closed_streams_ends_as_it_does_with_open_ones(machine: Machine, closed: str) -> None:
    command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "connectord", "status", "--json"]
    done = subprocess.run(command, env={**os.environ, "HOME": str(machine.home)}, check=False, timeout=30)
    assert done.returncode == 6
