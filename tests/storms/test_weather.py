"""What happens to a laptop: no network, no disk, no session, sleep, another daemon. It shows, and it passes."""

from __future__ import annotations

import errno
import os
import queue
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import jumping_clock
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector
from tests.support.running import RunningDaemon, environment
from tests.support.storm import Storm, a_storm, started, until

from connectord.control.endpoint import socket_path

STOPPED_FOR = 12.0
"""Seconds that a laptop sleeps: longer than a request's and the local API's limits."""


def consented(emulator: RunningEmulator, folder: Path, home: Path) -> Storm:
    """Two connectors that were consented to long ago, in files that nobody has pushed yet."""
    storm = a_storm(emulator, folder, home, slack=["a"], github=["b"])
    for name in ("slack", "github", "linear"):
        emulator.connect(name, ["a", "b", "c", "d"])
    storm.project.connectors_dir.joinpath("linear.jsonc").write_text('{"type": "linear", "scopes": ["d"]}')
    return storm


def goes_on(storm: Storm, scopes: list[str]) -> None:
    """A save is pushed, and all is well."""
    a_connector(storm.project, "slack", scopes)
    assert storm.settled().settled
    storm.until_state("synced")
    assert storm.there()["slack"] == sorted(scopes)


def trouble(storm: Storm) -> str:
    return " ".join(storm.client.daemon().trouble)


def a_second_one(storm: Storm) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connectord", "run", str(storm.project.root)],
        env=environment(storm.home, **storm.environ),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_second_daemon_ends_with_a_sentence_that_names_the_first(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        second = a_second_one(storm)
        goes_on(storm, ["b"])
    assert second.returncode != 0
    assert f"process {daemon.process.pid}" in second.stdout + second.stderr


def test_a_socket_that_a_killed_daemon_left_is_replaced(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        daemon.process.kill()
        daemon.process.wait()
    assert socket_path(storm.runtime).is_socket()
    with storm.life() as daemon:
        assert started(daemon)
        goes_on(storm, ["b"])


def test_a_runtime_directory_that_is_open_to_others_is_closed(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    storm.runtime.chmod(0o777)
    with storm.life() as daemon:
        assert started(daemon)
        goes_on(storm, ["b"])
        assert storm.runtime.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["damaged", "newer", "another program's"])
def test_p2_a_state_that_can_not_be_read_is_set_aside_and_nothing_is_lost(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, kind: str
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    storm.state.mkdir(mode=0o700)
    file = storm.state / "state.db"
    if kind == "damaged":
        file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    else:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE x (y)")
            if kind == "newer":
                connection.execute(f"PRAGMA application_id = {0x434F4E44}")
            connection.execute("PRAGMA user_version = 99")
            connection.commit()
    with storm.life() as daemon:
        assert started(daemon)
        said = trouble(storm)
        goes_on(storm, ["b"])
        assert daemon.end() == 0
    assert str(file) in said
    assert kind.split(maxsplit=1)[0] in said
    storm.check_the_end()


def test_a_state_that_is_deleted_while_it_runs_is_made_anew_from_memory(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        for file in storm.state.glob("state.db*"):
            file.unlink()
        goes_on(storm, ["b"])
        assert daemon.end() == 0
    storm.check_the_end()
    emulator.forget_requests()
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
    assert storm.sent("PUT") == []


def a_small_disk(state: Path) -> tuple[str, ...]:
    """The words that run a daemon with its state on a disk of 2 MiB that nobody else sees."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    mount = f'mount -t tmpfs -o size=2m,mode=0700 none "{state}" && exec "$@"'
    return ("unshare", *user, "--mount", "sh", "-c", mount, "sh")


def fill(filler: Path) -> None:
    """Write until nothing fits any more."""
    with filler.open("wb", buffering=0) as full:
        try:
            while True:
                full.write(b"x" * 512)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  (any other error is one of this test)


def seen_by(daemon: RunningDaemon, path: Path) -> Path:
    """A file as the daemon sees it, whatever is mounted there for it alone."""
    return Path(f"/proc/{daemon.process.pid}/root{path}")


@pytest.mark.skipif(sys.platform != "linux", reason="other operating system: mount namespaces")
def test_p12_a_full_disk_is_a_visible_trouble_and_nothing_is_lost_when_it_ends(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    long = "s" * 60_000
    emulator.connect("slack", ["a", "b", "c", "d", long])
    storm.state.mkdir(mode=0o700)
    with storm.life(*a_small_disk(storm.state)) as daemon:
        assert started(daemon)
        assert storm.settled().settled
        filler = seen_by(daemon, storm.state) / "filler"
        fill(filler)
        # What fits into pages that are there already is written; a long scope needs new ones.
        a_connector(storm.project, "slack", ["b", long])
        until(lambda: len(storm.there()["slack"]) == 2, "a push with a full disk")
        until(lambda: trouble(storm) != "", "the trouble")
        said = trouble(storm)
        filler.unlink()
        goes_on(storm, ["c"])
        until(lambda: trouble(storm) == "", "the end of the trouble")
        assert daemon.end() == 0
    assert "full" in said
    assert storm.sent("DELETE") == []


def test_a_laptop_that_sleeps_goes_on_where_it_was(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    emulator.fault(route="set", type="slack", delay=60, count=1)
    with storm.life() as daemon:
        assert started(daemon)
        until(lambda: len(storm.sent("PUT")) == 3, "requests under way")
        daemon.process.send_signal(signal.SIGSTOP)
        while True:  # until it has said everything that it had to say, and nothing for as long as it sleeps
            try:
                daemon.heard.append(daemon.lines.get(timeout=STOPPED_FOR) or {})
            except queue.Empty:
                break
        a_connector(storm.project, "github", ["c"])
        daemon.process.send_signal(signal.SIGCONT)
        assert storm.settled().settled
        goes_on(storm, ["d"])
        assert daemon.end() == 0
    storm.check_the_end()


@pytest.mark.parametrize("days", [1, -1], ids=["forward", "back"])
def test_a_clock_that_jumps_by_a_day_keeps_nothing_waiting(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, days: int
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    wrong_by = tmp_path / "wrong-by"
    wrong_by.write_text("0")
    with storm.life(sys.executable, jumping_clock.__file__, str(wrong_by)) as daemon:
        assert started(daemon)
        a_connector(storm.project, "hubspot", ["a"])
        link = daemon.expect(event="notice", type="hubspot")["url"]
        swapped = tmp_path / "swapped"
        swapped.write_text(str(days * 86_400))
        swapped.replace(wrong_by)
        goes_on_but_for_hubspot(storm)
        emulator.consent(link)
        assert daemon.expect(event="authorization.ended", type="hubspot")["result"] == "added"
        storm.until_state("synced")
        assert daemon.end() == 0
    storm.check_the_end()


def goes_on_but_for_hubspot(storm: Storm) -> None:
    a_connector(storm.project, "slack", ["d"])
    assert storm.settled().settled
    assert storm.there()["slack"] == ["d"]


def test_p8_offline_is_said_and_over_within_seconds_of_the_network(tmp_path: Path, a_home_of_its_own: Path) -> None:
    kept = ("--state", str(tmp_path / "emulator.json"))
    with running_emulator(*kept) as emulator:
        storm = consented(emulator, tmp_path, a_home_of_its_own)
        port = emulator.url.rpartition(":")[2]
        with storm.life() as daemon:
            assert started(daemon)
            assert storm.settled().settled
            emulator.process.terminate()
            emulator.process.wait(20)
            a_connector(storm.project, "slack", ["b"])
            offline = storm.until_state("offline")
            with running_emulator(*kept, "--port", port) as storm.emulator:
                storm.until_state("synced")
                storm.check_the_end()
                assert daemon.end() == 0
    assert offline.error


def test_p7_signed_out_is_said_and_over_within_seconds_of_a_login(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    credentials = emulator.sign_in(a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        credentials.unlink()
        emulator.admin("tokens/revoke")
        a_connector(storm.project, "slack", ["b"])
        storm.until_state("signed-out")
        assert storm.settled().why == "signed out"
        emulator.sign_in(a_home_of_its_own)
        storm.until_state("synced")
        assert daemon.end() == 0
    storm.check_the_end()


def test_p12_an_app_that_is_closed_to_the_user_halts_its_project(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        emulator.admin(f"apps/{emulator.app_id}", accessible=False)
        a_connector(storm.project, "slack", ["b"])
        halted = storm.until_state("halted")
        emulator.admin(f"apps/{emulator.app_id}", accessible=True)
        goes_on(storm, ["c"])
    assert "403" in (halted.error or "")
    storm.check_the_end()


def test_p3_a_project_that_goes_away_and_comes_back_goes_on(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    root, elsewhere = storm.project.root, tmp_path / "elsewhere"
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        root.rename(elsewhere)
        gone = storm.until_state("halted")
        elsewhere.rename(root)
        storm.until_state("synced")
        goes_on(storm, ["c"])
        assert daemon.end() == 0
    assert str(root) in (gone.error or "")
    storm.check_the_end()


def test_p3_a_connectors_directory_that_goes_away_removes_nothing(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    folder, elsewhere = storm.project.connectors_dir, tmp_path / "elsewhere"
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        folder.rename(elsewhere)
        assert storm.until_state("needs-action").problems
        elsewhere.rename(folder)
        storm.until_state("synced")
        goes_on(storm, ["c"])
    storm.check_the_end()


def test_a_config_that_becomes_invalid_shows_and_the_last_good_one_stays_in_force(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    config = storm.project.root / "base44/config.jsonc"
    good = config.read_text()
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        config.write_text('{ "name": ')
        broken = storm.until_state("needs-action")
        config.write_text(good)
        storm.until_state("synced")
        goes_on(storm, ["c"])
    assert ["config.jsonc" in problem.file for problem in broken.problems] == [True]
    assert {one.type for one in broken.connectors} == {"slack", "github", "linear"}
    storm.check_the_end()
