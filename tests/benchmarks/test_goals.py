"""What is said of the goals."""

from __future__ import annotations

from tests.benchmarks import results
from tests.benchmarks.figures import Measurement
from tests.benchmarks.goals import GOALS, goals
from tests.benchmarks.results import Machine, Result
from tests.benchmarks.tables import Measured

MACHINE = Machine(processor="a processor", cores=2, kernel="Linux 6", python="3.11.2", load=(0.1, 0.2))


def measured(part: str, *measurements: Measurement) -> Measured:
    result = Result(part=part, at=results.now(), commit="abc", machine=MACHINE, measurements=measurements)
    return Measured({part: result}, {})


def a_switch(who: str, trip: int, ms: float) -> Measurement:
    conditions: dict[str, int | str] = {"connectors": 40, "round trip": trip}
    return Measurement(who=who, what="switch to settled", unit="ms", conditions=conditions, values=(ms,))


def switches(ours: float, others: float) -> Measured:
    """At 50 ms; at 0 ms no goal is set."""
    at_once = a_switch("connectord", 0, 9999.0), a_switch("entr", 0, others)
    return measured("switch", *at_once, a_switch("connectord", 50, ours), a_switch("entr", 50, others))


def line(of: Measured, sentence: str) -> str:
    return next(line for line in goals(of).splitlines() if sentence in line)


def test_a_goal_is_reached_missed_or_not_measured_yet() -> None:
    assert line(switches(300.0, 3100.0), "of entr's").endswith("| 10 % | 9.68 | reached |")
    assert line(switches(320.0, 3100.0), "of entr's").endswith("| 10 % | 10.3 | **missed** |")
    assert line(switches(320.0, 3100.0), "of chokidar's").endswith("| - | not measured yet |")


def test_the_worst_of_several_values_counts() -> None:
    saves = [
        Measurement(who="connectord", what="save to request", unit="ms", conditions={"connectors": n}, values=(ms,))
        for n, ms in ((1, 38.0), (10, 104.0), (40, 41.0))
    ]
    assert line(measured("save", *saves), "save to request, median").endswith("| 100 ms | 104 | **missed** |")


def test_every_goal_has_a_line_of_its_own() -> None:
    assert len(goals(Measured({}, {})).splitlines()) == len(GOALS) + 2
