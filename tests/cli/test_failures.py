"""How errors are shown, to a person and to a program, and which exit code each is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectord.base44 import Busy, CredentialsUnusable, SignedOut, Unreachable
from connectord.cli.complaint import Usage
from connectord.cli.exit_codes import ExitCode
from connectord.cli.failures import InvalidFiles, exit_code_of, show_error
from connectord.cli.output import Output
from connectord.cli.running import run_command
from connectord.errors import ConnectordError
from connectord.project import FileNotWritten, NoProject, Problem, ProblemCode
from connectord.settings import SettingsError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SignedOut("x"), ExitCode.SIGNED_OUT),
        (Usage("x"), ExitCode.USAGE),
        (InvalidFiles(()), ExitCode.USAGE),
        (NoProject(Path("/nowhere")), ExitCode.USAGE),
        (CredentialsUnusable("x"), ExitCode.USAGE),
        (SettingsError("x"), ExitCode.USAGE),
        (FileNotWritten(Path("/x"), "written", OSError()), ExitCode.FAILED),
        (Unreachable("x"), ExitCode.FAILED),
        (ConnectordError("x"), ExitCode.FAILED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: ConnectordError, expected: ExitCode) -> None:
    assert exit_code_of(error) is expected


def test_an_error_is_a_sentence_its_details_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(Path("slack.jsonc"), ProblemCode.SHAPE, "it has no type", 1, 2)
    show_error(InvalidFiles((problem,)), Output())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Error: 1 problem in the connector files, so nothing was sent and nothing was changed.",
        "  slack.jsonc:1:2: it has no type",
        "  Hint: Mend what is listed above and run it again.",
    ]


def test_with_json_an_error_has_the_shape_of_the_cli(capsys: pytest.CaptureFixture[str]) -> None:
    error = Busy("Base44 is busy", status=503, request_id="1f0c", todo=("Try again.",), details=("more",))
    show_error(error, Output(as_json=True))
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {
        "error": "Base44 is busy",
        "code": "BUSY",
        "details": ["more"],
        "hints": [{"message": "Try again."}],
        "statusCode": 503,
        "requestId": "1f0c",
    }


@pytest.mark.parametrize("debug", [False, True])
def test_an_unforeseen_error_is_a_sentence_and_a_traceback_only_on_demand(
    debug: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTORD_DEBUG", "1" if debug else "")

    async def broken(output: Output) -> ExitCode:
        raise ZeroDivisionError("oh")

    with pytest.raises(SystemExit) as ended:
        run_command(broken)
    shown = capsys.readouterr().err
    assert ended.value.code == 1
    assert "a defect of connectord: ZeroDivisionError: oh" in shown
    assert "CONNECTORD_DEBUG=1" in shown
    assert ("Traceback" in shown) is debug


def test_a_command_ends_with_the_exit_code_it_returns() -> None:
    async def held(output: Output) -> ExitCode:
        return ExitCode.HELD

    with pytest.raises(SystemExit) as ended:
        run_command(held)
    assert ended.value.code == 4
