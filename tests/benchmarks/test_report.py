"""What becomes of values: figures, files, tables, pictures."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from tests.benchmarks import results, tables
from tests.benchmarks.__main__ import PAGE, PARTS, PLACE, main
from tests.benchmarks.bench import QUICK, Bench
from tests.benchmarks.figures import Measurement, figures
from tests.benchmarks.report import fill_in, read
from tests.benchmarks.results import Machine, Result
from tests.benchmarks.tables import BLOCKS, Measured

needs_plots = pytest.mark.skipif(
    not os.environ.get("CI") and importlib.util.find_spec("matplotlib") is None, reason="plots need the extra `bench`"
)


def a_result(*measurements: Measurement, part: str = "save") -> Result:
    machine = Machine(
        processor="a processor", cores=2, kernel="Linux 6", python="3.11.2", load=(0.1, 0.2), pace=(9.6, 16.4)
    )
    return Result(part=part, at=results.now(), commit="abc", machine=machine, measurements=measurements)


def a_save(who: str, *values: float) -> Measurement:
    conditions: dict[str, int | str] = {"connectors": 1, "round trip": 50}
    return Measurement(who=who, what="save to request", unit="ms", conditions=conditions, values=values)


def side_by_side() -> Measured:
    now = a_result(a_save("connectord", 40.0, 50.0, 60.0), a_save("entr", 500.0), a_save("chokidar", 1000.0))
    return Measured({"save": now}, {"save": a_result(a_save("connectord", 95.5))})


def test_the_figures_of_a_hundred_values() -> None:
    found = figures([float(number) for number in range(100, 0, -1)])
    assert (found.count, found.least, found.median, found.p99, found.most) == (100, 1.0, 50.5, 99.0, 100.0)


def test_of_few_values_the_99th_percentile_is_the_greatest() -> None:
    assert figures([3.0, 1.0, 2.0]).p99 == 3.0


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    result = a_result(a_save("connectord", 1.5, 2.0), a_save("entr", 3.0))
    results.save(result, tmp_path)
    assert results.load(tmp_path) == {"save": result}


def test_how_quick_the_machine_was_is_said_where_it_was_taken() -> None:
    before = side_by_side().before["save"]
    older = before.model_copy(update={"machine": before.machine.model_copy(update={"pace": None})})
    table = BLOCKS["machine"](Measured(side_by_side().now, {"save": older}))
    assert table.splitlines()[-1].endswith("| 0.1 to 0.2 | 0.1 to 0.2 | - | 10 to 16 |")


def test_the_pace_is_taken_with_each_measurement() -> None:
    bench = Bench(QUICK, print)
    bench.note("connectord", "save to request", "ms", [1.0])
    machine = results.this_machine(0.5, bench.paces)
    assert len(bench.paces) == 2
    assert machine.pace == (min(bench.paces), max(bench.paces))
    assert min(bench.paces) > 0


def test_the_values_of_a_measurement_are_one_line(tmp_path: Path) -> None:
    file = results.save(a_result(a_save("connectord", 1.5, 2.0)), tmp_path)
    assert '"values": [1.5, 2.0]' in file.read_text()


def test_a_part_that_is_measured_again_replaces_its_own_result_only(tmp_path: Path) -> None:
    results.save(a_result(part="idle"), tmp_path)
    results.save(a_result(a_save("connectord", 1.0)), tmp_path)
    again = a_result(a_save("connectord", 2.0))
    results.save(again, tmp_path)
    assert results.load(tmp_path).keys() == {"idle", "save"}
    assert results.load(tmp_path)["save"] == again


def test_a_table_has_everybody_side_by_side_with_what_was_before() -> None:
    row = tables.save(side_by_side()).splitlines()[-1]
    assert row == "| 1 | 50 | **50**, 60 (40 to 60) | 95.5 | 500 | 1000 | 10 and 20 |"


def test_what_was_not_measured_is_left_open() -> None:
    alone = Measured({"save": a_result(a_save("connectord", 50.0))}, {})
    assert tables.save(alone).splitlines()[-1] == "| 1 | 50 | 50 | - | - | - | - |"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_says_so_when_nothing_was_measured(block: str) -> None:
    assert tables.NOT_YET in BLOCKS[block](Measured({}, {}))


def test_a_page_keeps_its_sentences_and_gets_its_tables() -> None:
    page = "Before.\n\n<!-- save -->\nold\n<!-- end -->\n\nAfter.\n"
    filled = fill_in(page, side_by_side())
    assert filled.startswith("Before.\n\n<!-- save -->\n\n| ")
    assert filled.endswith("|\n\n<!-- end -->\n\nAfter.\n")
    assert "old" not in filled
    assert fill_in(filled, side_by_side()) == filled


def test_the_page_says_what_the_kept_results_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert fill_in(page, read(PLACE)) == page


def test_every_part_and_every_block_is_in_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in BLOCKS if f"<!-- {name} -->" not in page] == []
    assert [name for name in PARTS if f"`{name}`" not in page] == []


@needs_plots
@pytest.mark.bench
def test_the_same_results_make_the_same_pictures(tmp_path: Path) -> None:
    from tests.benchmarks.plots import draw  # noqa: PLC0415  (it may not be there)

    for folder in (tmp_path / "one", tmp_path / "other"):
        assert draw(side_by_side(), folder) == ["saves.svg", "spread.svg"]
    assert (tmp_path / "one" / "saves.svg").read_bytes() == (tmp_path / "other" / "saves.svg").read_bytes()


def test_a_part_that_there_is_not_is_said_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["save", "sleep"])
    assert ended.value.code == 2
    assert "there is no part sleep; there are save, switch, idle" in capsys.readouterr().err


def a_start(*values: float) -> Measurement:
    return Measurement(who="connectord", what="start to ready", unit="ms", conditions={"projects": 1000}, values=values)


def test_what_was_measured_more_than_once_shows_its_spread_now_and_before() -> None:
    now, before = a_result(a_start(9.0, 10.0, 12.0), part="scale"), a_result(a_start(60.0, 61.0), part="scale")
    assert BLOCKS["scale"](Measured({"scale": now}, {"scale": before})).splitlines()[2:] == [
        "| start to ready (ms) | **10**, 12 (9 to 12) |",
        "| start to ready, before (ms) | **60.5**, 61 (60 to 61) |",
    ]


def test_what_was_read_once_has_what_it_was_before_in_parentheses() -> None:
    now, before = a_result(a_start(9.0), part="scale"), a_result(a_start(60.0), part="scale")
    assert BLOCKS["scale"](Measured({"scale": now}, {"scale": before})).endswith("| start to ready (ms) | 9 (60) |")
