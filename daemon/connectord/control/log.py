"""What the daemon writes down: JSON lines in a rotating file that is the user's alone (P13)."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from connectord.control.log_places import KEPT, MAX_BYTES, log_path
from connectord.control.news import News
from connectord.control.private import private_directory
from connectord.control.redaction import redacted

Trouble = Callable[[str | None], None]

_OWNER_ONLY: Final = 0o600


class LogFile:
    """The rotating file. Where it can't be written, `on_trouble` hears of it once, and of the end of it once.

    Lines that could not be written are lost here, and only here: state and history have what matters.
    """

    def __init__(self, state: Path, *, on_trouble: Trouble, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        path = log_path(state)
        private_directory(state)
        private_directory(path.parent)
        self._path = path
        self._on_trouble = on_trouble
        self._troubled = False
        self._file = _PrivateFile(path, maxBytes=max_bytes, backupCount=kept - 1, encoding="utf-8", delay=True)
        self._logger = structlog.wrap_logger(
            _Lines(self._write), processors=[_redact, structlog.processors.JSONRenderer(ensure_ascii=False)]
        )

    def publish(self, news: News) -> None:
        """One line for one news, as `News` describes it; what isn't known is left out."""
        self._logger.info(**news.model_dump(mode="json", exclude_none=True))

    def close(self) -> None:
        """Close the file. Lines that the disk wouldn't take are lost now, and that was told when it happened."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _write(self, line: str) -> None:
        try:
            self._file.emit(logging.makeLogRecord({"msg": line}))
        except OSError as error:
            if not self._troubled:
                self._troubled = True
                self._on_trouble(f"{self._path} can't be written: {error.strerror or error}; log lines are being lost.")
        else:
            if self._troubled:
                self._troubled = False
                self._on_trouble(None)


class _Lines:
    """A logger for structlog that hands finished lines on."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.info = write


class _PrivateFile(RotatingFileHandler):
    """The stdlib's rotation, with files for the user alone, whole lines, and errors that are raised."""

    def _open(self) -> TextIOWrapper:
        place, encoding = self.baseFilename, self.encoding
        return open(place, "a", encoding=encoding, errors="backslashreplace", opener=_private)

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record's line, all of it or nothing. Raises OSError, which the stdlib's would print."""
        if self.shouldRollover(record):
            self.doRollover()
        self.stream = self.stream or self._open()
        # Below the stream's buffer: what a full disk leaves in there would end up in later lines, or raise at the end.
        descriptor, rest = self.stream.fileno(), f"{self.format(record)}\n".encode(errors="backslashreplace")
        before = os.fstat(descriptor).st_size
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, before)
            raise


def _private(name: str, flags: int) -> int:
    descriptor = os.open(name, flags | os.O_NOFOLLOW, _OWNER_ONLY)
    os.fchmod(descriptor, _OWNER_ONLY)
    return descriptor


def _redact(logger: WrappedLogger, method: str, fields: EventDict) -> EventDict:
    del logger, method
    return {key: redacted(value) for key, value in fields.items()}
