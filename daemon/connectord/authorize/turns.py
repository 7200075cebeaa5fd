"""Who is asked what next: open links share the documented limits of one caller. Pure: times in, turns out.

one or two links     each by `status`, every interval
more of them         the one opened last as before; `status` goes around the others in between, `list` tells of all
                     links of an app at once
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connectord.base44.pace import PER_WINDOW, WINDOW
from connectord.base44.request import Limited

NEVER: Final = -math.inf

FEW: Final = 2
"""So many links can be polled one by one within the limit."""

STATUS_PART: Final = 6 / 7
"""Ours of the limit of `status`: 60 of 70 a minute, what two links need. The rest is for another process's few polls,
and for the seconds in which a restarted daemon doesn't know yet what it sent before."""

LIST_PART: Final = 2 / 3
"""Ours of the limit of `list`: 40 of 60 a minute. 20 remain: ten for the fresh look before each of the ten removals
that a minute allows, and ten for reconciling, which is fifty projects in their five minutes."""

AT_ONCE: Final = 4
"""Requests of a kind under way, beside the newest link's: more would only queue up before somebody else's."""

ROOM_FOR_NEWEST: Final = 0.75
"""Of a gap: nobody takes a turn so shortly before the newest link's own."""

LONGEST_AGE: Final = 600.0
"""Seconds; a link that was never asked for is so old."""


class Ask(StrEnum):
    """The two ways of asking whether somebody has consented."""

    STATUS = "status"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often is asked, in seconds: one link every `interval`, any two requests of a kind with a gap between them.

    Even gaps instead of bursts up to the limit: so a process that is started anew every ten seconds keeps to it too.
    """

    interval: float
    status_gap: float = 0.0
    list_gap: float = 0.0

    @classmethod
    def within(cls, limits: Mapping[Limited, int], interval: float) -> Rate:
        """Our part of these limits (per minute); a kind without one has no gap."""
        return cls(interval, _gap(limits.get(Limited.POLL), STATUS_PART), _gap(limits.get(Limited.LIST), LIST_PART))


@dataclass(frozen=True, slots=True)
class Lane:
    """The requests of a kind: when the next may be sent at the earliest, and how many are under way."""

    free_at: float = NEVER
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What a turn is decided by. Times are seconds, NEVER before the first time.

    `status_at` and `listed_at` are when it was last asked for, `status_from` and `list_from` from when it may be asked
    for again after errors. `likely`: a list made a consent likely, and `status` should say. `under_way`: it is being
    asked for right now.
    """

    key: tuple[str, str]
    app: str
    deadline: float
    has_id: bool = True
    status_at: float = NEVER
    listed_at: float = NEVER
    status_from: float = NEVER
    list_from: float = NEVER
    likely: bool = False
    under_way: bool = False

    @property
    def looked_at(self) -> float:
        """When it was last asked for, in whichever way."""
        return max(self.status_at, self.listed_at)


@dataclass(frozen=True, slots=True)
class Turn:
    """One request to send now, and the links that it tells of."""

    ask: Ask
    links: tuple[OpenLink, ...]


@dataclass(frozen=True, slots=True)
class Turns:
    """The requests to send now, and when to decide again. An end of what is under way asks for a new decision too."""

    now: tuple[Turn, ...]
    again_at: float


def next_turns(now: float, links: Sequence[OpenLink], rate: Rate, *, status: Lane, lists: Lane) -> Turns:
    """Decide for the links of one caller, given in the order of their opening. No link is in two turns."""
    if not links:
        return Turns((), math.inf)
    newest = max(reversed(links), key=lambda link: link.deadline)
    polled, poll_at = _status_turn(now, links, newest, rate, status)
    taken = polled.links if polled else ()
    listed, list_at = _list_turn(now, [link for link in _told_by_list(links, newest) if link not in taken], rate, lists)
    return Turns(tuple(turn for turn in (polled, listed) if turn), min(poll_at, list_at))


def _status_turn(
    now: float, links: Sequence[OpenLink], newest: OpenLink, rate: Rate, lane: Lane
) -> tuple[Turn | None, float]:
    # A shorter interval than two turns would leave the others none.
    interval = rate.interval if len(links) == 1 else max(rate.interval, 2 * rate.status_gap)
    waiting = [link for link in links if link.has_id and not link.under_way]
    others = [link for link in waiting if link is not newest]
    newest_at = max(lane.free_at, _status_due(newest, interval)) if newest in waiting else math.inf
    others_at = max(lane.free_at, min((_status_due(link, interval) for link in others), default=math.inf))
    if newest_at <= now:
        return Turn(Ask.STATUS, (newest,)), now + rate.status_gap
    if lane.under_way >= AT_ONCE or newest_at - max(now, others_at) < ROOM_FOR_NEWEST * rate.status_gap:
        return None, newest_at
    if others_at <= now:
        due = [link for link in others if _status_due(link, interval) <= now]
        return Turn(Ask.STATUS, (_most_in_need(now, due),)), now + rate.status_gap
    return None, min(newest_at, others_at)


def _status_due(link: OpenLink, interval: float) -> float:
    return link.status_from if link.likely else max(link.status_from, link.status_at + interval)


def _most_in_need(now: float, links: Iterable[OpenLink]) -> OpenLink:
    """The next in the rotation: a likely consent, then a last poll, then whoever was not looked at for longest."""
    return max(
        links,
        key=lambda link: (
            link.likely,
            link.deadline <= now,
            _age(now, link.looked_at) + _age(now, link.status_at),  # only `status` tells a refusal
        ),
    )


def _age(now: float, at: float) -> float:
    return min(now - at, LONGEST_AGE)


def _told_by_list(links: Sequence[OpenLink], newest: OpenLink) -> list[OpenLink]:
    """Those that a list is asked for: no second poll beside one under way, and none for who has turns of their own."""
    few = len(links) <= FEW
    return [link for link in links if not link.under_way and not (link.has_id and (few or link is newest))]


def _list_turn(now: float, links: Sequence[OpenLink], rate: Rate, lane: Lane) -> tuple[Turn | None, float]:
    apps: dict[str, list[OpenLink]] = {}
    for link in links:
        apps.setdefault(link.app, []).append(link)
    if not apps or lane.under_way >= AT_ONCE:
        return None, math.inf
    due = {app: max(lane.free_at, _list_due(of_app, rate.interval)) for app, of_app in apps.items()}
    ripe = [of_app for app, of_app in apps.items() if due[app] <= now]
    if not ripe:
        return None, min(due.values())
    longest_unseen = min(ripe, key=lambda of_app: min(link.looked_at for link in of_app))
    return Turn(Ask.LIST, tuple(longest_unseen)), now + rate.list_gap


def _list_due(of_app: Iterable[OpenLink], interval: float) -> float:
    """A new link doesn't make an app due that was listed a moment ago."""
    listed_at, unseen_since, allowed_from = NEVER, math.inf, NEVER
    for link in of_app:
        listed_at = max(listed_at, link.listed_at)
        unseen_since = min(unseen_since, link.looked_at)
        allowed_from = max(allowed_from, link.list_from)
    return max(allowed_from, listed_at + interval, unseen_since + interval)


def _gap(limit: int | None, part: float) -> float:
    return 0.0 if limit is None else WINDOW / (limit * part)


def documented(interval: float) -> Rate:
    """Our part of the limits that protocol.md documents."""
    return Rate.within(PER_WINDOW, interval)
