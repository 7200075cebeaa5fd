"""Where words go: results on stdout, progress on stderr, one document with `--json`, nothing that steers a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectord.cli.output import Output, printable


def test_results_go_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.say("Synced: slack")
    output.progress("Pushing")
    output.warn("careful")
    said = capsys.readouterr()
    assert said.out == "Synced: slack\n"
    assert said.err == "Pushing\nWarning: careful\n"


def test_with_json_stdout_holds_the_document_alone(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.say("Synced: slack")
    output.success("done")
    output.document({"results": ["ü"]})
    assert json.loads(capsys.readouterr().out) == {"results": ["ü"]}


def test_without_json_there_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    Output().document({"results": []})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("slack\x1b[2J\x1b]0;gone\x07", "slack[2J]0;gone"),
        ("a\rb\x9bc\x7f", "abc"),
        ("two\nlines\tand ümläuts ✓", "two\nlines\tand ümläuts ✓"),
    ],
)
def test_words_from_the_wire_cannot_steer_the_terminal(sent: str, shown: str) -> None:
    assert printable(sent) == shown


def test_a_name_that_is_not_utf8_is_shown_escaped() -> None:
    shown = _run("import os; Output().say(os.fsdecode(b'sl\\xffack.json'))")
    assert shown.stdout == b"sl\\udcffack.json\n"
    assert shown.returncode == 0


def test_a_reader_that_went_away_ends_the_words_and_not_the_work(tmp_path: Path) -> None:
    done = tmp_path / "done"
    code = f"""
import os, pathlib, sys
reading, writing = os.pipe()
os.dup2(writing, 1); os.close(writing); os.close(reading)
output = Output()
output.say("one"); output.say("two")
pathlib.Path({str(done)!r}).write_text("work went on")
"""
    ended = _run(code)
    assert done.read_text() == "work went on"
    assert ended.stderr == b""
    assert ended.returncode == 0


def test_p12_a_result_that_a_full_disk_did_not_take_is_no_success() -> None:
    code = """
import os, sys
os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
output = Output(as_json=True)
output.document({"settled": True}); output.document({"more": 1})
sys.exit(output.exit_code(0))
"""
    ended = _run(code)
    assert ended.stderr == b"Error: The result could not be written to stdout: No space left on device.\n"
    assert ended.returncode == 1


def test_a_worse_exit_code_is_kept_where_the_disk_is_full() -> None:
    output = Output()
    output.unsaid = OSError(28, "No space left on device")
    assert output.exit_code(5) == 5


def _run(code: str) -> subprocess.CompletedProcess[bytes]:
    program = f"from connectord.cli.output import Output\n{code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=30)
