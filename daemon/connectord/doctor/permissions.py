"""Whether what is this user's alone is closed to others: state, socket, settings and credentials (P13)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Final

from connectord.base44.auth_file import AuthFile
from connectord.control.endpoint import SOCKET_NAME, socket_path
from connectord.control.lock_file import LOCK_NAME
from connectord.control.log_places import log_path
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.errors import ConnectordError
from connectord.places import RUNTIME_VARIABLE, STATE_VARIABLE, runtime_dir
from connectord.settings import settings_path
from connectord.store import STATE_FILE

_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def check_permissions(around: Around) -> Iterator[Finding]:
    """Owners and modes of everything that connectord keeps; what isn't there yet is made as it should be."""
    findings = [*_runtime(), *_state(around.state), *_shared(AuthFile(around.home).path), *_settings(settings_path())]
    yield from findings
    if not findings:
        yield ok("state, socket, settings and credentials are this user's alone")


def _runtime() -> Iterator[Finding]:
    """The runtime directory: can a socket be there at all, and who could reach it?"""
    try:
        place = runtime_dir()
        socket_path(place)
    except ConnectordError as error:
        yield broken(error.what, *error.todo)
        return
    yield from _private_folder(place, RUNTIME_VARIABLE)
    yield from _private(place / LOCK_NAME)
    yield from _private(place / SOCKET_NAME)


def _state(state: Path) -> Iterator[Finding]:
    yield from _private_folder(state, STATE_VARIABLE)
    yield from _private(state / STATE_FILE)
    yield from _private_folder(log_path(state).parent, STATE_VARIABLE)
    yield from _private(log_path(state))


def _private_folder(folder: Path, variable: str) -> Iterator[Finding]:
    found = _lstat(folder)
    if found is not None and stat.S_ISLNK(found.st_mode) and found.st_uid == os.geteuid():
        found = _lstat(Path(os.path.realpath(folder)))
    if found is None:
        yield from _can_be_made(folder, variable)
    elif not stat.S_ISDIR(found.st_mode):
        yield broken(f"{folder} is in the way: connectord keeps a folder there", "Move it away.")
    elif found.st_uid != os.geteuid():
        fix = f"Move it out of the way, or set {variable} to a folder of your own."
        yield broken(f"{folder} belongs to another user (uid {found.st_uid})", fix)
    elif found.st_mode & _OTHERS:
        yield attention(
            f"{folder} is open to others ({_mode(found)}); the daemon closes it at its next start",
            f"Or close it now: chmod 700 {quote(str(folder))}",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield broken(f"{folder} can't be written to ({_mode(found)})", f"chmod 700 {quote(str(folder))}")


def _can_be_made(folder: Path, variable: str) -> Iterator[Finding]:
    above = next(one for one in folder.parents if one.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        yield broken(
            f"{folder} isn't there, and can't be made in {above}",
            f"Make it yourself, or set {variable} to a folder of your own.",
        )


def _private(file: Path) -> Iterator[Finding]:
    """A file of the daemon's own."""
    found = _lstat(file)
    if found is None:
        return
    if found.st_uid != os.geteuid():
        yield broken(f"{file} belongs to another user (uid {found.st_uid})", "Move it away, or give it to this user.")
    elif found.st_mode & _OTHERS and _others_reach(file):
        yield broken(f"{file} is open to others ({_mode(found)})", f"chmod 600 {quote(str(file))}")


def _shared(credentials: Path) -> Iterator[Finding]:
    """The login, which the CLI writes as well, without closing it."""
    found = _stat(credentials)
    if found is None:
        return
    if found.st_uid != os.geteuid():
        yield broken(
            f"{credentials} belongs to another user (uid {found.st_uid}), so a renewed login can't be kept",
            f"Give it to this user: sudo chown {os.geteuid()} {quote(str(credentials))}",
        )
    elif found.st_mode & _OTHERS_READ and _others_reach(credentials):
        yield attention(
            f"{credentials} can be read by others ({_mode(found)}), and whoever reads it is signed in as you",
            f"chmod 600 {quote(str(credentials))}",
        )


def _settings(config: Path) -> Iterator[Finding]:
    found = _stat(config)
    if found is not None and found.st_mode & _OTHERS_WRITE and _others_reach(config):
        yield attention(
            f"{config} can be written by others ({_mode(found)}), who could have more removed than you want",
            f"chmod 600 {quote(str(config))}",
        )


def _others_reach(file: Path) -> bool:
    """Whether others may enter every folder on the way to it."""
    folders = Path(os.path.realpath(file)).parents
    return all(found.st_mode & (stat.S_IXGRP | stat.S_IXOTH) for folder in folders if (found := _stat(folder)))


def _mode(found: os.stat_result) -> str:
    return f"mode {stat.S_IMODE(found.st_mode):o}"


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
