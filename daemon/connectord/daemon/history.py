"""Which news are kept in the history: what happened to a project, not how it was done."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connectord.control import News, NewsKind
from connectord.store import HistoryRow

KEPT: Final = frozenset(
    {
        NewsKind.DAEMON_STARTED,
        NewsKind.DAEMON_STOPPING,
        NewsKind.PROJECT_UNUSABLE,
        NewsKind.PROJECT_USABLE,
        NewsKind.FILE_INVALID,
        NewsKind.FILE_MENDED,
        NewsKind.REMOVAL_COMING,
        NewsKind.HOLD_BEGAN,
        NewsKind.HOLD_CHANGED,
        NewsKind.HOLD_APPROVED,
        NewsKind.HOLD_VOID,
        NewsKind.HOLD_ENDED,
        NewsKind.FORGOTTEN,
        NewsKind.RESTORED,
        NewsKind.DRIFT,
        NewsKind.UNTRACKED,
        NewsKind.CONSENT_LOST,
        NewsKind.STRIPE_CLAIMED,
        NewsKind.DEFECT,
        NewsKind.CREDENTIALS_UNUSABLE,
    }
)
"""Outcomes and ends of authorizations are not among them: they are recorded together with what they change."""


def kept(news: News, root: Path | None, at: float) -> HistoryRow | None:
    """The row of a news of the project in `root` that is kept, at `at` seconds since the epoch; None for the others."""
    if news.event not in KEPT:
        return None
    return HistoryRow(
        None,
        at,
        root,
        news.event.value,
        news.message,
        job=news.job,
        type=news.type,
        result=news.result,
        error=news.error,
    )
