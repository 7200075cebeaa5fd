"""The socket's place: what may be replaced, what is left alone, and who gets in."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.fake_daemon import FakeDaemon

from connectord.control.client import Client
from connectord.control.endpoint import SocketUnusable, listening, peer_uid, socket_path
from connectord.control.private import PlaceUnusable, private_directory
from connectord.control.unanswered import ForeignServer, NoDaemon

NOBODY = 65_534

ASK_AS_NOBODY = """
import os, socket, sys
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(b"GET /v1/status HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
while data := connection.recv(4096):
    sys.stdout.buffer.write(data)
"""

LISTEN_AS_NOBODY = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
listener.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); listener.listen()
print("ready", flush=True)
sys.stdin.read()
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def private(runtime: Path) -> Path:
    return private_directory(runtime)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_socket_is_the_users_alone_whatever_the_umask(private: Path) -> None:
    before = os.umask(0)
    try:
        with listening(private):
            assert mode_of(socket_path(private)) == 0o600
            assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_the_socket_is_gone_afterwards(private: Path) -> None:
    with listening(private):
        pass
    assert list(private.iterdir()) == []


def test_a_socket_that_nobody_listens_on_is_replaced(private: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(private)))
    with listening(private) as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path(private)))
        with listener.accept()[0] as accepted:
            assert peer_uid(accepted) == os.geteuid()


def test_a_file_in_its_place_is_named_and_left_alone(private: Path) -> None:
    socket_path(private).write_text("precious")
    with pytest.raises(SocketUnusable, match="in the way"), listening(private):
        pass
    assert socket_path(private).read_text() == "precious"


def test_a_directory_in_its_place_is_named_and_left_alone(private: Path) -> None:
    socket_path(private).mkdir()
    with pytest.raises(SocketUnusable, match="in the way"), listening(private):
        pass
    assert socket_path(private).is_dir()


def test_a_symlink_in_its_place_is_not_followed(private: Path) -> None:
    socket_path(private).symlink_to(private / "elsewhere")
    with pytest.raises(SocketUnusable, match="in the way"), listening(private):
        pass
    assert not (private / "elsewhere").exists()


def test_a_living_socket_of_another_program_is_left_alone(private: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(socket_path(private)))
        other.listen()
        with pytest.raises(SocketUnusable, match="Another program listens"), listening(private):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(socket_path(private)))


def test_a_socket_that_was_put_in_the_place_of_ours_is_not_removed_with_it(private: Path) -> None:
    path = socket_path(private)
    with listening(private):
        path.rename(private / "ours")
        path.write_text("theirs")
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("use", [lambda path: listening(path).__enter__(), Client])
def test_a_path_too_long_for_a_socket_is_said_with_what_to_do(tmp_path: Path, use: type[Client]) -> None:
    long = tmp_path / ("x" * 110)
    with pytest.raises(SocketUnusable, match="too long for a unix socket") as caught:
        use(long)
    assert "CONNECTORD_RUNTIME_DIR" in caught.value.todo[0]


def test_the_longest_path_that_is_accepted_can_be_bound(private: Path) -> None:
    limit = 107 if sys.platform == "linux" else 103
    folder = private / ("x" * (limit - len(os.fsencode(private)) - len("//connectord.sock")))
    with listening(private_directory(folder)):
        assert len(os.fsencode(socket_path(folder))) == limit
    with pytest.raises(SocketUnusable):
        socket_path(folder.with_name(folder.name + "x"))


def test_a_directory_is_made_for_the_user_alone(runtime: Path) -> None:
    assert mode_of(private_directory(runtime / "a" / "b")) == 0o700


def test_a_directory_that_is_ours_but_loose_is_tightened(runtime: Path) -> None:
    runtime.mkdir()
    runtime.chmod(0o777)
    assert mode_of(private_directory(runtime)) == 0o700


def test_our_own_symlink_to_our_own_directory_is_fine(runtime: Path) -> None:
    private_directory(runtime)
    link = runtime / "link"
    link.symlink_to(private_directory(runtime / "real"))
    assert private_directory(link) == link


def test_a_file_in_the_place_of_the_directory_is_said(runtime: Path) -> None:
    runtime.write_text("")
    with pytest.raises(PlaceUnusable, match=str(runtime)):
        private_directory(runtime)


@needs_root
def test_someone_elses_directory_is_refused(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    os.chown(runtime, NOBODY, NOBODY)
    with pytest.raises(PlaceUnusable, match="belongs to another user"):
        private_directory(runtime)
    assert runtime.stat().st_uid == NOBODY


@needs_root
def test_a_symlink_to_someone_elses_directory_is_refused(runtime: Path) -> None:
    target = runtime.with_name("target")
    target.mkdir(mode=0o755)
    os.chown(target, NOBODY, NOBODY)
    runtime.symlink_to(target)
    with pytest.raises(PlaceUnusable, match="belongs to another user"):
        private_directory(runtime)
    assert mode_of(target) == 0o755


@needs_root
def test_someone_elses_symlink_to_our_directory_is_refused(runtime: Path) -> None:
    runtime.symlink_to(private_directory(runtime.with_name("target")))
    os.chown(runtime, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(PlaceUnusable, match="belongs to another user"):
        private_directory(runtime)


@needs_root
def test_another_user_is_refused_even_where_the_permissions_let_him_in(daemon: FakeDaemon) -> None:
    path = socket_path(daemon.runtime)
    daemon.runtime.parent.chmod(0o755)
    daemon.runtime.chmod(0o755)
    path.chmod(0o666)
    asking = [sys.executable, "-c", ASK_AS_NOBODY.format(nobody=NOBODY), str(path)]
    answer = subprocess.run(asking, capture_output=True, check=True, timeout=20).stdout
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"FOREIGN_USER" in answer
    assert b"daemon" in answer
    assert b"projects" not in answer


@needs_root
def test_another_user_is_kept_out_by_the_permissions(daemon: FakeDaemon) -> None:
    daemon.runtime.parent.chmod(0o755)
    asking = [sys.executable, "-c", ASK_AS_NOBODY.format(nobody=NOBODY), str(socket_path(daemon.runtime))]
    ended = subprocess.run(asking, capture_output=True, text=True, check=False, timeout=20)
    assert "PermissionError" in ended.stderr


@needs_root
def test_a_command_tells_nothing_to_a_socket_of_another_user(private: Path) -> None:
    private.parent.chmod(0o777)
    private.chmod(0o777)
    squatting = [sys.executable, "-c", LISTEN_AS_NOBODY.format(nobody=NOBODY), str(socket_path(private))]
    with subprocess.Popen(squatting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(ForeignServer, match="belongs to another user"):
            Client(private).status()


def test_what_stands_in_the_sockets_place_is_no_daemon(private: Path) -> None:
    socket_path(private).write_text("")
    with pytest.raises(NoDaemon):
        Client(private).status()
