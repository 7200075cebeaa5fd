"""Where the news of `connectord run` go: to lines on stdout and to the log. Neither ever blocks or ends the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from connectord.cli.line_writer import LineWriter
from connectord.cli.lines import Publish, Write, gap, silence
from connectord.control import News, NewsKind, Tone
from connectord.control.log import LogFile

Lines = Callable[[Write], Publish]


class Telling:
    """Lines in this form (none at all without one) and the log below `state`. To be entered on the event loop.

    `on_log_trouble` hears why the log can't be written, and None once it can be again.
    """

    def __init__(self, lines: Lines | None, state: Path) -> None:
        self.on_log_trouble: Callable[[str | None], None] = lambda _: None
        self._log = LogFile(state, on_trouble=self._log_trouble)
        self._lines = lines
        self._say: Publish = silence
        self._writer: LineWriter | None = None

    def __enter__(self) -> Self:
        if self._lines is not None:
            self._loop = asyncio.get_running_loop()
            self._writer = LineWriter(sys.stdout.fileno(), gap=partial(gap, self._lines), on_trouble=self._hear)
            self._say = self._lines(self._writer.write)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        self._log.close()

    def publish(self, news: News) -> None:
        """Say it and write it down."""
        self._say(news)
        self._log.publish(news)

    def _log_trouble(self, why: str | None) -> None:
        self.on_log_trouble(why)

    def _hear(self, why: str) -> None:
        """In the writer's thread: the log belongs to the loop."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the log with it
            self._loop.call_soon_threadsafe(lambda: self._lines_are_lost(why))

    def _lines_are_lost(self, why: str) -> None:
        """For the log alone: whoever would read it on stdout doesn't."""
        self._log.publish(News(at=datetime.now(UTC), event=NewsKind.TROUBLE, message=why, tone=Tone.ATTENTION))
