"""Holds: removals that wait for a person's word, kept over restarts, ended by that word or by the files (P5, P6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from connectord.errors import ConnectordError
from connectord.store import Change, HoldRow, Store
from connectord.sync.guard import Hold, HoldReason, Verdict

APPROVE_AGAIN = "See what is held now, and approve that, with: connectord approve"


class HoldNewsKind(StrEnum):
    """What became of a hold."""

    BEGAN = "began"
    CHANGED = "changed"
    APPROVED = "approved"
    VOID = "void"  # it was approved, and then the set of its connectors changed
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class HeldRemovals:
    """One hold: these types are not removed, because of `why`, since that time of day, until a person says a word.

    Of the `untracked` ones among them there is no file that could be restored: it can only be pulled.
    """

    reason: HoldReason
    types: tuple[str, ...]
    why: str
    since: float
    approved: bool = False
    untracked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldNews:
    """News of one hold; of one that ended as it was last."""

    kind: HoldNewsKind
    hold: HeldRemovals


class ApprovalRefused(ConnectordError):
    """The holds aren't those that were shown: what may be removed was said of another set."""

    code = "HOLDS_CHANGED"


class Holds:
    """The holds of one project."""

    def __init__(self, root: Path, store: Store, now: Callable[[], float]) -> None:
        self._root = root
        self._store = store
        self._now = now
        self._why: dict[HoldReason, str] = {}
        self._untracked: frozenset[str] = frozenset()

    def reason_of(self, connector_type: str) -> HoldReason | None:
        """The hold that a connector is in."""
        return next((HoldReason(row.reason) for row in self._rows() if connector_type in row.types), None)

    def approved(self) -> frozenset[str]:
        """The connectors whose removal was approved by name."""
        return frozenset(name for row in self._rows() if row.approved_at is not None for name in row.types)

    def all(self) -> tuple[HeldRemovals, ...]:
        """The holds as they are now."""
        return tuple(self._shown(row) for row in self._rows())

    def compare(self, verdicts: Mapping[str, Verdict], *, untracked: Collection[str] = ()) -> tuple[HoldNews, ...]:
        """Take the verdicts of a look over, and say what is news. A set that changed is approved by nobody."""
        self._untracked = frozenset(untracked)
        held: defaultdict[HoldReason, list[str]] = defaultdict(list)
        for name, verdict in sorted(verdicts.items()):
            if isinstance(verdict, Hold):
                held[verdict.reason].append(name)
                self._why[verdict.reason] = verdict.why
        before = {HoldReason(row.reason): row for row in self._rows()}
        news = [self._ended(before[reason]) for reason in before.keys() - held.keys()]
        for reason, types in held.items():
            news += self._held(before.get(reason), reason, tuple(types))
        return tuple(news)

    def approve(self, shown: Mapping[str, Collection[str]]) -> tuple[HoldNews, ...]:
        """A person's word: remove exactly these. Raises ApprovalRefused if the holds are no longer those shown (P6)."""
        rows = {row.reason: row for row in self._rows()}
        for reason, types in shown.items():
            row = rows.get(reason)
            if row is None or set(row.types) != set(types):
                raise ApprovalRefused(_refusal(reason, row), todo=(APPROVE_AGAIN,))
        approved = [replace(rows[reason], approved_at=self._now()) for reason in shown]
        self._store.record(Change(holds=tuple(approved)))
        return tuple(HoldNews(HoldNewsKind.APPROVED, self._shown(row)) for row in approved)

    def end_all(self) -> tuple[HoldNews, ...]:
        """The project belongs to another app: nothing that was held or approved was said of that one."""
        return tuple(self._ended(row) for row in self._rows())

    def without(self, connector_type: str) -> Change:
        """What changes once this connector is removed: an approval goes on for the rest of its set."""
        rows = [row for row in self._rows() if connector_type in row.types]
        left = [replace(row, types=tuple(name for name in row.types if name != connector_type)) for row in rows]
        return Change(
            holds=tuple(row for row in left if row.types), ended_holds=tuple(row.key for row in left if not row.types)
        )

    def _held(self, before: HoldRow | None, reason: HoldReason, types: tuple[str, ...]) -> list[HoldNews]:
        if before is not None and set(before.types) == set(types):
            return []
        row = HoldRow(self._root, reason.value, types, before.since if before else self._now())
        self._store.record(Change(holds=(row,)))
        if before is None:
            return [HoldNews(HoldNewsKind.BEGAN, self._shown(row))]
        kind = HoldNewsKind.VOID if before.approved_at is not None else HoldNewsKind.CHANGED
        return [HoldNews(kind, self._shown(row))]

    def _ended(self, row: HoldRow) -> HoldNews:
        self._store.record(Change(ended_holds=(row.key,)))
        return HoldNews(HoldNewsKind.ENDED, self._shown(row))

    def _rows(self) -> tuple[HoldRow, ...]:
        return self._store.holds(self._root)

    def _shown(self, row: HoldRow) -> HeldRemovals:
        reason = HoldReason(row.reason)
        untracked = tuple(name for name in row.types if name in self._untracked)
        why, approved = self._why.get(reason, ""), row.approved_at is not None
        return HeldRemovals(reason, row.types, why, row.since, approved, untracked)


def _refusal(reason: str, row: HoldRow | None) -> str:
    if row is None:
        return f"There is no hold {reason} any more. Nothing was approved."
    return f"The hold {reason} is now for {', '.join(row.types)}. Nothing was approved."
