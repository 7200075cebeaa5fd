"""When a person may be disturbed, and with what. Pure: the time is handed in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from connectord.notify.notice import Notice, Urgency

_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})\s*[-\N{EN DASH}]\s*(\d{1,2}):(\d{2})")
_DAY: Final = timedelta(days=1)


class NoticeLevel(StrEnum):
    """What is shown at all. Log and status carry everything at every level."""

    ALL = "all"  # also what needs nobody, such as a consent that arrived
    ATTENTION = "attention"  # what needs a person
    NONE = "none"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of the day, each day, in local time. Through midnight where the end comes before the start.

    Each night is a span between two instants, taken from the wall clock of its own day: when clocks are put forward or
    back within it, it begins and ends once. `zone` None is the machine's own zone, as it is at that time.
    """

    start: time
    end: time
    zone: tzinfo | None = None

    def until(self, at: datetime) -> datetime | None:
        """When the quiet that holds `at` ends (aware, UTC); None where it isn't quiet."""
        today = at.astimezone(self.zone).date()
        for day in (today - _DAY, today):
            begins = self._instant(datetime.combine(day, self.start))
            ends = self._instant(datetime.combine(day if self.start < self.end else day + _DAY, self.end))
            if begins <= at < ends:
                return ends
        return None

    def _instant(self, wall: datetime) -> datetime:
        local = wall.astimezone() if self.zone is None else wall.replace(tzinfo=self.zone)
        return local.astimezone(UTC)


def quiet_hours(text: str, zone: tzinfo | None = None) -> QuietHours:
    """The quiet hours in `22:00-07:00`. Raises ValueError with a sentence."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is no span of hours; write it as "22:00-07:00"')
    try:
        start, end = (time(int(hour), int(minute)) for hour, minute in (found.group(1, 2), found.group(3, 4)))
    except ValueError as error:
        raise ValueError(f'"{text}" names a time that no day has; write it as "22:00-07:00"') from error
    if start == end:
        raise ValueError(f'"{text}" begins and ends at the same time; for no notices at all set the level to "none"')
    return QuietHours(start, end, zone)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person asked for. `snoozed_until` is aware; once it has passed it counts for nothing."""

    level: NoticeLevel = NoticeLevel.ATTENTION
    quiet: QuietHours | None = None
    snoozed_until: datetime | None = None

    def wants(self, notice: Notice) -> bool:
        """Whether it is shown at this level."""
        match self.level:
            case NoticeLevel.ALL:
                return True
            case NoticeLevel.ATTENTION:
                return notice.urgency >= Urgency.ATTENTION
            case NoticeLevel.NONE:
                return False

    def quiet_until(self, at: datetime) -> datetime | None:
        """Until when nothing may be shown, None for now. A snooze that ends in quiet hours lasts as long as they do."""
        snoozed = self.snoozed_until is not None and at < self.snoozed_until
        ends = self.snoozed_until if snoozed else None
        by_the_hour = self.quiet.until(ends or at) if self.quiet else None
        return by_the_hour or ends


def digest(notices: Iterable[Notice], subject: str) -> Notice:
    """Several notices as one, most urgent first. It has buttons only where all have the same, else none is clear."""
    ordered = sorted(notices, key=lambda notice: -notice.urgency)
    first = ordered[0]
    if len(ordered) == 1:
        return first
    projects = {notice.place: notice.project for notice in ordered if notice.project}
    where = f" ({next(iter(projects.values()))})" if len(projects) == 1 else ""
    return replace(
        first,
        subject=subject,
        title=f"{len(ordered)} notices from connectord{where}",
        body="\n".join(f"• {notice.title}" for notice in ordered),
        links=tuple(link for notice in ordered for link in notice.links),
        buttons=first.buttons if len({notice.buttons for notice in ordered}) == 1 else (),
    )
