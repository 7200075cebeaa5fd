"""The daemon's news as lines: readable ones in a terminal, JSON lines elsewhere, both through structlog."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from connectord.cli.output import printable
from connectord.control import News, NewsKind, Tone

Publish = Callable[[News], None]
Write = Callable[[str], None]
"""Takes one line without its newline, and doesn't wait for whoever reads it."""

STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.PLAIN: {},
    Tone.QUIET: {"dim": True},
    Tone.ATTENTION: {"fg": "yellow"},
    Tone.BAD: {"fg": "red"},
}


def json_lines(write: Write) -> Publish:
    """One JSON object a line, as `News` describes it; what isn't known is left out."""
    logger = _logger(write, structlog.processors.JSONRenderer(ensure_ascii=False))

    def publish(news: News) -> None:
        logger.info(**news.model_dump(mode="json", exclude_none=True, exclude={"tone"}))

    return publish


def readable_lines(write: Write) -> Publish:
    """One sentence a line, with the time of day; coloured where stdout is a terminal."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    logger = _logger(write, _in_colour if coloured else _sentence)

    hinted = False

    def publish(news: News) -> None:
        nonlocal hinted
        if news.event is NewsKind.REQUEST_RETRIED:
            return  # for the log: what comes of the tries is said anyway, and offline there are two every other second
        logger.info(news.message, at=news.at, tone=news.tone)
        if news.event is NewsKind.PROJECT_WATCHING and not hinted:
            hinted = True
            logger.info("Save a connector file and it is pushed. Ctrl-C ends.", at=news.at, tone=Tone.QUIET)

    return publish


def silence(news: News) -> None:
    """No line at all."""
    del news


def gap(lines: Callable[[Write], Publish], count: int) -> str:
    """The line, in the form that `lines` gives it, that stands for so many that nobody read in time."""
    message = f"{count} lines are missing here: they could not be written in time. The log has them"
    said: list[str] = []
    at = datetime.now(UTC)
    lines(said.append)(News(at=at, event=NewsKind.STREAM_DROPPED, message=message, tone=Tone.ATTENTION))
    return said[0]


class _Lines:
    """A logger for structlog that hands finished lines on."""

    def __init__(self, write: Write) -> None:
        self.info = write


def _logger(write: Write, renderer: Processor) -> Any:
    return structlog.wrap_logger(_Lines(write), processors=[renderer])


def _sentence(logger: WrappedLogger, method: str, fields: EventDict) -> str:
    del logger, method
    # Words that came over the wire can't steer the terminal.
    return printable(f"{fields['at'].astimezone():%H:%M:%S}  {fields['event']}")


def _in_colour(logger: WrappedLogger, method: str, fields: EventDict) -> str:
    return click.style(_sentence(logger, method, fields), **STYLES[fields["tone"]])
