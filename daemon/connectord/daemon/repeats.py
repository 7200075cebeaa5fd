"""Which events are news: a retry that fails as the one before it is not (P7: said once; P11)."""

from __future__ import annotations

from connectord.sync import Outcome, Trigger
from connectord.sync.events import (
    OutcomeKnown,
    ProjectUnusable,
    PushFinished,
    PushStarted,
    RetryScheduled,
    SyncEvent,
)


class Repeats:
    """Remembers what of each connector was last told. Status knows of every try all the same."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._tried_again: dict[str, str] = {}
        self._quiet = False

    def is_news(self, event: SyncEvent) -> bool:
        """Whether a person hears something from this event that wasn't said before."""
        match event:
            case PushStarted(trigger=trigger, types=types, removals=removals):
                self._quiet = trigger is Trigger.RETRY and self._failing.issuperset((*types, *removals))
                return not self._quiet
            case OutcomeKnown(outcome=outcome, again=again):
                if again:
                    self._failing.add(outcome.type)
                else:
                    self._changed(outcome)
                return not again
            case ProjectUnusable(again=again):
                return not again
            case PushFinished():
                return not self._quiet
            case RetryScheduled(types=types, code=code):
                news = any(self._tried_again.get(name) != code for name in types)
                self._tried_again |= dict.fromkeys(types, code)
                return news
            case _:
                return True

    def _changed(self, outcome: Outcome) -> None:
        self._quiet = False
        self._tried_again.pop(outcome.type, None)
        if outcome.accepted:
            self._failing.discard(outcome.type)
        else:
            self._failing.add(outcome.type)
