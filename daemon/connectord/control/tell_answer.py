"""What is said of a person's words about notices, where the thing itself doesn't say it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from connectord.control.news import News, NewsKind, Tone
from connectord.errors import ConnectordError
from connectord.notify import Action
from connectord.project.model import STRIPE
from connectord.project.shown import shown_path


def tell_answer_failed(root: Path, action: Action, error: ConnectordError, at: datetime) -> News:
    """What a button asked for couldn't be done."""
    return News(
        at=at,
        event=NewsKind.ANSWER_FAILED,
        message=" ".join((f"{action.label}: {error.what}", *error.todo)),
        tone=Tone.BAD,
        project=shown_path(root),
        error=error.what,
        code=error.code,
    )


def tell_snoozed(until: datetime | None, at: datetime) -> News:
    """Notices wait until then, or are shown again."""
    message = "Notices are shown again" if until is None else f"No notices until {until.astimezone():%Y-%m-%d %H:%M}"
    return News(at=at, event=NewsKind.SNOOZED, message=message)


def tell_claim(root: Path, url: str, objection: str | None, at: datetime) -> News:
    """The claim link was opened in the browser, or (with an objection) is the person's to open."""
    kind, tone, message = NewsKind.LINK_OPENED, Tone.PLAIN, "stripe: opened its claim link in the browser"
    if objection is not None:
        kind, tone = NewsKind.LINK_NOT_OPENED, Tone.ATTENTION
        message = f"stripe: open this link to claim the sandbox: {url} (not opened: {objection})"
    return News(
        at=at,
        event=kind,
        message=message,
        tone=tone,
        project=shown_path(root),
        type=STRIPE,
        url=url,
        error=objection,
    )
