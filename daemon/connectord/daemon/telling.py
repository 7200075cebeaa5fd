"""The daemon's ways to its person, as the settings ask."""

from __future__ import annotations

from datetime import UTC, datetime

from connectord.control.news import News, NewsKind, Tone
from connectord.control.redaction import redact
from connectord.daemon.surroundings import Surroundings
from connectord.notify import NO_BUS, CombinedNotifier, NoticeLevel, NotifyThrough, Rules, build_notifier


def telling(surroundings: Surroundings, snoozed_until: float) -> CombinedNotifier:
    """All channels together. `snoozed_until` is when notices may be shown again, in seconds since the epoch."""
    settings = surroundings.settings
    ends = datetime.fromtimestamp(snoozed_until, UTC) if snoozed_until else None
    return build_notifier(
        NotifyThrough(settings.notify),
        command=settings.notify_command,
        rules=Rules(NoticeLevel(settings.notify_level), quiet=settings.quiet_hours, snoozed_until=ends),
        clean=redact,
        on_trouble=lambda sentence: _say(surroundings, sentence),
        environ=surroundings.environ,
        now=surroundings.at,
    )


def _say(surroundings: Surroundings, trouble: str) -> None:
    """That there is no desktop is no news where nobody asked for one; `status` says it all the same."""
    settings = surroundings.settings
    asked = settings.notify != NotifyThrough.AUTO.value
    if trouble == NO_BUS and not asked:
        return
    tone = Tone.ATTENTION if asked or settings.notify_command else Tone.QUIET
    surroundings.publish(News(at=surroundings.at(), event=NewsKind.TROUBLE, message=f"Notices: {trouble}", tone=tone))
