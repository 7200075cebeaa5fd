"""News of what is wrong with the daemon itself."""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path

from connectord.control.news import News, NewsKind, Tone
from connectord.project.shown import shown_path


def tell_defect(root: Path, error: Exception, at: datetime) -> News:
    """A defect of ours met this project: said with its place."""
    what, place = _first_leaf(error), shown_path(root)
    message = f"A defect of connectord stopped its work on {place}: {type(what).__name__}: {what}"
    where = "".join(traceback.format_exception(error))
    return News(at=at, event=NewsKind.DEFECT, message=message, tone=Tone.BAD, project=place, error=where)


def tell_watched_otherwise(why: str, at: datetime) -> News:
    """Changes are not noticed as they should be, or some aren't."""
    return News(at=at, event=NewsKind.TROUBLE, message=why, tone=Tone.ATTENTION)


def tell_watched_again(at: datetime) -> News:
    """That is over."""
    message = "Everything is watched by file events again"
    return News(at=at, event=NewsKind.TROUBLE_OVER, message=message, tone=Tone.GOOD)


def _first_leaf(error: BaseException) -> BaseException:
    """The first error in a group of groups: the one that a person can be told."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
