"""Ends of different versions, and programs that aren't connectord at all, behind the daemon's socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectord.control.client import Client
from connectord.control.endpoint import listening
from connectord.control.lock import daemon_lock
from connectord.control.unanswered import DaemonGone, ForeignServer, ProtocolMismatch

OLDER = b"HTTP/1.1 404 Not Found\r\nConnectord-Protocol: 0\r\nConnectord-Version: 0.0.9\r\nContent-Length: 0\r\n\r\n"
NEWER = b"HTTP/1.1 404 Not Found\r\nConnectord-Protocol: 7\r\nConnectord-Version: 9.0.0\r\nContent-Length: 0\r\n\r\n"
OURS = b"HTTP/1.1 %s\r\nConnectord-Protocol: 1\r\nContent-Length: 4\r\n\r\n"


@contextmanager
def answering(runtime: Path, reply: bytes) -> Iterator[Client]:
    """A server that reads one request, answers with these bytes and closes."""
    with daemon_lock(runtime), listening(runtime) as listener:
        thread = threading.Thread(target=_answer, args=(listener, reply))
        thread.start()
        yield Client(runtime)
        thread.join()


def _answer(listener: socket.socket, reply: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(reply)


def test_an_older_daemon_is_to_be_restarted(runtime: Path) -> None:
    with answering(runtime, OLDER) as client, pytest.raises(ProtocolMismatch) as caught:
        client.status()
    assert "connectord 0.0.9 (protocol 0)" in caught.value.what
    assert "The daemon is the older one" in caught.value.todo[0]


def test_an_older_command_is_to_be_updated(runtime: Path) -> None:
    with answering(runtime, NEWER) as client, pytest.raises(ProtocolMismatch) as caught:
        client.status()
    assert "This command is the older one" in caught.value.todo[0]


@pytest.mark.parametrize(
    "reply",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", OURS % b"200 OK" + b"null", OURS % b"500 Oops" + b"<p/>"],
)
def test_another_program_behind_the_socket_is_said_to_be_one(runtime: Path, reply: bytes) -> None:
    with answering(runtime, reply) as client, pytest.raises(ForeignServer, match="isn't this user's connectord"):
        client.status()


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-OpenSSH\r\n", OURS % b"200 OK" + b"{"])
def test_an_answer_that_breaks_off_is_a_daemon_that_went_away(runtime: Path, reply: bytes) -> None:
    with answering(runtime, reply) as client, pytest.raises(DaemonGone):
        client.status()
