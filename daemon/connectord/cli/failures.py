"""The one place that shows an error to a person or a program, and says which exit code it is."""

from __future__ import annotations

import os
import traceback

from connectord.base44.errors import Base44Error, CredentialsUnusable, SignedOut
from connectord.cli.complaint import Usage, complain, document_of, exit_code_of_code
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.errors import ConnectordError
from connectord.project import FileNotWritten, Problem, ProjectError
from connectord.settings import SettingsError

DEBUG_VARIABLE = "CONNECTORD_DEBUG"
"""Set to anything, it shows the traceback of an unexpected error."""


class InvalidFiles(Usage):
    """Connector files that can't be used. The details are all their problems, as file:line:column and a sentence."""

    code = "SCHEMA_INVALID"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{count} in the connector files, so nothing was sent and nothing was changed.",
            details=tuple(str(problem) for problem in problems),
            todo=("Mend what is listed above and run it again.",),
        )


def exit_code_of(error: ConnectordError) -> ExitCode:
    """The exit code that an error ends a command with."""
    match error:
        case SignedOut():
            return ExitCode.SIGNED_OUT
        case FileNotWritten():
            return ExitCode.FAILED
        case Usage() | ProjectError() | SettingsError() | CredentialsUnusable():
            return ExitCode.USAGE
        case _:
            return exit_code_of_code(error.code)


def show_error(error: ConnectordError, output: Output) -> ExitCode:
    """Print an error as a sentence, its details and what to do; as one document with `--json`."""
    complain(error, output, document=as_document(error))
    return exit_code_of(error)


def show_unexpected(error: Exception, output: Output) -> ExitCode:
    """Print an error that nobody foresaw: a defect of connectord, said in a sentence."""
    what = f"Something unforeseen happened, which is a defect of connectord: {type(error).__name__}: {error}"
    hint = f"Run it again with {DEBUG_VARIABLE}=1 to see where, and report it."
    code = show_error(ConnectordError(what, todo=(hint,)), output)
    if os.environ.get(DEBUG_VARIABLE):
        output.error("".join(traceback.format_exception(error)))
    return code


def as_document(error: ConnectordError) -> dict[str, object]:
    """An error in the shape that the CLI's `--json` has: `{"error", "code", "hints"}` and what else is known."""
    document = document_of(error)
    if isinstance(error, Base44Error) and error.status is not None:
        document["statusCode"] = error.status
    if isinstance(error, Base44Error) and error.request_id is not None:
        document["requestId"] = error.request_id
    return document
