"""The checks run side by side, and none of them can spoil the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from tests.support.doctor import here

from connectord.doctor import run
from connectord.doctor.around import Around
from connectord.doctor.asked import Asked
from connectord.doctor.checks import CHECKS, Check
from connectord.doctor.finding import Finding, State, ok
from connectord.errors import ConnectordError

RELEASED = threading.Event()


def well(around: Around) -> Iterator[Finding]:
    yield ok(f"in {around.folder.name}")


def two(around: Around) -> list[Finding]:
    return [ok("one"), ok("two")]


def hangs(around: Around) -> Iterator[Finding]:
    RELEASED.wait()
    yield ok("late")


def refuses(around: Around) -> Iterator[Finding]:
    raise ConnectordError("The thing is gone.", todo=("Fetch it.",), details=("from here",))


refuses_too = refuses


def fails(around: Around) -> Iterator[Finding]:
    yield ok("not this")
    raise ZeroDivisionError("by nothing")


@pytest.fixture(autouse=True)
def released() -> Iterator[None]:
    RELEASED.clear()
    yield
    RELEASED.set()


def checks(monkeypatch: pytest.MonkeyPatch, *names: str) -> tuple[Check, ...]:
    def load(name: str) -> object:
        return import_module(name) if name != __name__ else _Here()

    monkeypatch.setattr(run, "import_module", load)
    return tuple(Check(name, "Group", f"{__name__}:{name}") for name in names)


class _Here:
    """This module, which pytest doesn't leave in sys.modules."""

    def __getattr__(self, name: str) -> object:
        return globals()[name]


def test_each_check_says_what_it_found_in_the_order_of_the_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = list(run.run_checks(checks(monkeypatch, "two", "well"), here(tmp_path)))
    assert [(one.check.name, [finding.what for finding in one.findings]) for one in found] == [
        ("two", ["one", "two"]),
        ("well", [f"in {tmp_path.name}"]),
    ]


def test_a_check_that_hangs_is_said_when_the_time_is_up_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    times = iter((0.0, 0.0, 1e9))  # at the start, for the first, for the one that hangs
    results = run.run_checks(
        checks(monkeypatch, "well", "hangs"), here(tmp_path), limit=30, clock=lambda: next(times, 1e9)
    )
    assert next(results).findings[0].state is State.OK
    [finding] = next(results).findings
    assert (finding.state, finding.what) == (
        State.BROKEN,
        "this check hasn't ended after 30 s: what it looks at hangs",
    )


def test_an_error_is_a_finding_in_its_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [one] = run.run_checks(checks(monkeypatch, "refuses"), here(tmp_path))
    assert one.findings == (Finding(State.BROKEN, "The thing is gone.", ("from here",), ("Fetch it.",)),)


def test_an_error_that_keeps_several_checks_from_looking_is_said_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = run.run_checks(checks(monkeypatch, "refuses", "well", "refuses_too"), here(tmp_path))
    findings = [finding for one in found for finding in one.findings]
    assert [finding.state for finding in findings] == [State.BROKEN, State.OK, State.UNKNOWN]
    assert findings[-1].what == "see what is said of refuses"


def test_a_check_with_a_defect_is_said_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = run.run_checks(checks(monkeypatch, "fails", "well"), here(tmp_path))
    assert first.findings[0].what == (
        "this check failed itself, which is a defect of connectord: ZeroDivisionError: by nothing"
    )
    assert second.findings[0].state is State.OK


def test_a_check_that_a_broken_package_keeps_from_loading_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = Check("gone", "Group", "connectord.no_such_module:check")
    first, second = run.run_checks((broken, *checks(monkeypatch, "well")), here(tmp_path))
    assert first.findings[0].what.startswith("this check can't be loaded: ModuleNotFoundError")
    assert second.findings[0].state is State.OK


def test_a_question_of_several_checks_is_asked_once() -> None:
    answers = iter((1, 2))
    question = Asked(lambda: next(answers))
    assert (question(), question()) == (1, 1)


def test_several_checks_get_the_same_error() -> None:
    asked: list[int] = []

    def refuse() -> int:
        asked.append(1)
        raise ConnectordError("no")

    question = Asked(refuse)
    for _ in range(2):
        with pytest.raises(ConnectordError, match="no"):
            question()
    assert asked == [1]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_is_where_the_list_says(check: Check) -> None:
    module, _, name = check.place.partition(":")
    assert callable(getattr(import_module(module), name))
    assert [one.name for one in CHECKS].count(check.name) == 1
