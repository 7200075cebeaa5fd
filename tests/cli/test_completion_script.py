"""Tab: commands, options and projects, in a real bash and by the word of click's protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cli import Ended, Machine
from tests.support.face import FakeFace, a_project_status
from tests.support.fake_daemon import fake_daemon
from tests.support.project import a_project

from connectord.cli.app import COMMANDS

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "home").mkdir()
    folder = a_project(tmp_path / "shop", {}).root
    return Machine(tmp_path / "home", folder, {"CONNECTORD_RUNTIME_DIR": os.environ["CONNECTORD_RUNTIME_DIR"]})


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the command `connectord` of this test run in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "connectord").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connectord "$@"\n')
    (folder / "connectord").chmod(0o755)
    return folder


def tab(machine: Machine, *words: str, **environ: str) -> Ended:
    """What is offered for the last word, as `kind,word`."""
    asked = {"_CONNECTORD_COMPLETE": "bash_complete", "COMP_CWORD": str(len(words)), **environ}
    return machine.with_environ(**asked, COMP_WORDS=" ".join(("connectord", *words))).from_nothing()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(machine: Machine, shell: str) -> None:
    ended = machine.connectord("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_CONNECTORD_COMPLETE={shell}_complete" in ended.out


def test_without_a_word_it_is_the_script_of_this_shell(machine: Machine) -> None:
    ended = machine.with_environ(SHELL="/usr/bin/fish").connectord("completion")
    assert ended.out == machine.connectord("completion", "fish").out


@pytest.mark.parametrize("shell", ["/bin/tcsh", ""])
def test_a_shell_that_cant_complete_is_2(machine: Machine, shell: str) -> None:
    ended = machine.with_environ(SHELL=shell).connectord("completion")
    assert (ended.code, ended.out) == (2, "")
    assert "connectord completion bash" in ended.err
    assert machine.connectord("completion", "tcsh").code == 2


def test_every_command_is_offered_and_none_of_them_is_loaded_for_that(machine: Machine) -> None:
    ended = tab(machine, "", PYTHONPROFILEIMPORTTIME="1")
    assert [line for line in ended.out.splitlines() if line.startswith("plain,")] == [
        f"plain,{name}" for name in COMMANDS
    ]
    loaded = {line.rpartition("|")[2].strip() for line in ended.err.splitlines()}
    assert "connectord.cli.app" in loaded
    assert not {"pydantic", "asyncio", "connectord.cli.status"} & loaded


def test_options_are_offered(machine: Machine) -> None:
    assert tab(machine, "status", "--w").out == "plain,--watch\n"
    assert tab(machine, "--ver").out == "plain,--version\n"


def test_registered_projects_are_offered_from_anywhere(machine: Machine) -> None:
    face = FakeFace(projects=[a_project_status("/home/ada/shop"), a_project_status("/srv/app")])
    with fake_daemon(Path(os.environ["CONNECTORD_RUNTIME_DIR"]), face):
        ended = tab(machine, "status", "/home")
        project = tab(machine, "approve", "--project", "/s")
    assert ended.out == "dir,/home\nplain,/home/ada/shop\n"
    assert project.out == "dir,/s\nplain,/srv/app\n"


def test_without_a_daemon_folders_are_offered_and_nothing_complains(machine: Machine) -> None:
    ended = tab(machine, "status", "ba")
    assert (ended.out, ended.err) == ("dir,ba\n", "")


PRESS_TAB = """
eval "$(connectord completion bash)"
press() {
  COMP_WORDS=(connectord "$@"); COMP_CWORD=$#; COMPREPLY=()
  _connectord_completion connectord 2>/dev/null
  echo "${COMPREPLY[*]}"
}
press pu
press status --js
press ""
complete -p connectord
"""


def test_a_real_bash_completes(machine: Machine, program: Path) -> None:
    bash = shutil.which("bash")
    assert bash, "bash is needed"
    environ = {**os.environ, "HOME": str(machine.home), "PATH": f"{program}:{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "--norc", "-c", PRESS_TAB], env=environ, capture_output=True, text=True, timeout=50, check=True
    )
    push, option, everything, registered = done.stdout.splitlines()
    assert (push, option) == ("push pull", "--json")
    assert everything.split() == list(COMMANDS)
    assert registered == "complete -o nosort -F _connectord_completion connectord"
