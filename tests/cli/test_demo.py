"""The demo and its tour: the whole story once for real, and no slideshow (a step without its cause fails)."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner
from tests.support.running import environment

from connectord.cli.demo import demo, listener
from connectord.cli.demo.person import Person
from connectord.cli.demo.stage import DemoFailed, Stage
from connectord.control.models import Restoration

WITHIN = 60.0


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's demo makes its folder, so that what it leaves behind can be seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_without_a_terminal_the_demo_is_the_tour_and_every_step_of_it_is_true(
    own_tmp: Path, a_home_of_its_own: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connectord", "demo"],
        env=environment(a_home_of_its_own, TMPDIR=str(own_tmp)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^✓ +(\d+)\. ", done.stdout, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert list(own_tmp.iterdir()) == [], "the demo left its folder behind"
    assert list(a_home_of_its_own.iterdir()) == [], "the demo touched the user's own home"


def nothing(*arguments: object, **options: object) -> None:
    """A cause that doesn't happen."""


def only_without(name: str, original: Callable[..., object]) -> Callable[..., object]:
    """Saves everything except the file of this name."""

    def save(the_stage: Stage, file: str, text: str) -> object:
        return the_stage.connectors / file if file == name else original(the_stage, file, text)

    return save


def without_expiring(original: Callable[..., object]) -> Callable[..., object]:
    def admin(person: Person, path: str, *arguments: object, **body: object) -> object:
        return None if path == "tokens/expire" else original(person, path, *arguments, **body)

    return admin


def restoring_nothing(stage: Stage) -> Restoration:
    return Restoration()


def only_all_of_them(original: Callable[..., object]) -> Callable[..., object]:
    """Deletes many files, and no single one."""

    def delete(stage: Stage, *names: str) -> object:
        return original(stage, *names) if len(names) > 1 else None

    return delete


def saying(*lines: dict[str, object]) -> listener.Listener:
    return listener.Listener(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))


def test_on_a_busy_machine_the_files_may_go_one_after_the_other() -> None:
    """The daemon that looks between two of them says a hold that grows, and forgets one after the other."""
    daemon = saying(
        {"event": "hold.began", "code": "root-emptied", "types": ["googlecalendar"]},
        {"event": "connector.forgotten", "types": ["github"]},
        {"event": "hold.changed", "code": "root-emptied", "types": ["googlecalendar", "stripe"]},
        {"event": "connector.forgotten", "types": ["slack"]},
    )
    assert daemon.expect(code="root-emptied", types=["googlecalendar", "stripe"])["event"] == "hold.changed"
    daemon.expect_each(["github", "slack"], event="connector.forgotten")
    with pytest.raises(DemoFailed, match=r"ended before it said .*notion"):
        daemon.expect_each(["github", "notion"], event="connector.forgotten")


CAUSES: dict[str, tuple[type, str, Callable[..., object]]] = {
    "Step 3, A new file": (Stage, "save", only_without("googlecalendar.jsonc", Stage.save)),
    "Step 4, Consent is given": (Person, "allow", nothing),
    "Step 8, Stripe is provisioned": (Person, "claim", nothing),
    "Step 9, Consent is denied": (Person, "deny", nothing),
    "Step 11, The access token expires": (Person, "admin", without_expiring(Person.admin)),
    "Step 12, All files vanish": (Stage, "delete", nothing),
    "Step 13, `connectord restore` puts": (Stage, "restore", restoring_nothing),
    "Step 14, One file is deleted": (Stage, "delete", only_all_of_them(Stage.delete)),
}


@pytest.mark.parametrize("step", CAUSES)
def test_a_step_whose_cause_is_taken_away_fails_the_tour(
    step: str, own_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, replacement = CAUSES[step]
    monkeypatch.setattr(owner, name, replacement)
    monkeypatch.setattr(listener, "WITHIN_SECONDS", 3.0)
    monkeypatch.setattr(listener.Listener.expect, "__kwdefaults__", {"within": 3.0})
    result = CliRunner().invoke(demo, ["--tour"])
    assert result.exit_code == 1, result.output
    assert step in result.output
    assert list(own_tmp.iterdir()) == []


def test_a_base44_that_does_not_start_is_said(own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    result = CliRunner().invoke(demo, ["--tour"])
    assert (result.exit_code, "did not start" in result.output) == (1, True)
    assert list(own_tmp.iterdir()) == []


def test_in_a_terminal_it_says_what_to_try_and_ctrl_c_ends_all_of_it(own_tmp: Path, a_home_of_its_own: Path) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "demo"],
        env=environment(a_home_of_its_own, TERM="xterm", TMPDIR=str(own_tmp)),
        encoding="utf-8",
        timeout=WITHIN,
        dimensions=(50, 220),
    )
    terminal.expect("Things to try")
    terminal.expect(r"Change a scope and save:\s+(\S+googlecalendar\.jsonc)")
    saved = Path(terminal.match.group(1))
    terminal.expect(r"googlecalendar, slack need your authorization")
    saved.write_text("{")
    terminal.expect(r"googlecalendar\.jsonc:1:\d+: ")
    terminal.sendintr()
    terminal.expect("The demo is over; its folder is gone.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert list(own_tmp.iterdir()) == []


def test_sigterm_takes_the_stage_down(own_tmp: Path, a_home_of_its_own: Path) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "demo"],
        env=environment(a_home_of_its_own, TERM="xterm", TMPDIR=str(own_tmp)),
        encoding="utf-8",
        timeout=WITHIN,
    )
    terminal.expect("need your authorization")
    os.kill(terminal.pid, 15)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 143
    assert list(own_tmp.iterdir()) == []


@pytest.mark.parametrize("step", ["Starting a Base44", "need your authorization"])
def test_c9_a_terminal_that_is_closed_takes_the_stage_down(step: str, own_tmp: Path, a_home_of_its_own: Path) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "demo"],
        env=environment(a_home_of_its_own, TERM="xterm", TMPDIR=str(own_tmp)),
        encoding="utf-8",
        timeout=WITHIN,
    )
    terminal.expect(step)
    terminal.ptyproc.fileobj.close()
    terminal.kill(signal.SIGHUP)  # the kernel has said so, and now a shell does
    terminal.wait()
    assert terminal.exitstatus == 128 + signal.SIGHUP
    assert list(own_tmp.iterdir()) == []
