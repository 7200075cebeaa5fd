"""What one project's loop remembers between two looks: what was told already, and failures that wait their time."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectord.project.model import Connector, Problem, ProblemCode
from connectord.store import BaseKey
from connectord.sync.outcome import Outcome
from connectord.sync.retries import passes


@dataclass(frozen=True, slots=True)
class ProblemNews:
    """What changed since the last look. `look_again_in` (seconds): a file may be half-written, so look again then."""

    appeared: tuple[Problem, ...] = ()
    mended: tuple[Problem, ...] = ()
    look_again_in: float | None = None


class ProblemLedger:
    """Tells each problem once, and tells when it is gone.

    A file that doesn't parse may be the first half of a save: it gets `patience` seconds before it is told.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._told: tuple[Problem, ...] = ()
        self._unparsable_since: dict[Path, float] = {}

    def compare(self, problems: Sequence[Problem], now: float) -> ProblemNews:
        """Take the problems of a look and say what is news."""
        unparsable = {problem.file for problem in problems if problem.code is ProblemCode.SYNTAX}
        self._unparsable_since = {file: self._unparsable_since.get(file, now) for file in unparsable}
        waits = {file: since + self._patience - now for file, since in self._unparsable_since.items()}
        ripe = tuple(
            problem for problem in problems if problem.code is not ProblemCode.SYNTAX or waits[problem.file] <= 0
        )
        broken = {problem.file for problem in problems}
        appeared = tuple(problem for problem in ripe if problem not in self._told)
        mended = tuple(problem for problem in self._told if problem.file not in broken)
        ripe_files = {problem.file for problem in ripe}
        # What was told of a file that is being written stays told until the file says something definite again.
        kept = (problem for problem in self._told if problem.file in broken and problem.file not in ripe_files)
        self._told = (*ripe, *kept)
        young = [wait for wait in waits.values() if wait > 0]
        return ProblemNews(appeared, mended, min(young, default=None))


class FailureLedger:
    """Tells a failure, or a removal that was held back, once: until it changes or ends (P7, P11).

    What may pass by itself is the same while its code is, since its words differ from try to try; anything else while
    the same content comes to the same words.
    """

    def __init__(self) -> None:
        self._told: dict[str, tuple[object, ...]] = {}

    def is_news(self, outcome: Outcome, connector: Connector | None) -> bool:
        """Take an outcome in and say whether it is news. A removal has no `connector`."""
        before = self._told.pop(outcome.type, None)
        if outcome.accepted:
            return True
        now: tuple[object, ...] = (outcome.result, outcome.code)
        if not passes(outcome):
            now = (*now, outcome.error, connector)
        self._told[outcome.type] = now
        return now != before

    def keep_only(self, wanted: Collection[str]) -> None:
        """Nothing is to be sent for the others any more: their failures have ended, and the next one is news."""
        self._told = {name: told for name, told in self._told.items() if name in wanted}


@dataclass(frozen=True, slots=True)
class Parked:
    """A connector that failed with exactly this content, for this app, and when it may be tried again."""

    key: BaseKey
    connector: Connector
    until: float


class Parking:
    """What failed and waits. Another content or another app is a new try; the same waits for its time (P8)."""

    def __init__(self) -> None:
        self._parked: dict[str, Parked] = {}

    def park(self, key: BaseKey, connector: Connector, until: float = math.inf) -> None:
        """Keep this content from being sent before `until`; without it, until the file changes (P8)."""
        self._parked[connector.type] = Parked(key, connector, until)

    def release(self, connector_type: str) -> None:
        """It went well, or it is nobody's wish any more."""
        self._parked.pop(connector_type, None)

    def keep_only(self, connector_types: Collection[str]) -> None:
        """Files of other types are gone: one that comes back is a new wish."""
        self._parked = {name: one for name, one in self._parked.items() if name in connector_types}

    def release_passing(self) -> None:
        """What these waited for has ended: the network is back, somebody signed in."""
        self._parked = {name: one for name, one in self._parked.items() if math.isinf(one.until)}

    def release_all(self) -> None:
        """A person wants another try of everything."""
        self._parked.clear()

    def waiting(self, key: BaseKey, now: float) -> tuple[Connector, ...]:
        """The connectors whose time hasn't come."""
        return tuple(one.connector for one in self._parked.values() if one.key == key and one.until > now)
