"""Whatever a daemon wrote or answered, as bytes; and whatever secret its Base44 ever gave out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.running import RunningDaemon, environment
from tests.support.storm import WITHIN, Storm

from connectord.control.endpoint import socket_path

COMMANDS: Final = (("status",), ("status", "--json"), ("history",), ("history", "--json"), ("logs",))
ROUTES: Final = ("/v1/daemon", "/v1/status", "/v1/history")

Written = dict[str, bytes]
"""Where -> what."""


def secrets_given_out(kept: Path) -> set[str]:
    """The tokens, keys and device codes in the file in which an emulator keeps its world (`--state`)."""
    world = json.loads(kept.read_text())
    return {name for kind in ("access_tokens", "refresh_tokens", "api_keys", "device_logins") for name in world[kind]}


def found_secrets(secrets: set[str], written: Written) -> set[tuple[str, str]]:
    """Where which secret is."""
    return {(where, secret) for secret in secrets for where, text in written.items() if secret.encode() in text}


def written_files(storm: Storm) -> Written:
    """Each file below the state and runtime directories: log, state database, its write-ahead log, lock."""
    files = [file for folder in (storm.state, storm.runtime) for file in folder.rglob("*") if file.is_file()]
    return {file.name: file.read_bytes() for file in files}


def answers(storm: Storm) -> Written:
    """What the commands print, and what the local API sends for each route that answers at once."""
    said = {" ".join(command): _printed(storm, *command) for command in COMMANDS}
    return said | {route: _exchange(storm, route) for route in ROUTES}


def said_by(daemon: RunningDaemon) -> Written:
    """What a daemon that has ended had printed."""
    return {"stdout": json.dumps(daemon.heard).encode(), "stderr": daemon.errors.encode()}


@contextmanager
def news_of(storm: Storm) -> Iterator[bytearray]:
    """The stream of news as it comes from the socket, from entering on until the daemon ends."""
    received = bytearray()
    with socket.socket(socket.AF_UNIX) as connection:
        _ask(storm, connection, "/v1/events")
        received += connection.recv(65536)  # its first bytes say that it has begun
        reader = threading.Thread(target=lambda: received.extend(_rest(connection)), daemon=True)
        reader.start()
        yield received
        reader.join(WITHIN)
        assert not reader.is_alive(), "the stream of news didn't end with its daemon"


def _printed(storm: Storm, *command: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "connectord", *command],
        env=environment(storm.home, **storm.environ),
        capture_output=True,
        timeout=WITHIN,
        check=False,
    )
    return done.stdout + done.stderr


def _exchange(storm: Storm, route: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        _ask(storm, connection, route)
        return _rest(connection)


def _ask(storm: Storm, connection: socket.socket, route: str) -> None:
    connection.settimeout(WITHIN)
    connection.connect(str(socket_path(storm.runtime)))
    connection.sendall(f"GET {route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())


def _rest(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))
