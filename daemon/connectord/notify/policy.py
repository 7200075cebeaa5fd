"""When a person may be disturbed, and with what. Pure: the time is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connectord.notify.notice import Notice, Urgency
from connectord.quiet_hours import QuietHours


class NoticeLevel(StrEnum):
    """What is shown at all. Log and status carry everything at every level."""

    ALL = "all"  # also what needs nobody, such as a consent that arrived
    ATTENTION = "attention"  # what needs a person
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person asked for. `levels` are those of single projects, by place, where they differ from `level`.

    `snoozed_until` is aware; once it has passed it counts for nothing.
    """

    level: NoticeLevel = NoticeLevel.ATTENTION
    levels: Mapping[str, NoticeLevel] = field(default_factory=dict)
    quiet: QuietHours | None = None
    snoozed_until: datetime | None = None

    def wants(self, notice: Notice) -> bool:
        """Whether it is shown at the level of its project."""
        match self.levels.get(notice.place, self.level):
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
