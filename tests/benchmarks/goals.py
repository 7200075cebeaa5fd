"""The figures that were to be reached, and what was measured of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.figures import Figures
from tests.benchmarks.tables import NOTHING, OURS, Measured, number, table

Value = Callable[[Figures], float]
MEDIAN: Final[Value] = lambda found: found.median  # noqa: E731  (a name for it is all that is wanted)
P99: Final[Value] = lambda found: found.p99  # noqa: E731


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure: `most` of the `unit` at most, of so many measured values as there are conditions."""

    sentence: str
    most: float
    unit: str
    values: Callable[[Measured], Iterable[float | None]]


def goals(measured: Measured) -> str:
    """Each goal with the worst value that was measured of it."""
    return table(["goal", "at most", "measured", ""], [_row(goal, measured) for goal in GOALS])


def _row(goal: Goal, measured: Measured) -> list[str]:
    values = [value for value in goal.values(measured) if value is not None]
    limit = f"{number(goal.most)} {goal.unit}".strip()
    if not values:
        return [goal.sentence, limit, NOTHING, "not measured yet"]
    return [goal.sentence, limit, number(max(values)), "reached" if max(values) <= goal.most else "**missed**"]


def _ours(part: str, what: str, value: Value = MEDIAN, **conditions: int | str) -> Callable[[Measured], list[float]]:
    def values(measured: Measured) -> list[float]:
        found = [one for one in measured.of(part, what) if one.fits(OURS, what, conditions)]
        return [value(one.figures) for one in found]

    return values


def _share(part: str, what: str, who: str, **conditions: int | str) -> Callable[[Measured], list[float | None]]:
    """Ours in percent of what somebody else takes, under each condition."""

    def values(measured: Measured) -> list[float | None]:
        ours = [one for one in measured.of(part, what) if one.fits(OURS, what, conditions)]
        others = [measured.one(part, who=who, what=what, **one.conditions) for one in ours]
        pairs = zip(ours, others, strict=True)
        return [one.figures.median / other.median * 100 if other else None for one, other in pairs]

    return values


def _against_one_project(measured: Measured) -> list[float | None]:
    what = "save to request"
    alone = measured.one("scale", what=what, projects=1)
    many = measured.one("scale", what=what, projects=1000)
    return [many.median / alone.median if alone and many else None]


_SAVE: Final = "save to request"
_SWITCH: Final = "switch to settled"
GOALS: Final = (
    Goal("save to request, median", 100, "ms", _ours("save", _SAVE)),
    Goal("save to request, 99th percentile", 250, "ms", _ours("save", _SAVE, P99)),
    Goal("save to request, of what entr and the CLI take", 100 / 15, "%", _share("save", _SAVE, "entr")),
    Goal("save to request, of what chokidar and the CLI take", 100 / 15, "%", _share("save", _SAVE, "chokidar")),
    Goal("requests for saving one of 40", 1, "", _ours("save", "requests for one save", P99, connectors=40)),
    Goal("40 changed at once, 50 ms, of entr's time", 10, "%", _share("switch", _SWITCH, "entr", **{"round trip": 50})),
    Goal(
        "40 changed at once, 50 ms, of chokidar's time",
        10,
        "%",
        _share("switch", _SWITCH, "chokidar", **{"round trip": 50}),
    ),
    Goal("idle, one project, processor", 0.3, "% of a core", _ours("idle", "processor when idle")),
    Goal("idle, one project, resident memory", 70, "MiB", _ours("idle", "resident memory")),
    Goal("1,000 projects of 40: start to ready", 10_000, "ms", _ours("scale", "start to ready", projects=1000)),
    Goal("1,000 projects of 40: resident memory", 150, "MiB", _ours("scale", "resident memory", projects=1000)),
    Goal("1,000 projects of 40: a save, times that of one", 1.2, "", _against_one_project),
    Goal(
        "`connectord status`",
        300,
        "ms",
        _ours("commands", "time of a command", command="status"),
    ),
)
