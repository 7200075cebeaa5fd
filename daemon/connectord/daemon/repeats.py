"""Which events are news: a retry that fails as the one before it is not (P7: said once; P11)."""

from __future__ import annotations

from connectord.sync import Outcome, Result, Trigger
from connectord.sync.events import OutcomeKnown, PushFinished, PushStarted, RetryScheduled, SyncEvent


class Repeats:
    """Remembers what was last told of each connector's failure. Status and history know of every one all the same."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[str | None, str | None]] = {}
        self._retry: tuple[tuple[str, ...], str] | None = None
        self._quiet = False

    def is_news(self, event: SyncEvent) -> bool:
        """Whether a person hears something from this event that wasn't said before."""
        match event:
            case PushStarted(trigger=trigger, types=types):
                self._quiet = trigger is Trigger.RETRY and all(name in self._failures for name in types)
                return not self._quiet
            case OutcomeKnown(outcome=outcome):
                return self._is_other(outcome)
            case PushFinished():
                return not self._quiet
            case RetryScheduled(types=types, code=code):
                before, self._retry = self._retry, (tuple(sorted(types)), code)
                return self._retry != before
            case _:
                return True

    def _is_other(self, outcome: Outcome) -> bool:
        if outcome.result is not Result.FAILED:
            self._quiet, self._retry = False, None
            self._failures.pop(outcome.type, None)
            return True
        now = (outcome.code, None if outcome.transient else outcome.error)
        before, self._failures[outcome.type] = self._failures.get(outcome.type), now
        self._quiet = self._quiet and now == before
        return now != before


def first_leaf(error: BaseException) -> BaseException:
    """The first error in a group of groups: the one that a person can be told."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
