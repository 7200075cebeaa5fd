"""The disk under a daemon: damaged, emptied, full, read-only. It shows, nothing is removed, nothing is forgotten."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.support import troubled_disk
from tests.support.emulator import RunningEmulator
from tests.support.project import a_connector
from tests.support.running import RunningDaemon
from tests.support.storm import Storm, a_storm, started

from connectord.store.schema import APPLICATION_ID

LONG = "s" * 60_000
"""A scope that needs more pages than are free in any small database."""


def consented(emulator: RunningEmulator, folder: Path, home: Path) -> Storm:
    """A connector that was consented to long ago, in a file that nobody has pushed yet."""
    storm = a_storm(emulator, folder, home, slack=["a"])
    emulator.connect("slack", ["a", "b", "c", "d", LONG])
    return storm


def goes_on(storm: Storm, *scopes: str) -> None:
    """A save is pushed, and all is well."""
    a_connector(storm.project, "slack", scopes)
    assert storm.settled().settled
    storm.until_state("synced")
    assert storm.there()["slack"] == sorted(scopes)


def trouble(storm: Storm) -> str:
    return " ".join(storm.client.daemon().trouble)


def puts(storm: Storm) -> int:
    return len(storm.sent("PUT"))


def replaced(file: Path, text: str) -> None:
    """Change a file that somebody may be reading."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)


def knows_what_it_pushed(storm: Storm) -> None:
    """A new life has nothing to send."""
    before = puts(storm)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        assert daemon.end() == 0
    assert puts(storm) == before
    storm.check_the_end()


@pytest.mark.parametrize(
    ("disk", "word"),
    [
        (("max_page_count = 1000000", "max_page_count = 1"), "the disk is full"),
        (("query_only = 0", "query_only = 1"), "it is read-only"),
    ],
    ids=["full", "read-only"],
)
def test_p12_a_disk_that_takes_nothing_is_a_visible_trouble_and_what_happened_is_written_when_it_does(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, disk: tuple[str, str], word: str
) -> None:
    storm, pragma, (good, bad) = consented(emulator, tmp_path, a_home_of_its_own), tmp_path / "pragma", disk
    pragma.write_text(good)
    with storm.life(sys.executable, troubled_disk.__file__, str(pragma)) as daemon:
        assert started(daemon)
        assert storm.settled().settled
        replaced(pragma, bad)
        # What fits into pages that are there already is written to a full disk; this doesn't.
        goes_on(storm, "b", LONG)
        said = trouble(storm)
        replaced(pragma, good)
        goes_on(storm, "c")
        assert trouble(storm) == ""
        assert daemon.end() == 0
    assert word in said
    assert str(storm.state / "state.db") in said
    knows_what_it_pushed(storm)


def test_p12_a_disk_that_takes_nothing_at_the_start_is_a_visible_trouble(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm, pragma = consented(emulator, tmp_path, a_home_of_its_own), tmp_path / "pragma"
    pragma.write_text("query_only = 1")
    with storm.life(sys.executable, troubled_disk.__file__, str(pragma)) as daemon:
        assert started(daemon)
        goes_on(storm, "b")
        said = trouble(storm)
        replaced(pragma, "query_only = 0")
        goes_on(storm, "c")
        assert trouble(storm) == ""
        assert daemon.end() == 0
    assert "read-only" in said
    knows_what_it_pushed(storm)


@contextmanager
def no_file_written_by(daemon: RunningDaemon) -> Iterator[None]:
    """Whatever it writes to any file fails, as if nowhere were any room: state, log and what stderr goes to."""
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, most))
    yield
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.skipif(sys.platform != "linux", reason="other operating system: prlimit")
def test_p12_where_no_file_can_be_written_it_goes_on_from_memory(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        with no_file_written_by(daemon):
            goes_on(storm, "b", LONG)
            said = trouble(storm)
        goes_on(storm, "c")
        assert trouble(storm) == ""
        assert daemon.end() == 0
    assert "the disk reports an error" in said
    assert "log lines are being lost" in said
    knows_what_it_pushed(storm)


def test_p12_a_daemon_that_is_started_where_no_file_can_be_written_pushes_and_says_so(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life("sh", "-c", 'ulimit -S -f 0; exec "$@"', "sh") as daemon:
        assert started(daemon)
        goes_on(storm, "b", LONG)
        assert "state.db" in trouble(storm)
        assert daemon.end() == 0
    assert storm.sent("DELETE") == []


def garbage(state: Path) -> None:
    file = state / "state.db"
    file.write_bytes(random.Random(7).randbytes(file.stat().st_size))


def garbage_in_the_log(state: Path) -> None:
    log = state / "state.db-wal"
    log.write_bytes(random.Random(7).randbytes(log.stat().st_size))


def emptied(state: Path) -> None:
    os.truncate(state / "state.db", 0)


def an_emptied_log(state: Path) -> None:
    os.truncate(state / "state.db-wal", 0)


def deleted(state: Path) -> None:
    for file in state.glob("state.db*"):
        file.unlink()


def folded(storm: Storm) -> None:
    """Take the write-ahead log over into the file, as the daemon does every hour."""
    with closing(sqlite3.connect(storm.state / "state.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (garbage, "is damaged"),
        (garbage_in_the_log, ""),
        (emptied, "is gone and has left its log"),
        (an_emptied_log, ""),
        (deleted, ""),
    ],
)
def test_p2_whatever_is_done_to_the_state_nothing_is_removed_and_it_goes_on(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, spoil: Callable[[Path], None], words: str
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        folded(storm)
        goes_on(storm, "b")
        spoil(storm.state)
        goes_on(storm, "c")
        assert daemon.end() == 0
    storm.check_the_end()
    before = puts(storm)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        assert puts(storm) == before, "what it had pushed was forgotten"
        goes_on(storm, "d")
        daemon.process.kill()
        daemon.process.wait()
    spoil(storm.state)
    with storm.life() as daemon:
        assert started(daemon)
        assert words in trouble(storm)
        goes_on(storm, "a")
        assert daemon.end() == 0
    storm.check_the_end()


def test_a_folder_in_the_place_of_the_state_is_said_until_it_is_gone(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    file = storm.state / "state.db"
    file.mkdir(parents=True)
    with storm.life() as daemon:
        assert started(daemon)
        goes_on(storm, "b")
        said = trouble(storm)
        file.rmdir()
        goes_on(storm, "c")
        assert trouble(storm) == ""
        assert daemon.end() == 0
    assert "is a folder" in said
    knows_what_it_pushed(storm)


@pytest.mark.parametrize(("ours", "words"), [(True, "newer connectord"), (False, "another program's")])
def test_p2_a_state_that_is_not_for_this_version_is_set_aside(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, ours: bool, words: str
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    storm.state.mkdir(mode=0o700)
    with closing(sqlite3.connect(storm.state / "state.db")) as connection:
        connection.execute("CREATE TABLE x (y)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID if ours else 0}")
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    with storm.life() as daemon:
        assert started(daemon)
        said = trouble(storm)
        goes_on(storm, "b")
        assert daemon.end() == 0
    assert words in said
    assert len([*storm.state.glob("state.db.aside-*")]) == 1
    storm.check_the_end()
