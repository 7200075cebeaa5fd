"""The tables of docs/performance.md: pure functions of what was measured, now and before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.figures import Figures, Measurement
from tests.benchmarks.parts import switch as switch_part
from tests.benchmarks.results import Result

OURS: Final = "connectord"
RIVALS: Final = ("entr", "chokidar")
NOTHING: Final = "-"
NOT_YET: Final = "Not measured yet."


@dataclass(frozen=True, slots=True)
class Measured:
    """All results, by part: what holds now, and what held before the changes that they asked for."""

    now: Mapping[str, Result]
    before: Mapping[str, Result]

    def one(self, part: str, *, who: str = OURS, what: str, **conditions: int | str) -> Figures | None:
        """The figures of one quantity now; None where it wasn't measured."""
        return figures_of(self.now, part, who, what, conditions)

    def was(self, part: str, *, what: str, **conditions: int | str) -> Figures | None:
        """The same of ours before."""
        return figures_of(self.before, part, OURS, what, conditions)

    def of(self, part: str, what: str) -> list[Measurement]:
        """Everything of one quantity now."""
        return self.now[part].find(what=what) if part in self.now else []


def machine(measured: Measured) -> str:
    """What each part was measured on, and how busy that was."""
    rows = [
        [
            name,
            result.commit,
            *(told(one) for told in (_when, _loads, _paces) for one in (measured.before.get(name), result)),
        ]
        for name, result in measured.now.items()
    ]
    machines = sorted({_machine(result) for result in measured.now.values()})
    return (
        ". ".join(machines)
        + ".\n\n"
        + table(["part", "commit", *_twice("measured"), *_twice("load"), *_twice("pace (ms)")], rows)
    )


def save(measured: Measured) -> str:
    """Save to request: everybody, all sizes."""
    return _side_by_side(measured, "save", "save to request", "ms")


def settled(measured: Measured) -> str:
    """Save to settled: everybody, all sizes."""
    return _side_by_side(measured, "save", "save to settled", "ms")


def requests(measured: Measured) -> str:
    """Requests for one save."""
    found = measured.of("save", "requests for one save")
    rows = [
        [str(count), *(_median(_first(found, who, {"connectors": count})) for who in (OURS, *RIVALS))]
        for count in _values(found, "connectors")
    ]
    return table(["connectors", *(OURS, *RIVALS)], rows)


def switch(measured: Measured) -> str:
    """A branch switch: everybody, and ours with more requests at a time."""
    return "\n\n".join(
        [
            _side_by_side(measured, "switch", switch_part.TO_SETTLED, "ms"),
            _more_at_a_time(measured),
            _side_by_side(measured, "switch", "requests for one switch", ""),
        ]
    )


def _more_at_a_time(measured: Measured) -> str:
    rows = [
        [
            str(one.conditions["round trip"]),
            _median(measured.one("switch", who=OURS, what=switch_part.TO_SETTLED, **one.conditions)),
            _spread(one.figures),
        ]
        for one in measured.of("switch", switch_part.SIXTEEN)
    ]
    return table(["round trip (ms)", "8 at a time (ms)", "16 at a time (ms)"], rows)


def idle(measured: Measured) -> str:
    """Nothing happens: everybody."""
    units = {one.what: one.unit for one in (measured.now["idle"].measurements if "idle" in measured.now else ())}
    rows = [
        [
            _with(what, unit),
            *(_median(measured.one("idle", who=who, what=what)) for who in (OURS, *RIVALS)),
            _median(measured.was("idle", what=what)),
        ]
        for what, unit in units.items()
    ]
    return table(["", OURS, *RIVALS, f"{OURS} before"], rows)


def burst(measured: Measured) -> str:
    """Bursts of saves."""
    return _by(measured, "burst", "rate")


def pauses(measured: Measured) -> str:
    """Saves after pauses."""
    return _by(measured, "pauses", "seconds")


def scale(measured: Measured) -> str:
    """Many projects."""
    return _by(measured, "scale", "projects", more="when")


def commands(measured: Measured) -> str:
    """Commands, and the CLI's where it has the same."""
    rows = []
    for one in measured.of("commands", "time of a command"):
        before = measured.was("commands", what=one.what, command=one.conditions["command"]) if one.who == OURS else None
        spent = measured.one("commands", who=one.who, what="processor of a command", command=one.conditions["command"])
        rows.append([f"`{_called(one)}`", _spread(one.figures), _median(spent), _spread(before)])
    return table(["command", "ms: median, p99 (least to most)", "processor ms", "before"], rows)


def cold(measured: Measured) -> str:
    """Starts."""
    return _by(measured, "cold", "start", more="when")


BLOCKS: Final[Mapping[str, Callable[[Measured], str]]] = {
    block.__name__: block
    for block in (machine, save, settled, requests, switch, idle, burst, pauses, scale, commands, cold)
}
"""By the name that they have in the page."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, or a sentence where there is nothing to put into it."""
    lines = [heads, ["---"] * len(heads), *rows]
    if len(lines) == 2:
        return NOT_YET
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _side_by_side(measured: Measured, part: str, what: str, unit: str) -> str:
    found, rows = measured.of(part, what), []
    for one in (one for one in found if one.who == OURS):
        ours, others = one.figures, [measured.one(part, who=who, what=what, **one.conditions) for who in RIVALS]
        before = measured.was(part, what=what, **one.conditions)
        ratios = [f"{other.median / ours.median:.0f}" for other in others if other and ours.median]
        compared = " and ".join(ratios) or NOTHING
        conditions = [str(value) for value in one.conditions.values()]
        rows.append([*conditions, _spread(ours), _spread(before), *map(_spread, others), compared])
    names = [f"{name} (ms)" if name == "round trip" else name for name in (found[0].conditions if found else ())]
    return table([*names, _with(OURS, unit), "before", *(_with(who, unit) for who in RIVALS), "times"], rows)


def _by(measured: Measured, part: str, condition: str, *, more: str | None = None) -> str:
    """Each quantity a row, each value of the condition a column: now, and before in parentheses.

    What was measured more than once is shown with its spread, now and before each in a row of its own.
    """
    found = measured.now[part].measurements if part in measured.now else ()
    columns = _values(found, condition)
    kinds = {(one.what, str(one.conditions.get(more, "")) if more else ""): one.unit for one in found}
    rows = []
    for (what, when), unit in kinds.items():
        named: dict[str, int | str] = {more: when} if more and when else {}
        now, before = (
            [figures_of(results, part, OURS, what, {condition: value, **named}) for value in columns]
            for results in (measured.now, measured.before)
        )
        name = f"{what}, {when}" if when else what
        if any(_spreads(one) for one in (*now, *before)):
            rows.append([_with(name, unit), *map(_spread, now)])
            if any(before):
                rows.append([_with(f"{name}, before", unit), *map(_spread, before)])
        else:
            rows.append([_with(name, unit), *map(_now_and_before, now, before)])
    return table([condition, *map(str, columns)], rows)


def _twice(head: str) -> tuple[str, str]:
    return f"{head}, before", f"{head}, now"


def _when(result: Result | None) -> str:
    return NOTHING if result is None else f"{result.at:%Y-%m-%d %H:%M}"


def _machine(result: Result) -> str:
    one = result.machine
    return f"{one.processor}, {one.cores} cores, {one.kernel}, Python {one.python}"


def figures_of(
    results: Mapping[str, Result], part: str, who: str, what: str, conditions: Mapping[str, int | str]
) -> Figures | None:
    """The figures of one quantity; None where it wasn't measured."""
    found = results[part].find(who=who, what=what, conditions=conditions) if part in results else []
    return found[0].figures if found else None


def _first(found: Iterable[Measurement], who: str, conditions: Mapping[str, int | str]) -> Figures | None:
    return next((one.figures for one in found if one.fits(who, None, conditions)), None)


def _values(found: Iterable[Measurement], condition: str) -> list[int | str]:
    return list(dict.fromkeys(one.conditions[condition] for one in found if condition in one.conditions))


def _called(one: Measurement) -> str:
    name = str(one.conditions["command"])
    return name if one.who not in {OURS, "base44"} else f"{one.who} {name}"


def _loads(result: Result | None) -> str:
    return NOTHING if result is None else " to ".join(f"{load:.1f}" for load in result.machine.load)


def _paces(result: Result | None) -> str:
    taken = result.machine.pace if result else None
    return NOTHING if taken is None else " to ".join(f"{pace:.0f}" for pace in taken)


def _now_and_before(now: Figures | None, before: Figures | None) -> str:
    return f"{_median(now)} ({_median(before)})" if before else _median(now)


def _median(found: Figures | None) -> str:
    return NOTHING if found is None else number(found.median)


def _spreads(found: Figures | None) -> bool:
    return found is not None and found.least != found.most


def _spread(found: Figures | None) -> str:
    if found is None or not _spreads(found):
        return _median(found)
    return f"**{number(found.median)}**, {number(found.p99)} ({number(found.least)} to {number(found.most)})"


def number(value: float) -> str:
    """A number for a person: three figures are enough."""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _with(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit else what
