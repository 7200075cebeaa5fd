"""Carrying a pull out on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectord.cli.pull_files import carry_out, names_in, read_text, still_fits
from connectord.cli.pull_plan import FileText, PullPlan
from connectord.project import Connector, FileNotWritten


def test_it_writes_and_then_deletes(tmp_path: Path) -> None:
    old = tmp_path / "gmail.jsonc"
    old.write_text("{}")
    new = tmp_path / "deep" / "connectors" / "slack.jsonc"
    carry_out(PullPlan(1, (FileText("slack", new, "new\r\n"),), (Connector("gmail", file=old),)))
    assert read_text(new) == "new\r\n"
    assert not old.exists()


def test_a_failure_says_what_was_done_before_it(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonc", tmp_path / "b.jsonc"
    second.mkdir()
    third = tmp_path / "c.jsonc"
    third.write_text("{}")
    files = (FileText("a", first, "{}"), FileText("b", second, "{}"))
    with pytest.raises(FileNotWritten) as failure:
        carry_out(PullPlan(2, files, (Connector("c", file=third),)))
    assert failure.value.file == second
    assert failure.value.details == ("Written before that: a.jsonc",)
    assert third.exists()


@pytest.mark.parametrize(
    ("text_before", "now", "fits"),
    [("a", "a", True), ("a", "b", False), ("a", None, False), (None, None, True), (None, "a", False)],
)
def test_a_plan_fits_while_its_files_are_as_they_were(
    tmp_path: Path, text_before: str | None, now: str | None, fits: bool
) -> None:
    path = tmp_path / "slack.jsonc"
    if now is not None:
        path.write_text(now)
    assert still_fits(PullPlan(1, (FileText("slack", path, "new", text_before),))) is fits


def test_a_missing_directory_has_no_names(tmp_path: Path) -> None:
    assert names_in(tmp_path / "nowhere") == ()
