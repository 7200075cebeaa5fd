"""One daemon for one user, held by the kernel: with real second processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectord.control.client import Client
from connectord.control.lock import AlreadyRunning, daemon_lock
from connectord.control.lock_file import daemon_pid, is_locked
from connectord.control.private import PlaceUnusable
from connectord.control.unanswered import DaemonGone, NoDaemon


@contextmanager
def another_process(runtime: Path) -> Iterator[subprocess.Popen[str]]:
    """A fake daemon in a process of its own that answers already."""
    command = [sys.executable, "-m", "tests.support.fake_daemon", str(runtime)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_daemon_is_told_the_pid_of_the_first(runtime: Path) -> None:
    with another_process(runtime) as first:
        with pytest.raises(AlreadyRunning) as caught, daemon_lock(runtime):
            pass
        assert caught.value.pid == first.pid
        assert f"process {first.pid}" in caught.value.what


def test_a_daemon_that_was_killed_leaves_the_way_free(runtime: Path) -> None:
    with another_process(runtime) as first:
        first.kill()
        first.wait()
        assert not is_locked(runtime)
        with another_process(runtime) as second:  # over the socket file that the first one left
            assert Client(runtime).daemon().pid == second.pid


def test_the_lock_file_holds_our_pid_and_is_ours_alone(runtime: Path) -> None:
    with daemon_lock(runtime):
        assert daemon_pid(runtime) == os.getpid()
        assert is_locked(runtime)
        assert stat.S_IMODE((runtime / "daemon.lock").stat().st_mode) == 0o600
    assert not is_locked(runtime)


def test_who_only_looks_whether_it_is_locked_keeps_nobody_out(runtime: Path) -> None:
    with daemon_lock(runtime):
        pass
    assert not is_locked(runtime)
    with daemon_lock(runtime):
        assert daemon_pid(runtime) == os.getpid()


def test_a_lock_file_without_a_pid_is_still_a_lock(runtime: Path) -> None:
    with daemon_lock(runtime):
        (runtime / "daemon.lock").write_text("?")
        with pytest.raises(AlreadyRunning) as caught, daemon_lock(runtime):
            pass
    assert caught.value.pid is None


def test_something_else_in_the_place_of_the_lock_is_said(runtime: Path) -> None:
    (runtime / "daemon.lock").mkdir(parents=True)
    with pytest.raises(PlaceUnusable, match=r"daemon\.lock"), daemon_lock(runtime):
        pass


def test_the_stream_of_news_ends_with_a_daemon_that_is_killed(runtime: Path) -> None:
    with another_process(runtime) as process, Client(runtime).events() as news:
        process.kill()
        assert list(news) == []


def test_a_daemon_that_dies_while_a_command_waits_is_gone(runtime: Path) -> None:
    with another_process(runtime) as process, ThreadPoolExecutor(1) as pool, Client(runtime).events() as news:
        waiting = pool.submit(Client(runtime).wait, timeout=20)
        assert next(news).message == "waiting"
        process.kill()
        with pytest.raises(DaemonGone, match=f"pid {process.pid}"):
            waiting.result()


def test_a_daemon_that_stands_still_is_said_to_run_and_not_to_answer(runtime: Path) -> None:
    with another_process(runtime) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(NoDaemon, match="didn't answer in time") as caught:
            Client(runtime, timeout=0.2).status()
        assert f"kill {process.pid}" in caught.value.todo[1]


def test_a_daemon_that_is_just_starting_is_not_said_to_be_missing(runtime: Path) -> None:
    with daemon_lock(runtime), pytest.raises(NoDaemon, match="just starting or ending"):
        Client(runtime).status()


def test_no_daemon_is_said_with_how_to_start_one(runtime: Path) -> None:
    with pytest.raises(NoDaemon, match="isn't running") as caught:
        Client(runtime).status()
    assert "connectord start" in caught.value.todo[0]
