"""What one project's loop remembers between two looks: problems already told, and failures that wait their time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectord.project.model import Connector, Problem, ProblemCode


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
        self._told = (*ripe, *(problem for problem in self._told if problem.file in broken and problem not in ripe))
        young = [wait for wait in waits.values() if wait > 0]
        return ProblemNews(appeared, mended, min(young, default=None))


class Parking:
    """Connectors that failed with exactly this content. Another content is a new try; the same waits for its time."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[Connector, float]] = {}

    def park(self, connector: Connector, until: float = math.inf) -> None:
        """Keep this content from being sent before `until`; without it, until the file changes (P8)."""
        self._until[connector.type] = (connector, until)

    def release(self, connector_type: str) -> None:
        """It went well, or it is nobody's wish any more."""
        self._until.pop(connector_type, None)

    def release_passing(self) -> None:
        """What these waited for has ended: the network is back, somebody signed in."""
        self._until = {name: (one, until) for name, (one, until) in self._until.items() if math.isinf(until)}

    def release_all(self) -> None:
        """A person wants another try of everything."""
        self._until.clear()

    def waiting(self, now: float) -> tuple[Connector, ...]:
        """The connectors whose time hasn't come."""
        return tuple(connector for connector, until in self._until.values() if until > now)
