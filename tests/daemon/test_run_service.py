"""`connectord run --service`, as systemd starts it: a process, its notify socket, and lines for the journal."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.project import a_project
from tests.support.running import WITHIN, environment

from connectord.control.client import Client
from connectord.control.lock import daemon_lock
from connectord.places import runtime_dir

COMMAND = (sys.executable, "-P", "-m", "connectord", "run", "--service")


@contextmanager
def systemd(folder: Path) -> Iterator[socket.socket]:
    """What listens at NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0connectord-run-{os.getpid()}-{folder.name}")
        listening.settimeout(WITHIN)
        yield listening


def heard(listening: socket.socket, last: str) -> list[str]:
    said = [listening.recv(1000).decode()]
    while said[-1] != last:
        said.append(listening.recv(1000).decode())
    return said


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_it_is_ready_over_the_socket_that_systemd_names_and_ends_in_order(home: Path) -> None:
    with systemd(home.parent) as listening:
        address = "@" + listening.getsockname()[1:].decode()
        environ = environment(home, NOTIFY_SOCKET=address, WATCHDOG_USEC="60000000")
        with subprocess.Popen(COMMAND, cwd=home, env=environ, stdout=subprocess.PIPE, text=True) as process:
            said = heard(listening, "READY=1")
            assert "STATUS=No projects yet: connectord projects add" in said
            assert Client(runtime_dir()).daemon().pid == process.pid
            process.terminate()
            assert heard(listening, "STOPPING=1")
            out, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["daemon.started", "daemon.stopping"]


def test_the_project_that_it_happens_to_stand_in_is_nobodys(home: Path) -> None:
    project = a_project(home / "shop", connectors={})
    with subprocess.Popen(
        COMMAND, cwd=project.root, env=environment(home), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "daemon.started"
        process.terminate()
        out, _ = process.communicate(timeout=WITHIN)
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["daemon.stopping"]


def test_what_keeps_it_from_starting_is_one_line_for_the_journal_and_exit_code_2(home: Path) -> None:
    (home / "config.toml").write_text("settle_quite = 1\n")
    environ = environment(home, CONNECTORD_CONFIG=str(home / "config.toml"))
    ended = subprocess.run(COMMAND, env=environ, capture_output=True, text=True, timeout=WITHIN, check=False)
    (line,) = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr, json.loads(line)["code"]) == (2, "", "SETTINGS_INVALID")


def test_where_a_daemon_runs_already_a_new_try_would_not_help(home: Path) -> None:
    with daemon_lock(runtime_dir()):
        ended = subprocess.run(
            COMMAND, env=environment(home), capture_output=True, text=True, timeout=WITHIN, check=False
        )
    (line,) = ended.stdout.splitlines()
    assert (ended.returncode, json.loads(line)["code"]) == (2, "ALREADY_RUNNING")
