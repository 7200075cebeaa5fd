"""What was heard from Base44 of one project's connectors, as long as it is true of the app that it was said of."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from connectord.store import BaseKey


@dataclass(frozen=True, slots=True)
class Failure:
    """A removal that failed, and isn't tried again before `until` (by the clock)."""

    error: str
    until: float


class Heard:
    """Nothing of it is kept over a restart: a fresh look asks again before anything is removed.

    `untracked` exist only there (None: nobody has asked yet), `changed` were changed there by someone else. About
    `asked` Base44 was asked since their file went.
    """

    def __init__(self) -> None:
        self._key: BaseKey | None = None
        self._failures: dict[str, Failure] = {}
        self.untracked: frozenset[str] | None = None
        self.changed: frozenset[str] = frozenset()
        self.asked: frozenset[str] = frozenset()

    def turn_to(self, key: BaseKey) -> None:
        """From now on it is about this app; what was said of another one says nothing here."""
        if key != self._key:
            self._key, self._failures, self.untracked = key, {}, None
            self.changed = self.asked = frozenset()

    def is_about(self, key: BaseKey) -> bool:
        """Whether this app is the one that is listened for."""
        return key == self._key

    def keep_only(self, absent: Collection[str]) -> None:
        """The others have their file again: if that goes once more, it is a new wish."""
        self.changed &= frozenset(absent)
        self.asked &= frozenset(absent)
        self._failures = {name: failure for name, failure in self._failures.items() if name in absent}

    def forget(self, connector_type: str) -> None:
        """It is no more."""
        self._failures.pop(connector_type, None)
        self.changed -= {connector_type}
        self.asked -= {connector_type}
        if self.untracked is not None:
            self.untracked -= {connector_type}

    def failed(self, connector_type: str, failure: Failure) -> None:
        """Its removal failed."""
        self._failures[connector_type] = failure

    def failure_of(self, connector_type: str, now: float) -> Failure | None:
        """What its removal waits for, if its time hasn't come."""
        failure = self._failures.get(connector_type)
        return failure if failure is not None and failure.until > now else None

    def retry_now(self, *, everything: bool) -> None:
        """Let what failed for a passing reason be tried again; `everything`: what failed for good, too."""
        self._failures = {
            name: failure for name, failure in self._failures.items() if math.isinf(failure.until) and not everything
        }
