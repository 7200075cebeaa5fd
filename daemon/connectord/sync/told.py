"""What of one project was told already, over restarts: the same again is no news (P9, P11)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path

from connectord.store import NoticedRow, Store


class Said(StrEnum):
    """Kinds of what a loop tells. In the store they lie beside those of the notices, under names of their own."""

    FAILURE = "said-failure"
    PROBLEM = "said-problem"
    UNTRACKED = "said-untracked"
    UNUSABLE = "said-unusable"


class Told:
    """Items (a connector, a file) with the mark of what was said of each. `now` is the time of day.

    Nothing is written here: whoever tells records the rows, together with what else the news changes.
    """

    def __init__(self, root: Path, store: Store, now: Callable[[], float]) -> None:
        self._place = str(root)
        self._now = now
        self._rows = {
            (row.kind, row.item): row
            for row in store.noticed(self._place)
            if row.kind in set(Said) and row.ended_at is None
        }

    def marks(self, kind: Said) -> Mapping[str, str]:
        """What was said last, by item, as long as it isn't over."""
        return {item: row.mark for (of_kind, item), row in self._rows.items() if of_kind == kind}

    def say(self, kind: Said, item: str, mark: str) -> tuple[NoticedRow, ...]:
        """This is said now. The row to record; none where exactly that was said before, so that it is no news."""
        known = self._rows.get((kind.value, item))
        if known is not None and known.mark == mark:
            return ()
        row = NoticedRow(self._place, kind.value, item, mark, self._now(), shown=True)
        self._rows[kind.value, item] = row
        return (row,)

    def over(self, kind: Said, items: Collection[str]) -> tuple[NoticedRow, ...]:
        """These are no longer so: the next time they are news. The rows to record."""
        found = [self._rows.pop((kind.value, item), None) for item in items]
        return tuple(_ended(row, self._now()) for row in found if row is not None)


def mark_of(*words: str) -> str:
    """A short mark of a long or secret text (P13): what is kept on disk says only whether two are the same."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "backslashreplace")).hexdigest()[:24]


def _ended(row: NoticedRow, at: float) -> NoticedRow:
    return NoticedRow(row.place, row.kind, row.item, row.mark, row.told_at, shown=True, ended_at=at)
