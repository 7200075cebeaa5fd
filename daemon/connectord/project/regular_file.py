"""Reading a small text file of a person's, whatever may stand under its name. Nothing here ever blocks.

A fifo, a device or a socket is not opened at all; a file that is larger than MAX_FILE_BYTES is not read.
"""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import Final

from connectord.project.model import ProblemCode

MAX_FILE_BYTES: Final = 256 * 1024
"""No connector or config file comes near this; a log or a dump that got the wrong name does."""

_CHUNK: Final = 16 * 1024

_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class Unusable(Exception):
    """A file that is there but can't be taken: which kind of problem, and a sentence."""

    def __init__(self, code: ProblemCode, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset


def exists(path: Path) -> bool:
    """Whether anything is there (through symbolic links); no, where one may not look or no such name can be."""
    return os.path.exists(path)  # noqa: PTH110  (Path.exists raises then)


def is_file(path: Path) -> bool:
    """Whether a regular file is there; otherwise as `exists`."""
    return os.path.isfile(path)  # noqa: PTH113  (as above)


def is_folder(path: Path) -> bool:
    """Whether a directory is there; otherwise as `exists`."""
    return os.path.isdir(path)  # noqa: PTH112  (as above)


def is_link(path: Path) -> bool:
    """Whether a symbolic link is there; otherwise as `exists`."""
    return os.path.islink(path)  # noqa: PTH114  (as above)


def read_bytes(path: Path | str, *, dir_fd: int | None = None) -> bytes | None:
    """The content of a regular file (through symbolic links), or None if there is nothing of that name.

    A dangling link is something: it raises Unusable like everything else that can't be read.
    """
    try:
        status = os.stat(path, dir_fd=dir_fd)
        if not stat.S_ISREG(status.st_mode):
            raise Unusable(ProblemCode.NOT_A_FILE, f"this is {_kind(status.st_mode)}, not a file")
        return _read(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=dir_fd), status.st_size)
    except FileNotFoundError as error:
        target = _link_target(path, dir_fd)
        if target is None:
            return None
        message = f"this is a symbolic link to {target}, and there is nothing there"
        raise Unusable(ProblemCode.UNREADABLE, message) from error
    except OSError as error:
        raise Unusable(ProblemCode.UNREADABLE, f"can't be read: {error.strerror or error}") from error


def decode(content: bytes) -> str:
    """The text of a file, without a byte order mark. Raises Unusable with the offset of the first stray byte."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Unusable(ProblemCode.ENCODING, "this is UTF-16; save it as UTF-8", 0) from error
        if error.end == len(error.object) and error.reason == "unexpected end of data":  # perhaps half of a save
            message = "the file ends in the middle of a character"
            raise Unusable(ProblemCode.SYNTAX, message, len(readable_part(content)) - 1) from error
        stray = error.object[error.start]  # error.object begins behind the byte order mark
        offset = len(error.object[: error.start].decode("utf-8"))
        message = f"not UTF-8: the byte 0x{stray:02x} can't stand here"
        raise Unusable(ProblemCode.ENCODING, message, offset) from error


def readable_part(content: bytes) -> str:
    """As much of a text as can be shown, for working out lines and columns."""
    return content.decode("utf-8-sig", "replace")


def _read(descriptor: int, size: int) -> bytes:
    # Half the time of a file object, which counts with tens of thousands of small files at a start. So does the last
    # read, which would only say that this was all: a file that has grown meanwhile gives more than `size` at once.
    content = b""
    try:
        while len(content) <= MAX_FILE_BYTES and (more := os.read(descriptor, _CHUNK)):
            content += more
            if len(content) == size:
                break
    finally:
        os.close(descriptor)
    if len(content) > MAX_FILE_BYTES:
        raise Unusable(ProblemCode.TOO_LARGE, f"larger than {MAX_FILE_BYTES // 1024} KiB, so it was not read")
    return content


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")


def _link_target(path: Path | str, dir_fd: int | None) -> str | None:
    try:
        target = os.readlink(path, dir_fd=dir_fd)
    except OSError:  # not a link, or gone: either way there is nothing of that name
        return None
    return os.fsencode(target).decode("utf-8", "backslashreplace")
