"""`connectord doctor` as a person or a script runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cli import Machine
from tests.support.emulator import RunningEmulator
from tests.support.face import FakeFace, a_daemon, a_project_status
from tests.support.fake_daemon import fake_daemon

from connectord.doctor.checks import CHECKS


def on_its_own(machine: Machine, **more: str) -> Machine:
    """With a runtime directory of its own."""
    return machine.with_environ(CONNECTORD_RUNTIME_DIR=os.environ["CONNECTORD_RUNTIME_DIR"], **more)


def test_a_machine_with_nothing_wrong_ends_with_0_and_a_line_for_each_check(
    machine: Machine, base44: RunningEmulator
) -> None:
    ended = on_its_own(machine).connectord("doctor")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert all(any(line[4:].startswith(f"{check.name} ") for line in lines) for check in CHECKS)
    assert not any(line.lstrip().startswith("✗") for line in lines)
    assert {request["method"] for request in base44.requests()} == {"GET"}


def test_something_that_doesnt_work_ends_with_1_and_says_what_to_do(machine: Machine) -> None:
    (machine.home / ".base44" / "auth" / "auth.json").unlink()
    ended = on_its_own(machine).connectord("doctor")
    assert ended.code == 1
    assert "✗ login" in ended.out
    assert "      → Sign in: connectord login" in ended.out.splitlines()
    assert "1 thing doesn't work" in ended.out.splitlines()[-1]


def test_json_is_one_document_with_every_check_and_every_setting(machine: Machine) -> None:
    ended = on_its_own(machine).connectord("doctor", "--json")
    assert ended.code == 0
    assert list(dict.fromkeys(found["check"] for found in ended.document["checks"])) == [check.name for check in CHECKS]
    assert ended.document["ok"] is True
    assert {found["state"] for found in ended.document["checks"]} <= {"ok", "attention", "unknown"}
    removals = [one for one in ended.document["settings"] if one["key"] == "removals"]
    assert removals == [{"key": "removals", "value": '"tracked"', "source": "default", "project": None}]


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_p13_what_looks_like_a_token_is_masked_wherever_it_stands(machine: Machine, option: tuple[str, ...]) -> None:
    shop = a_project_status(machine.folder, state="halted", error=f"first {TOKEN}", todo=f"then {TOKEN}")
    with fake_daemon(Path(os.environ["CONNECTORD_RUNTIME_DIR"]), FakeFace(projects=[shop])):
        ended = on_its_own(machine).connectord("doctor", *option)
    assert "halted: first " in ended.out
    assert "then " in ended.out
    assert TOKEN not in ended.out


def test_what_the_daemon_alone_knows_is_asked_of_it(machine: Machine) -> None:
    shop = a_project_status(machine.folder, state="halted", error="The folder is closed")
    face = FakeFace(projects=[shop], daemon=a_daemon(version="0.0.1"))
    with fake_daemon(Path(os.environ["CONNECTORD_RUNTIME_DIR"]), face):
        ended = on_its_own(machine).connectord("doctor")
    assert ended.code == 1
    assert f"✗ projects      {machine.folder}: halted: The folder is closed" in ended.out
    assert "connectord 0.0.1 has been running for" in ended.out


def test_settings_that_cant_be_read_spoil_no_other_check(machine: Machine) -> None:
    config = machine.home / "config.toml"
    config.write_text("removls = 1\n")
    ended = on_its_own(machine, CONNECTORD_CONFIG=str(config)).connectord("doctor", "--verbose")
    assert ended.code == 1
    assert "✗ settings" in ended.out
    assert "✓ login" in ended.out
    as_json = on_its_own(machine, CONNECTORD_CONFIG=str(config)).connectord("doctor", "--json")
    assert (as_json.code, as_json.document["settings"]) == (1, [])


def test_p13_no_token_key_or_password_is_ever_printed(machine: Machine, base44: RunningEmulator) -> None:
    secrets = {
        "BASE44_API_KEY": "b44k_sesame0123",
        "BASE44_ACCESS_TOKEN": "sesame-access",
        "BASE44_REFRESH_TOKEN": "sesame-refresh",
        "http_proxy": "http://me:sesame@127.0.0.1:9",
    }
    (machine.folder / ".env").write_text("BASE44_API_KEY=b44k_sesame4567\n")
    stored = (machine.home / ".base44" / "auth" / "auth.json").read_text()
    for words in (("doctor", "--verbose"), ("doctor", "--json")):
        ended = on_its_own(machine, **secrets).connectord(*words)
        said = ended.out + ended.err
        assert "sesame" not in said
        assert not any(token in said for token in stored.split('"') if len(token) > 30)


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {name!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["connectord", {command!r}]
from connectord.cli import main
main()
"""


def without(name: str, command: str, machine: Machine) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(machine.home), **machine.environ}
    words = [sys.executable, "-c", WITHOUT.format(name=name, command=command)]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=30, check=False)


def test_a_package_that_is_missing_breaks_the_checks_that_need_it_and_no_other(machine: Machine) -> None:
    done = without("httpx", "doctor", machine)
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ api           this check can't be loaded: ModuleNotFoundError: No module named 'httpx'" in done.stdout
    assert "✓ disk" in done.stdout


@pytest.mark.parametrize(("name", "command"), [("httpx", "login"), ("pydantic", "status")])
def test_any_other_command_names_the_package_that_is_missing(machine: Machine, name: str, command: str) -> None:
    done = without(name, command, machine)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: connectord isn't installed as a whole: No module named '{name}")
    assert "connectord doctor" in done.stderr


def test_in_a_folder_that_was_removed_it_looks_all_the_same(machine: Machine, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m connectord doctor"
    environ = {**os.environ, "HOME": str(machine.home), **machine.environ}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_usage_is_2(machine: Machine) -> None:
    assert machine.connectord("doctor", "--frobnicate").code == 2
