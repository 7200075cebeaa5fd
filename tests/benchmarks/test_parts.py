"""Every part of the benchmarks in miniature, with real processes: that it measures what it says. No time is judged."""

from __future__ import annotations

import pytest
from tests.benchmarks import rivals
from tests.benchmarks.__main__ import PARTS, measure
from tests.benchmarks.bench import QUICK
from tests.benchmarks.figures import Measurement
from tests.benchmarks.parts import switch
from tests.benchmarks.parts.commands import COMMANDS, SAME_IN_THE_CLI, floors
from tests.benchmarks.results import Result
from tests.support.real_cli import needs_real_cli

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]  # many processes, on a machine that may be busy

needs_rivals = pytest.mark.skipif(rivals.missing() is not None, reason=str(rivals.missing()))

MEMORY = {"resident memory", "proportional memory", "threads"}
IDLE = {"processor when idle", "context switches when idle", *MEMORY}
SAVE = {"save to request", "save to settled", "requests for one save"}
SWITCH = {"switch to settled", "requests for one switch"}
MEASURED = {
    "save": SAVE,
    "switch": SWITCH | {switch.SIXTEEN},
    "idle": IDLE,
    "burst": {
        "length of the burst", "last save to settled", "requests for one burst", "processor for one burst", *MEMORY,
        "peak memory",
    },
    "pauses": {"save to request after a pause", "connections opened for it"},
    "scale": {"start to ready", "processor until ready", "save to request", *IDLE},
    "commands": {"time of a command", "processor of a command"},
    "cold": {"start to ready", "start to settled", "processor until then", *MEMORY, "peak memory"},
}  # fmt: skip


def measured(part: str, *beside: rivals.Rival) -> Result:
    return measure(part, QUICK, beside=beside, say=print)


def one(result: Result, who: str, what: str) -> Measurement:
    (found, *_) = result.find(who=who, what=what)
    return found


@pytest.mark.parametrize("part", sorted(PARTS.keys() - {"commands"}))
def test_a_part_measures_what_it_says_of_connectord_alone(part: str) -> None:
    result = measured(part)
    assert {one.what for one in result.measurements if one.who == "connectord"} == MEASURED[part]
    assert all(value >= 0 for one in result.measurements for value in one.values)


def test_every_command_is_timed() -> None:
    result = measured("commands")
    assert {one.what for one in result.measurements} == MEASURED["commands"]
    timed = [one.conditions["command"] for one in result.find(what="time of a command")]
    assert timed == [*COMMANDS, *floors()]


def test_a_save_is_one_request_and_a_switch_one_for_each_file() -> None:
    assert set(one(measured("save"), "connectord", "requests for one save").values) == {1.0}
    assert set(one(measured("switch"), "connectord", "requests for one switch").values) == {2.0}


def test_a_burst_is_pushed_to_its_end() -> None:
    result = measured("burst")
    requests = [value for one in result.find(what="requests for one burst") for value in one.values]
    assert min(requests) >= QUICK.many


def test_where_there_is_no_node_the_commands_are_timed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "node" else name)
    timed = [one.conditions["command"] for one in measured("commands").find(what="time of a command")]
    assert timed == [*COMMANDS, "python -c pass"]


@needs_rivals
@needs_real_cli
@pytest.mark.parametrize(
    ("part", "rival"), [("save", rivals.chokidar), ("switch", rivals.entr), ("idle", rivals.chokidar)]
)
def test_what_people_use_instead_is_measured_beside(part: str, rival: rivals.Rival) -> None:
    result = measured(part, rival)
    assert {one.what for one in result.measurements if one.who == rival.__name__} == MEASURED[part] - {switch.SIXTEEN}
    assert result.beside.keys() == {"base44", "node", "entr", "chokidar-cli"}


@needs_rivals
@needs_real_cli
def test_the_cli_sends_everything_for_one_save() -> None:
    (sent,) = one(measured("save", rivals.entr), "entr", "requests for one save").values
    assert sent == QUICK.many + 2  # a list before, a list after


@needs_rivals
@needs_real_cli
def test_the_cli_s_commands_are_timed_beside_ours() -> None:
    timed = measured("commands", rivals.entr).find(who="base44", what="time of a command")
    assert [one.conditions["command"] for one in timed] == list(SAME_IN_THE_CLI)
