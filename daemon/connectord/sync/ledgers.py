"""What one project's loop compares a look with: what was told before, and failures that wait their time."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectord.base44.words import without_request_id
from connectord.project.model import Connector, Problem, ProblemCode
from connectord.project.shown import shown_path
from connectord.store import BaseKey, NoticedRow
from connectord.sync.outcome import Outcome
from connectord.sync.retries import passes
from connectord.sync.told import Said, Told, mark_of


@dataclass(frozen=True, slots=True)
class ProblemNews:
    """What changed since the last look. `look_again_in` (seconds): a file may be half-written, so look again then.

    `noticed` is to be recorded before it is told.
    """

    appeared: tuple[Problem, ...] = ()
    mended: tuple[Problem, ...] = ()
    look_again_in: float | None = None
    noticed: tuple[NoticedRow, ...] = ()


class ProblemLedger:
    """Tells each problem once, also over restarts, and tells when it is gone.

    A file that doesn't parse may be the first half of a save: it gets `patience` seconds before it is told.
    """

    def __init__(self, patience: float, before: Told) -> None:
        self._patience = patience
        self._before = before
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
        before = self._before.marks(Said.PROBLEM)
        appeared = tuple(
            problem
            for problem in ripe
            if problem not in self._told
            and _mark_of_problem(problem) not in before.get(shown_path(problem.file), "").split()
        )
        mended = tuple(problem for problem in self._told if problem.file not in broken)
        ripe_files = {problem.file for problem in ripe}
        # What was told of a file that is being written stays told until the file says something definite again.
        kept = (problem for problem in self._told if problem.file in broken and problem.file not in ripe_files)
        self._told = (*ripe, *kept)
        young = [wait for wait in waits.values() if wait > 0]
        return ProblemNews(appeared, mended, min(young, default=None), self._noticed(ripe, broken))

    def _noticed(self, ripe: Sequence[Problem], broken: Collection[Path]) -> tuple[NoticedRow, ...]:
        marks: dict[str, list[str]] = {}
        for problem in ripe:
            marks.setdefault(shown_path(problem.file), []).append(_mark_of_problem(problem))
        said = [self._before.say(Said.PROBLEM, file, " ".join(sorted(of_file))) for file, of_file in marks.items()]
        whole = self._before.marks(Said.PROBLEM).keys() - {shown_path(file) for file in broken}
        return tuple(row for rows in (*said, self._before.over(Said.PROBLEM, whole)) for row in rows)


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether an outcome is news, and what is to be recorded together with it."""

    is_news: bool
    noticed: tuple[NoticedRow, ...] = ()


class FailureLedger:
    """Tells a failure, or a removal that was held back, once, also over restarts: until it changes or ends (P7, P11).

    What may pass by itself is the same while its code is, since its words differ from try to try; anything else while
    the same content for the same app comes to the same words.
    """

    def __init__(self, before: Told) -> None:
        self._before = before

    def heard(self, outcome: Outcome, connector: Connector | None, key: BaseKey) -> Heard:
        """Take an outcome in and say whether it is news. A removal has no `connector`."""
        if outcome.accepted:
            return Heard(is_news=True, noticed=self._before.over(Said.FAILURE, (outcome.type,)))
        said = self._before.say(Said.FAILURE, outcome.type, _mark_of_failure(outcome, connector, key))
        return Heard(bool(said), said)

    def keep_only(self, wanted: Collection[str]) -> tuple[NoticedRow, ...]:
        """Nothing is to be sent for the others any more: their failures have ended, and the next one is news."""
        return self._before.over(Said.FAILURE, self._before.marks(Said.FAILURE).keys() - set(wanted))


def _mark_of_problem(problem: Problem) -> str:
    return mark_of(str(problem), problem.code, problem.severity)


def _mark_of_failure(outcome: Outcome, connector: Connector | None, key: BaseKey) -> str:
    words = [key.api_url, key.app_id, outcome.result, outcome.code or ""]
    if not passes(outcome):
        # Each try has another request id.
        words += [without_request_id(outcome.error or ""), _content(connector)]
    return mark_of(*words)


def _content(connector: Connector | None) -> str:
    if connector is None:
        return ""
    config = None if connector.connection_config is None else dict(connector.connection_config)
    return json.dumps([connector.scopes, config], sort_keys=True)


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
