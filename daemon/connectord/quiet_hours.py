"""Quiet hours: a span of each day in which nobody is disturbed. Pure; the time is handed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})\s*[-\N{EN DASH}]\s*(\d{1,2}):(\d{2})")
_DAY: Final = timedelta(days=1)


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
        raise ValueError(f'"{text}" begins and ends at the same time; for no notices at all: notify_level = "none"')
    return QuietHours(start, end, zone)
