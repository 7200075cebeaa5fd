"""What is said of the goals."""

from __future__ import annotations

from tests.benchmarks import results
from tests.benchmarks.figures import Measurement
from tests.benchmarks.goals import GOALS, goals
from tests.benchmarks.results import Machine, Result
from tests.benchmarks.tables import Measured


def a_switch(who: str, trip: int, ms: float) -> Measurement:
    conditions: dict[str, int | str] = {"connectors": 40, "round trip": trip}
    return Measurement(who=who, what="switch to settled", unit="ms", conditions=conditions, values=(ms,))


def measured(ours: float, others: float) -> Measured:
    machine = Machine(processor="a processor", cores=2, kernel="Linux 6", python="3.11.2", load=(0.1, 0.2))
    switches = tuple(
        Measurement(
            who=who,
            what="switch to settled",
            unit="ms",
            conditions={"connectors": 40, "round trip": trip},
            values=(ms,),
        )
        for trip in (0, 50)
        for who, ms in (("connectord", ours if trip else 9999.0), ("entr", others))
    )
    result = Result(part="switch", at=results.now(), commit="abc", machine=machine, measurements=switches)
    return Measured({"switch": result}, {})


def line(of: Measured, sentence: str) -> str:
    return next(line for line in goals(of).splitlines() if sentence in line)


def test_a_goal_is_reached_missed_or_not_measured_yet() -> None:
    assert line(measured(300.0, 3100.0), "of entr's").endswith("| 10 % | 9.68 | reached |")
    assert line(measured(320.0, 3100.0), "of entr's").endswith("| 10 % | 10.3 | **missed** |")
    assert line(measured(320.0, 3100.0), "of chokidar's").endswith("| - | not measured yet |")


def test_every_goal_has_a_line_of_its_own() -> None:
    assert len(goals(Measured({}, {})).splitlines()) == len(GOALS) + 2
