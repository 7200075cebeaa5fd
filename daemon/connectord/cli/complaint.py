"""An error in words or as a document, and its exit code by its code alone: all that a thin command needs to load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.errors import ConnectordError

_BY_CODE: Final = {
    **dict.fromkeys(("AUTH_REQUIRED", "SIGN_IN_FAILED"), ExitCode.SIGNED_OUT),
    "HOLDS_CHANGED": ExitCode.HELD,
    **dict.fromkeys(("NO_DAEMON", "DAEMON_ENDING", "PROTOCOL_MISMATCH"), ExitCode.NO_DAEMON),
    **dict.fromkeys(
        (
            "ALREADY_RUNNING",
            "BAD_REQUEST",
            "CONFIG_INVALID",
            "CONFIG_NOT_FOUND",
            "CREDENTIALS_UNUSABLE",
            "INVALID_INPUT",
            "NO_RUNTIME_DIRECTORY",
            "PLACE_UNUSABLE",
            "PROJECT_ERROR",
            "SCHEMA_INVALID",
            "SETTINGS_INVALID",
            "SOCKET_UNUSABLE",
            "UNKNOWN_PROJECT",
        ),
        ExitCode.USAGE,
    ),
}
"""An error that was raised in the daemon arrives here without its class."""


class Usage(ConnectordError):
    """The command can't do what it was asked the way it was asked; nothing was sent and nothing written."""

    code = "INVALID_INPUT"


def exit_code_of_code(code: str) -> ExitCode:
    """The exit code that an error with this code ends a command with."""
    return _BY_CODE.get(code, ExitCode.FAILED)


def complain(error: ConnectordError, output: Output, *, document: Mapping[str, object] | None = None) -> None:
    """Print an error as a sentence, its details and what to do; as one document with `--json`."""
    output.document(document_of(error) if document is None else document)
    if output.as_json:
        return
    output.error(f"Error: {error.what}")
    for detail in error.details:
        output.error(f"  {detail}")
    for hint in error.todo:
        output.error(f"  Hint: {hint}")


def document_of(error: ConnectordError) -> dict[str, object]:
    """An error in the shape that the CLI's `--json` has: `{"error", "code", "hints"}`, and its details."""
    document: dict[str, object] = {"error": error.what, "code": error.code}
    if error.details:
        document["details"] = list(error.details)
    document["hints"] = [{"message": hint} for hint in error.todo]
    return document
