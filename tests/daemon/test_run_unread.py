"""`connectord run` where nobody reads what it says: it neither blocks nor ends, and what it says is in the log."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.running import WITHIN, environment
from tests.support.storm import until

from connectord.control.client import Client
from connectord.control.log_places import log_path
from connectord.control.unanswered import NoDaemon
from connectord.project.known_types import KNOWN_TYPES

MANY = {name: ["a"] for name in sorted(KNOWN_TYPES - {"stripe", "share_point"})}
"""What is said of so many is more than a pipe of one page takes."""


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def root(shared_emulator: RunningEmulator, a_home_of_its_own: Path, tmp_path: Path) -> Path:
    """The root of a project with many connectors, whose user is signed in."""
    shared_emulator.admin("reset")
    shared_emulator.settings(limits=False)
    shared_emulator.sign_in(a_home_of_its_own)
    return a_project(tmp_path / "shop", MANY, app_id=shared_emulator.app_id, api_url=shared_emulator.url).root


@contextmanager
def run(root: Path, stdout: int, *before: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*before, sys.executable, "-m", "connectord", "run", str(root)]
    with subprocess.Popen(
        command,
        env=environment(Path(os.environ["HOME"]), **environ),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def client() -> Client:
    return Client(Path(os.environ["CONNECTORD_RUNTIME_DIR"]))


def answers() -> bool:
    try:
        client().daemon()
    except NoDaemon:
        return False
    return True


def everything_is_pushed() -> None:
    until(answers, "the daemon answers")
    assert client().wait(timeout=WITHIN).settled
    (project,) = client().status().projects
    assert {one.state for one in project.connectors} == {"needs-authorization"}
    assert len(project.connectors) == len(MANY)


def logged(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_path(home / ".local/state/connectord").read_text().splitlines()]


def ends_well(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(WITHIN) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_pipe_that_nobody_reads_holds_up_no_push_and_not_the_end(root: Path, a_home_of_its_own: Path) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with run(root, writing) as process:
        os.close(writing)
        everything_is_pushed()
        ends_well(process)
    os.close(reading)
    events = [line["event"] for line in logged(a_home_of_its_own)]
    assert "daemon.stopping" in events
    assert "daemon.defect" not in events


def test_a_reader_that_went_away_does_not_end_it_and_the_log_says_so(root: Path, a_home_of_its_own: Path) -> None:
    reading, writing = os.pipe()
    with run(root, writing) as process:
        os.close(writing)
        assert os.read(reading, 1) == b"{"
        os.close(reading)
        everything_is_pushed()
        ends_well(process)
    troubles = [line["message"] for line in logged(a_home_of_its_own) if line["event"] == "daemon.trouble"]
    assert troubles == ["Nobody reads what is said here any more (Broken pipe); the log has it all."]


def test_a_full_disk_under_stdout_does_not_end_it_and_the_log_says_so(root: Path, a_home_of_its_own: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with run(root, full) as process:
        os.close(full)
        everything_is_pushed()
        ends_well(process)
    troubles = [line["message"] for line in logged(a_home_of_its_own) if line["event"] == "daemon.trouble"]
    assert troubles == [
        "What is said here can't be written: No space left on device. Lines are being lost; the log has them."
    ]


def test_a_stdout_that_is_closed_from_the_start_does_not_end_it(root: Path) -> None:
    with run(root, subprocess.DEVNULL, "/bin/sh", "-c", 'exec "$@" >&-', "sh") as process:
        everything_is_pushed()
        ends_well(process)


def test_a_terminal_of_others_that_vanishes_does_not_end_it(root: Path) -> None:
    reading, writing = pty.openpty()
    with run(root, writing) as process:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        everything_is_pushed()
        ends_well(process)


def test_a_full_disk_under_the_log_is_shown_in_the_status(root: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    log_path(state).parent.mkdir(parents=True)
    log_path(state).mkdir()
    with run(root, subprocess.DEVNULL, CONNECTORD_STATE_DIR=str(state)) as process:
        everything_is_pushed()
        assert client().daemon().trouble == (
            f"{log_path(state)} can't be written: Is a directory; log lines are being lost.",
        )
        log_path(state).rmdir()
        client().push()
        until(lambda: not client().daemon().trouble or bool(client().pause()), "the trouble is over")
        ends_well(process)


def test_c9_its_own_terminal_that_is_closed_ends_it_in_order(root: Path, a_home_of_its_own: Path) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "run", str(root)],
        env=environment(a_home_of_its_own),
        encoding="utf-8",
        timeout=WITHIN,
    )
    terminal.expect("Watching ")
    terminal.ptyproc.fileobj.close()
    terminal.wait()
    assert (terminal.exitstatus, terminal.signalstatus) == (0, None)
    events = {line["event"] for line in logged(a_home_of_its_own)}
    assert "daemon.stopping" in events
    assert "daemon.defect" not in events
    assert not answers()


def test_c9_under_nohup_it_outlives_its_terminal(root: Path) -> None:
    with run(root, subprocess.DEVNULL, "nohup") as process:
        until(answers, "the daemon answers")
        process.send_signal(signal.SIGHUP)
        everything_is_pushed()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN) == 0
