"""The daemon's news as lines: readable ones in a terminal, JSON lines elsewhere, both through structlog."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from connectord.cli.output import printable
from connectord.control import News, NewsKind, Tone

Publish = Callable[[News], None]

STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.PLAIN: {},
    Tone.QUIET: {"dim": True},
    Tone.ATTENTION: {"fg": "yellow"},
    Tone.BAD: {"fg": "red"},
}


def json_lines() -> Publish:
    """One JSON object a line, on stdout, as `News` describes it; what isn't known is left out."""
    logger = _logger(structlog.processors.JSONRenderer(ensure_ascii=False))

    def publish(news: News) -> None:
        logger.info(**news.model_dump(mode="json", exclude_none=True, exclude={"tone"}))

    return publish


def readable_lines() -> Publish:
    """One sentence a line, with the time of day, on stdout."""
    logger = _logger(_sentence)

    def publish(news: News) -> None:
        if news.event is NewsKind.REQUEST_RETRIED:
            return  # for the log: what comes of the tries is said anyway, and offline there are two every other second
        logger.info(news.message, at=news.at, tone=news.tone)
        if news.event is NewsKind.PROJECT_WATCHING:
            logger.info("Save a connector file and it is pushed. Ctrl-C ends.", at=news.at, tone=Tone.QUIET)

    return publish


def silence(news: News) -> None:
    """No line at all."""
    del news


def _logger(renderer: Processor) -> Any:
    return structlog.wrap_logger(structlog.PrintLogger(sys.stdout), processors=[renderer])


def _sentence(logger: WrappedLogger, method: str, fields: EventDict) -> str:
    del logger, method
    # Words that came over the wire can't steer the terminal.
    line = printable(f"{fields['at'].astimezone():%H:%M:%S}  {fields['event']}")
    return click.style(line, **STYLES[fields["tone"]]) if sys.stdout.isatty() else line
