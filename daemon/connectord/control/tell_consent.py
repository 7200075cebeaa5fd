"""What is said of consents: that a link is open, was opened or couldn't be, and what came of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from connectord.authorize import Authorization, AuthorizationState
from connectord.control.granted import added
from connectord.control.news import News, NewsKind, Tone
from connectord.control.project_news import news_of
from connectord.errors import ConnectordError
from connectord.project.model import STRIPE, Project
from connectord.project.shown import shown_path
from connectord.sync.events import LateConsent
from connectord.sync.outcome import Result

AUTHORIZATION_WORDS = {
    AuthorizationState.AUTHORIZED: ("Added", Tone.GOOD),
    AuthorizationState.FAILED: ("authorization failed: the consent was refused, or its link has expired", Tone.BAD),
    AuthorizationState.TIMED_OUT: ("authorization timed out; the connector still needs it", Tone.ATTENTION),
    AuthorizationState.SKIPPED: ("authorization skipped", Tone.ATTENTION),
    AuthorizationState.SUPERSEDED: ("the open authorization link is no longer needed", Tone.QUIET),
}


def tell_opened(project: Project, authorization: Authorization, at: datetime) -> News:
    """An authorization link is being watched."""
    message = f"{authorization.type}: waiting for authorization"
    kind = NewsKind.AUTHORIZATION_OPENED
    return news_of(project, at, kind, message, Tone.QUIET, type=authorization.type, url=authorization.url)


def tell_link(project: Project, authorization: Authorization, objection: str | None, at: datetime) -> News:
    """A link was opened in the browser, or (with an objection) is the person's to open."""
    kind, tone = NewsKind.LINK_OPENED, Tone.PLAIN
    message = f"{authorization.type}: opened its authorization in the browser"
    if objection is not None:
        kind, tone = NewsKind.LINK_NOT_OPENED, Tone.ATTENTION
        message = f"{authorization.type}: open this link to authorize it: {authorization.url} (not opened: {objection})"
    return news_of(project, at, kind, message, tone, type=authorization.type, url=authorization.url, error=objection)


def tell_no_link(root: Path, connector_type: str, error: ConnectordError | None, at: datetime) -> News:
    """There is no link that a person could open: nothing to consent to, or an error."""
    tone, message = Tone.GOOD, f"{connector_type}: there is nothing to authorize"
    what, code = None, None
    if error is not None:
        what, code = error.what, error.code
        tone, message = Tone.BAD, " ".join((f"{connector_type}: no authorization link: {what}", *error.todo))
    return News(
        at=at,
        event=NewsKind.LINK_NOT_OPENED,
        message=message,
        tone=tone,
        project=shown_path(root),
        type=connector_type,
        error=what,
        code=code,
    )


def tell_ended(project: Project, authorization: Authorization, at: datetime) -> News:
    """An authorization has ended. Scopes that were asked for and not granted are said (defect 10)."""
    words, tone = AUTHORIZATION_WORDS[authorization.state]
    missing = authorization.missing_scopes
    if missing:
        words, tone = added(missing, len(authorization.scopes)), Tone.ATTENTION
    is_added = authorization.state is AuthorizationState.AUTHORIZED
    return news_of(
        project,
        at,
        NewsKind.AUTHORIZATION_ENDED,
        f"{authorization.type}: {words}",
        tone,
        type=authorization.type,
        result=Result.ADDED.value if is_added else authorization.state.value,
        url=authorization.url or None,
        missing_scopes=missing or None,
        user_email=authorization.user_email,
    )


def tell_late_consent(project: Project, consent: LateConsent, at: datetime) -> News:
    """A consent came while nobody was polling for it."""
    missing = consent.missing_scopes
    return news_of(
        project,
        at,
        NewsKind.AUTHORIZATION_ENDED,
        f"{consent.type}: {added(missing, consent.requested)}",
        Tone.ATTENTION if missing else Tone.GOOD,
        type=consent.type,
        result=Result.ADDED.value,
        missing_scopes=missing or None,
        user_email=consent.user_email,
    )


def tell_claimed(project: Project, at: datetime) -> News:
    """Somebody has claimed the Stripe sandbox."""
    return news_of(project, at, NewsKind.STRIPE_CLAIMED, f"{STRIPE}: the sandbox is claimed", Tone.GOOD, type=STRIPE)
