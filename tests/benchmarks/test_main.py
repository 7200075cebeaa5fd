"""Parts of the benchmark one after another: what can't be measured loses nothing of the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks import __main__ as command
from tests.benchmarks import report, results, rivals
from tests.benchmarks.bench import Bench


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results go; there are two parts, and the first can't be measured."""
    for name, folder in (("ROOT", tmp_path), ("PLACE", tmp_path / "kept"), ("PAGE", tmp_path / "page.md")):
        monkeypatch.setattr(command, name, folder)
    monkeypatch.setattr(command, "PARTS", {"broken": broken, "whole": whole})
    monkeypatch.setattr(command, "_commit", lambda: "abc")
    monkeypatch.setattr(report, "bring_up_to_date", lambda *_: (tmp_path / "page.md").touch())
    return tmp_path / "kept"


def broken(bench: Bench) -> None:
    raise TimeoutError("nothing came")


def whole(bench: Bench) -> None:
    bench.note("connectord", "something", "ms", [1.0])


def kept(place: Path, name: str = "now") -> set[str]:
    return set(results.load(place / name))


def test_a_part_that_can_not_be_measured_is_said_and_the_others_are_kept(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        command.main(["--alone"])
    assert kept(place) == {"whole"}
    assert command.PAGE.exists()
    said = capsys.readouterr()
    assert "could not be measured: broken" in said.out
    assert "nothing came" in said.err


def test_a_program_of_before_that_fails_loses_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def fails(words: list[str], **more: Any) -> None:
        asked.append(words[3:])
        raise subprocess.CalledProcessError(1, words)

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(SystemExit, match="1"):
        command.main(["--alone", "--before", sys.executable, "whole"])
    assert asked == [["whole", "--as", "before", "--alone"]]
    assert kept(place) == {"whole"}


def test_what_is_measured_already_is_left_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["whole", "--alone"], ["whole", "--alone", "--as", "before"]):
        command.main(words)
    capsys.readouterr()
    command.main(["whole", "--alone", "--resume", "--before", sys.executable])
    assert "1 of" not in capsys.readouterr().out


def test_what_was_measured_alone_is_not_done_where_there_are_rivals(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["whole", "--alone"])
    monkeypatch.setattr(rivals, "missing", lambda: None)
    monkeypatch.setattr(rivals, "fetch", lambda: None)
    monkeypatch.setattr(rivals, "versions", lambda: {"base44": "0"})
    capsys.readouterr()
    command.main(["whole", "--resume"])
    assert "1 of 1: whole" in capsys.readouterr().out


def test_where_the_rivals_can_not_be_fetched_it_is_measured_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline() -> None:
        raise subprocess.CalledProcessError(1, ["npm"])

    monkeypatch.setattr(rivals, "missing", lambda: None)
    monkeypatch.setattr(rivals, "fetch", offline)
    command.main(["whole"])
    assert "measured alone" in capsys.readouterr().out
    assert kept(place) == {"whole"}


@pytest.mark.parametrize("words", [["frobnicate"], ["--before", "/no/such/program"]])
def test_words_that_are_wrong_are_said_before_anything_is_measured(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--check", *words])
    assert words[-1] in capsys.readouterr().err


def test_words_that_are_right_are_only_looked_at(place: Path) -> None:
    command.main(["--check", "whole", "--alone"])
    assert kept(place) == set()
