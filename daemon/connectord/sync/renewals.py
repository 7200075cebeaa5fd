"""Connectors that are to be set once more for a fresh consent link, though Base44 has accepted exactly that already."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

from connectord.store import BaseEntry
from connectord.sync.outcome import Outcome


class Renewals:
    """What a person asked a fresh link for. A wish lasts until its outcome, or until its file says nothing usable."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[Outcome | None]] = {}

    def ask(self, connector_type: str) -> asyncio.Future[Outcome | None]:
        """What comes of it; None where there is no usable file. Several may wait for the same."""
        if connector_type not in self._asked:
            self._asked[connector_type] = asyncio.get_running_loop().create_future()
        return self._asked[connector_type]

    def wanted(self, base: Mapping[str, BaseEntry]) -> Mapping[str, BaseEntry]:
        """Base as the plan shall see it: what is asked for is sent again."""
        if not self._asked:
            return base
        return {name: replace(entry, unsure=True) if name in self._asked else entry for name, entry in base.items()}

    def keep_only(self, types: Collection[str]) -> None:
        """Only these have a usable file."""
        for name in self._asked.keys() - set(types):
            self._answer(name, None)

    def heard(self, outcome: Outcome) -> None:
        """How sending it ended."""
        self._answer(outcome.type, outcome)

    def end(self) -> None:
        """Nothing is pushed any more."""
        self.keep_only(())

    def _answer(self, name: str, outcome: Outcome | None) -> None:
        asked = self._asked.pop(name, None)
        if asked is not None and not asked.done():
            asked.set_result(outcome)
