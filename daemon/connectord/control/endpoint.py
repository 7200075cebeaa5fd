"""The socket's place in the file system: who may bind it, what it may replace, and who is at the other end."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connectord.errors import ConnectordError

SOCKET_NAME: Final = "connectord.sock"

_PATH_LIMIT: Final = 108 if sys.platform == "linux" else 104
"""Bytes in sockaddr_un's sun_path, with the zero at its end (unix(7), macOS' sys/un.h)."""

_PROBE_SECONDS: Final = 1.0


class SocketUnusable(ConnectordError):
    """The daemon can't listen where its socket belongs."""

    code = "SOCKET_UNUSABLE"


def socket_path(directory: Path) -> Path:
    """The socket's path in the runtime directory. Raises SocketUnusable where it is too long for a socket."""
    path = directory / SOCKET_NAME
    length = len(os.fsencode(path))
    if length >= _PATH_LIMIT:
        raise SocketUnusable(
            f"{path} is too long for a unix socket: {length} bytes, and the system allows {_PATH_LIMIT - 1}.",
            todo=("Set CONNECTORD_RUNTIME_DIR to a folder with a short path, like /run/user/1000/connectord.",),
        )
    return path


@contextmanager
def listening(directory: Path) -> Iterator[socket.socket]:
    """A listening socket that only this user can reach. The caller holds the daemon's lock for as long.

    A socket file that nobody listens on is left over from a daemon that died, and replaced. Anything else at its
    path is left alone. Raises SocketUnusable.
    """
    path = socket_path(directory)
    _make_room(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        identity = _bind(listener, path)
        try:
            yield listener
        finally:
            _remove_own(path, identity)
    finally:
        listener.close()


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end of a unix socket, as the kernel knows it."""
    if sys.platform == "linux":
        # struct ucred of unix(7): pid, uid, gid.
        uid = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
    else:
        # struct xucred of macOS' sys/ucred.h begins with a version and the uid. SOL_LOCAL is 0, LOCAL_PEERCRED is 1.
        uid = struct.unpack("II", connection.getsockopt(0, 1, 8))[1]
    return int(uid)


def _bind(listener: socket.socket, path: Path) -> tuple[int, int]:
    # The file gets its mode at bind, so there is no moment in which others could connect. The umask is the whole
    # process's: this runs before there are threads or tasks that make files.
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise SocketUnusable(f"Can't listen at {path}: {error.strerror or error}.") from error
    finally:
        os.umask(before)
    listener.listen()
    made = path.lstat()
    return made.st_dev, made.st_ino


def _make_room(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketUnusable(f"Can't look at {path}: {error.strerror or error}.") from error
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketUnusable(
            f"{path} is in the way: the daemon's socket belongs there, and this is something else.",
            todo=("Look at what it is, and move it away.",),
        )
    if _answers(path):
        raise SocketUnusable(
            f"Another program listens at {path}, although it doesn't hold the daemon's lock. It is left alone.",
            todo=(f"Find it with: fuser {path}", "End it, or set CONNECTORD_RUNTIME_DIR to another folder."),
        )
    path.unlink()


def _answers(path: Path) -> bool:
    """Whether somebody listens. A listener that is too busy to accept is one too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _remove_own(path: Path, identity: tuple[int, int]) -> None:
    """Remove our socket file, unless someone has put another one there."""
    try:
        found = path.lstat()
    except OSError:
        return
    if (found.st_dev, found.st_ino) == identity:
        path.unlink(missing_ok=True)
