"""Connectors that were removed within the last minutes because their file was gone (P5).

Files may go one by one: a slow script, a network drive that fails file by file. Each alone would look like a person's
deletion, so those whose removal is done count on for a while with those that are absent now.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectord.store import Store
from connectord.sync.changes import OUTCOME_KIND
from connectord.sync.outcome import Result

RECENT_SECONDS: Final = 600.0
_ROWS: Final = 500  # of the history, for the same time after a restart


class Losses:
    """The recent losses of one project. `now` is the time of day, `clock` doesn't jump."""

    def __init__(self, root: Path, store: Store, *, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._root = root
        self._store = store
        self._now = now
        self._clock = clock
        self._lost_at: dict[str, float] | None = None

    def add(self, connector_type: str) -> None:
        """It was removed, and nobody had named it: what was approved is no accident."""
        self._known()[connector_type] = self._clock()

    def forget(self) -> None:
        """The project belongs to another app."""
        self._lost_at = {}

    def recent(self) -> frozenset[str]:
        """The types that were lost a short while ago."""
        since = self._clock() - RECENT_SECONDS
        self._lost_at = {name: at for name, at in self._known().items() if at > since}
        return frozenset(self._lost_at)

    def _known(self) -> dict[str, float]:
        """After a restart the history tells; it doesn't tell which were approved, so these count, too."""
        if self._lost_at is None:
            rows = self._store.history(self._root, _ROWS)
            removed = [row for row in rows if row.kind == OUTCOME_KIND and row.result == Result.REMOVED]
            ago = {row.type: self._now() - row.at for row in reversed(removed) if row.type is not None}
            self._lost_at = {name: self._clock() - max(0.0, seconds) for name, seconds in ago.items()}
        return self._lost_at
