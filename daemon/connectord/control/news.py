"""What the daemon tells the outside: one flat, versioned model, the same for JSON lines and for people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1


class NewsKind(StrEnum):
    """The kinds of news, stable names for programs."""

    DAEMON_STARTED = "daemon.started"
    DAEMON_STOPPING = "daemon.stopping"
    PROJECT_WATCHING = "project.watching"
    PROJECT_UNUSABLE = "project.unusable"
    PROJECT_USABLE = "project.usable"
    FILE_INVALID = "file.invalid"
    FILE_WARNING = "file.warning"
    FILE_MENDED = "file.mended"
    PUSH_STARTED = "push.started"
    PUSH_FINISHED = "push.finished"
    CONNECTOR_OUTCOME = "connector.outcome"
    REMOVAL_COMING = "removal.coming"
    HOLD_BEGAN = "hold.began"
    HOLD_CHANGED = "hold.changed"
    HOLD_APPROVED = "hold.approved"
    HOLD_VOID = "hold.void"
    HOLD_ENDED = "hold.ended"
    FORGOTTEN = "connector.forgotten"
    RESTORED = "files.restored"
    RETRY_SCHEDULED = "retry.scheduled"
    AUTHORIZATION_OPENED = "authorization.opened"
    AUTHORIZATION_ENDED = "authorization.ended"
    LINK_OPENED = "link.opened"
    LINK_NOT_OPENED = "link.not-opened"
    STRIPE_CLAIMED = "stripe.claimed"
    DRIFT = "connector.drift"
    UNTRACKED = "connector.untracked"
    CONSENT_LOST = "connector.consent-lost"
    DEFECT = "daemon.defect"
    RECONCILE_FAILED = "reconcile.failed"
    NOTICE = "notice"
    SNOOZED = "notices.snoozed"
    ANSWER_FAILED = "notice.answer-failed"
    TROUBLE = "daemon.trouble"
    TROUBLE_OVER = "daemon.trouble-over"
    REQUEST_RETRIED = "request.retried"
    REQUEST_PACED = "request.paced"
    CREDENTIALS_UNUSABLE = "credentials.unusable"
    CREDENTIALS_LENT = "credentials.lent"
    STREAM_DROPPED = "stream.dropped"


class Tone(StrEnum):
    """How a line feels, for its colour."""

    GOOD = "good"
    PLAIN = "plain"
    QUIET = "quiet"
    ATTENTION = "attention"
    BAD = "bad"


class News(BaseModel):
    """One thing that happened. `message` says all of it in a sentence; the other fields say it to programs."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    v: int = SCHEMA_VERSION
    at: datetime
    event: NewsKind
    message: str
    tone: Tone = Tone.PLAIN
    project: str | None = None
    app_id: str | None = None
    job: str | None = None
    trigger: str | None = None
    types: tuple[str, ...] | None = None
    type: str | None = None
    result: str | None = None
    error: str | None = None
    code: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    url: str | None = None
    claim_url: str | None = None
    missing_scopes: tuple[str, ...] | None = None
    user_email: str | None = None
    seconds: float | None = None
