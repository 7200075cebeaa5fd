"""What is on the person's desk, and what comes next: notices in, showing and clearing out. No clock, no effects.

Nothing is shown twice (P11), what comes within a second for one project is shown as one, and what quiet hours or a
snooze held back is shown as one afterwards, as far as it is still open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectord.notify.notice import Notice
from connectord.notify.policy import Rules, digest

FOLD: Final = timedelta(seconds=1)
"""How long the first notice of a project waits for others to join it."""


@dataclass(frozen=True, slots=True)
class Show:
    """Show this, in place of what was shown under the same subject."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Clear:
    """Take away what was shown under this subject."""

    subject: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    notice: Notice
    since: datetime
    held: bool = False


class Desk:
    """The open notices of all projects. `rules` may be replaced at any time; times are aware."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._waiting: dict[str, _Waiting] = {}
        self._told: dict[str, Notice] = {}
        self._card_of: dict[str, str] = {}
        self._clear: list[Clear] = []
        self._digests = 0

    def put(self, notice: Notice, at: datetime) -> None:
        """Take a notice in; it is shown by a later `take`, unless the person knows it already or doesn't want it."""
        told = self._told.get(notice.subject)
        if told is not None and told.covers(notice):
            self._waiting.pop(notice.subject, None)
        elif self.rules.wants(notice):
            before = self._waiting.get(notice.subject)
            waiting = _Waiting(notice, at) if before is None else replace(before, notice=notice)
            self._waiting[notice.subject] = waiting

    def withdraw(self, subject: str) -> None:
        """It is settled. If the same comes up again one day, it is news again."""
        self._waiting.pop(subject, None)
        self._told.pop(subject, None)
        self._leave_card(subject)

    def take(self, at: datetime) -> tuple[Show | Clear, ...]:
        """What to do now, in this order."""
        cards = [] if self._hold_back(at) else [self._card(group) for group in self._groups(at)]
        clear, self._clear = self._clear, []
        return (*clear, *(Show(card) for card in cards))

    def due(self, at: datetime) -> datetime | None:
        """When `take` will have something to do; None while nothing waits."""
        if not self._waiting:
            return None
        quiet = self.rules.quiet_until(at)
        first = min(waiting.since for waiting in self._waiting.values())
        return quiet or max(at, min(first, at) + FOLD)

    def parts_of(self, shown: str) -> tuple[str, ...]:
        """The subjects that stand on what is shown under this subject: what an answer to it is about."""
        return tuple(subject for subject, card in self._card_of.items() if card == shown)

    def _hold_back(self, at: datetime) -> bool:
        if self.rules.quiet_until(at) is None:
            return False
        self._waiting = {subject: replace(waiting, held=True) for subject, waiting in self._waiting.items()}
        return True

    def _groups(self, at: datetime) -> list[list[Notice]]:
        """What is shown together: all that was held back, and of each project what has waited long enough."""
        groups: dict[str | None, list[_Waiting]] = {}
        for waiting in self._waiting.values():
            groups.setdefault(None if waiting.held else waiting.notice.place, []).append(waiting)
        return [
            [waiting.notice for waiting in group]
            for key, group in groups.items()
            if key is None or not timedelta() <= at - group[0].since < FOLD
        ]

    def _card(self, notices: list[Notice]) -> Notice:
        self._digests += len(notices) > 1
        card = digest(notices, f"digest {self._digests}")
        for notice in notices:
            del self._waiting[notice.subject]
            self._told[notice.subject] = notice
            if self._card_of.get(notice.subject) != card.subject:
                self._leave_card(notice.subject)
            self._card_of[notice.subject] = card.subject
        return card

    def _leave_card(self, subject: str) -> None:
        card = self._card_of.pop(subject, None)
        if card is not None and not self.parts_of(card):
            self._clear.append(Clear(card))
