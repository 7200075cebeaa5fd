"""watches, file-systems, permissions, disk, database: what this machine gives."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.doctor import here, proc_with, said, states, with_daemon
from tests.support.face import a_daemon

from connectord.control.models import WatchState
from connectord.doctor.database import check_database
from connectord.doctor.disk import NEEDED, SCARCE, check_disk, room
from connectord.doctor.file_systems import check_file_systems
from connectord.doctor.finding import State
from connectord.doctor.permissions import check_permissions
from connectord.doctor.watches import Used, check_watches, used_by
from connectord.places import runtime_dir, state_dir
from connectord.settings import settings_path
from connectord.store import STATE_FILE, SqliteStore, inspect

LIMITS = {"max_user_instances": 128, "max_user_watches": 1000}


def test_watches_what_is_used_is_counted_over_all_processes_of_this_user(tmp_path: Path) -> None:
    proc = proc_with(tmp_path, LIMITS, [(2, 10), (1, 5)])
    assert used_by(proc, os.geteuid()) == Used(instances=3, watches=25)
    assert used_by(proc, os.geteuid() + 1) == Used(0, 0)
    assert said(check_watches, here(tmp_path, proc=proc)).startswith("ok: 3 of 128 watchers of this user are in use")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_user_instances": 3}, "broken: 3 of 3 watchers of this user are in use"),
        ({"max_user_watches": 26}, "attention: 25 of 26 watched folders of this user are in use"),
    ],
)
def test_watches_a_limit_that_is_reached_is_said_with_how_to_raise_it(
    tmp_path: Path, limits: dict[str, int], words: str
) -> None:
    proc = proc_with(tmp_path, LIMITS | limits, [(2, 10), (1, 5)])
    assert words in said(check_watches, here(tmp_path, proc=proc))
    assert f"sudo sysctl fs.inotify.{next(iter(limits))}=512" in said(check_watches, here(tmp_path, proc=proc))


def test_watches_a_system_without_such_limits_has_none_to_reach(tmp_path: Path) -> None:
    assert states(check_watches, here(tmp_path, proc=tmp_path)) == [State.OK]


def test_watches_a_watcher_that_is_down_is_broken(tmp_path: Path) -> None:
    around = with_daemon(here(tmp_path, proc=proc_with(tmp_path, LIMITS)), a_daemon(watching=WatchState.DOWN))
    assert said(check_watches, around).startswith("broken: the daemon's file watcher is down")


WATCHES = """
import sys, watchfiles
kept = watchfiles.watch(sys.argv[1], yield_on_timeout=True, rust_timeout=1)
next(kept)
print("watching", flush=True)
input()
"""


def test_watches_a_real_one_of_another_process_is_seen(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other operating system")
    # Other processes of this user come and go, so only this one is looked at.
    proc = tmp_path / "proc"
    proc.mkdir()
    command = [sys.executable, "-c", WATCHES, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == b"watching\n"
        (proc / str(watching.pid)).symlink_to(Path("/proc") / str(watching.pid))
        used = used_by(proc, os.geteuid())
        watching.communicate(b"\n")
    assert used.instances == 1
    assert used.watches >= 1


def test_file_systems_a_network_disk_is_told_as_polled(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    line = f"36 35 {os.major(device)}:{os.minor(device)} / {tmp_path} rw - nfs4 server:/export rw\n"
    (proc / "self" / "mountinfo").write_text(line)
    around = here(tmp_path, proc=proc)
    around.roots = lambda: (tmp_path, tmp_path / "gone")  # type: ignore[method-assign]
    [finding] = check_file_systems(around)
    assert (finding.state, finding.what.split(" is on ")[0]) == (State.ATTENTION, str(tmp_path))


def test_file_systems_polling_that_was_asked_for_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    assert "WATCHFILES_FORCE_POLLING is set" in said(check_file_systems, here(tmp_path))


def test_file_systems_a_local_disk_is_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "false")
    assert states(check_file_systems, here(tmp_path)) == [State.OK]


def test_permissions_a_home_that_nobody_has_used_yet_is_well(tmp_path: Path) -> None:
    assert states(check_permissions, here(tmp_path)) == [State.OK]


def test_permissions_open_folders_are_told_with_the_command_that_closes_them(tmp_path: Path) -> None:
    state_dir().mkdir(parents=True)
    state_dir().chmod(0o755)
    words = said(check_permissions, here(tmp_path))
    assert words.startswith(f"attention: {state_dir()} is open to others (mode 755)")
    assert f"chmod 700 {state_dir()}" in words


def reachable(path: Path) -> None:
    """Let others walk down to it: pytest's own folders are closed, and then nobody else can read what is in them."""
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o011:
            folder.chmod(0o755)


def test_permissions_an_open_socket_and_open_credentials_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = Path.home() / ".base44" / "auth" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text("{}")
    auth.chmod(0o644)
    database = state_dir() / STATE_FILE
    database.parent.mkdir(parents=True, mode=0o700)
    database.write_bytes(b"")
    database.chmod(0o644)
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("")
    settings_path().chmod(0o666)
    monkeypatch.setattr("connectord.doctor.permissions._others_reach", lambda _: True)
    runtime_dir().mkdir(exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(runtime_dir() / "connectord.sock"))
        (runtime_dir() / "connectord.sock").chmod(0o777)
        words = said(check_permissions, here(tmp_path))
    assert "connectord.sock is open to others (mode 777)" in words
    assert f"{database} is open to others (mode 644)" in words
    assert f"{auth} can be read by others (mode 644)" in words
    assert f"{settings_path()} can be written by others (mode 666)" in words


def test_permissions_a_file_that_nobody_else_can_reach_needs_no_mode(tmp_path: Path) -> None:
    auth = Path.home() / ".base44" / "auth" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text("{}")
    auth.chmod(0o644)
    auth.parent.parent.chmod(0o700)
    assert states(check_permissions, here(tmp_path)) == [State.OK]


def test_permissions_a_socket_path_that_is_too_long_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(tmp_path / ("x" * 120)))
    assert "is too long for a unix socket" in said(check_permissions, here(tmp_path))


def test_permissions_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    state_dir().parent.mkdir(parents=True)
    state_dir().write_text("")
    assert f"broken: {state_dir()} is in the way" in said(check_permissions, here(tmp_path))


def disk(free: int = 1 << 40, *, files: int = 1000, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((1, 1, 1 << 40, free, free, 1000, files, files, flags, 255, 0))


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (disk(), State.OK),
        (disk(SCARCE - 1), State.ATTENTION),
        (disk(NEEDED - 1), State.BROKEN),
        (disk(files=0), State.BROKEN),
        (disk(flags=os.ST_RDONLY), State.BROKEN),
    ],
)
def test_disk_what_is_left_decides(tmp_path: Path, found: os.statvfs_result, state: State) -> None:
    assert room(tmp_path, found).state is state


def test_disk_of_a_state_directory_that_isnt_there_yet(tmp_path: Path) -> None:
    assert str(state_dir()) in said(check_disk, here(tmp_path))


def a_database() -> Path:
    state_dir().mkdir(parents=True, exist_ok=True)
    path = state_dir() / STATE_FILE
    store = SqliteStore(path)
    store.add_project(Path("/home/ada/shop"), 1.0)
    store.close()
    return path


def test_database_a_whole_one_is_well_and_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    path = a_database()
    before = sorted(path.parent.iterdir())
    assert said(check_database, here(tmp_path)).startswith(f"ok: {path} is whole (")
    assert inspect(path).projects[0].root == Path("/home/ada/shop")
    assert sorted(path.parent.iterdir()) == before


def test_database_is_looked_at_beside_the_process_that_writes_it(tmp_path: Path) -> None:
    path = state_dir() / STATE_FILE
    state_dir().mkdir(parents=True)
    store = SqliteStore(path)
    store.add_project(Path("/home/ada/shop"), 1.0)
    try:
        assert [row.root for row in inspect(path).projects] == [Path("/home/ada/shop")]
    finally:
        store.close()


def test_database_none_yet_is_well(tmp_path: Path) -> None:
    assert said(check_database, here(tmp_path)).startswith("ok: there is none yet")


def test_database_a_damaged_one_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = a_database()
    path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 9000)
    before = path.read_bytes()
    assert said(check_database, here(tmp_path)).startswith(f"broken: {path} ")
    assert path.read_bytes() == before


def test_database_of_another_program_or_a_newer_version_is_told(tmp_path: Path) -> None:
    path = a_database()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert "was written by a newer connectord" in said(check_database, here(tmp_path))


def test_database_whose_log_was_left_alone_is_told(tmp_path: Path) -> None:
    state_dir().mkdir(parents=True)
    (state_dir() / f"{STATE_FILE}-wal").write_bytes(b"log")
    assert "is gone and has left its log" in said(check_database, here(tmp_path))


def test_database_what_was_set_aside_is_told(tmp_path: Path) -> None:
    path = a_database()
    path.with_name(f"{STATE_FILE}.aside-20260101T000000Z").write_bytes(b"")
    assert states(check_database, here(tmp_path)) == [State.OK, State.ATTENTION]
