"""Writing and removing a connector file so that a reader sees the old text or the new one, never a part of it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from connectord.project.errors import FileNotWritten

_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""How a file system says that it knows no hard links (FAT, exFAT, some network and cloud disks): link(2)."""

_NEW_FILE_MODE: Final = 0o666  # less the umask, as for any file that a person makes


def write_text(file: Path, text: str) -> None:
    """Put `text` into `file` at once: through a hidden file beside it (no reader lists those) and a rename.

    An existing file keeps its permissions; a symbolic link stays one, and its target is what is written. The
    folder must be there. Line ends are written as they are. Raises FileNotWritten; the old content is then whole.
    """
    try:
        target = file.resolve(strict=True) if file.is_symlink() else file
        _replace(target, text.encode("utf-8"))
    except OSError as error:
        raise FileNotWritten(file, "written", error) from error


def create_text(file: Path, text: str) -> None:
    """Make a new file that says `text`, at once, with its folder if that is missing.

    Raises FileNotWritten, also where something is there already: nothing is ever written over (P6).
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = _written_beside(file, text.encode("utf-8", "surrogatepass"))
        try:
            _link(beside, file)
        finally:
            beside.unlink()
    except OSError as error:
        raise FileNotWritten(file, "written", error) from error
    _sync_folder(file.parent)


def delete_file(file: Path) -> None:
    """Remove a file (a symbolic link, not its target). One that is gone already is fine. Raises FileNotWritten."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise FileNotWritten(file, "removed", error) from error


def _link(beside: Path, file: Path) -> None:
    """Give what is whole its name. Unlike a rename it fails where a file is there."""
    try:
        os.link(beside, file)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(beside, file)


def _copy(beside: Path, file: Path) -> None:
    with file.open("xb") as stream:
        try:
            stream.write(beside.read_bytes())
            stream.flush()
        except BaseException:  # half of it would look like a save
            file.unlink()
            raise


def _replace(target: Path, content: bytes) -> None:
    beside = _written_beside(target, content)
    try:
        beside.replace(target)
    except BaseException:  # a Ctrl-C too must leave no hidden file behind
        with suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _written_beside(target: Path, content: bytes) -> Path:
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _NEW_FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            _keep_mode(target, file.fileno())
            os.fsync(file.fileno())
    except BaseException:  # a Ctrl-C too must leave no hidden file behind
        with suppress(OSError):
            beside.unlink()
        raise
    return beside


def _keep_mode(target: Path, descriptor: int) -> None:
    with suppress(FileNotFoundError):  # a new file has its mode from the umask
        os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power cut, where the file system can: some refuse to sync a folder."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
