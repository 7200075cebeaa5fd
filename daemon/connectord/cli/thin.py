"""Running a command that neither waits nor asks anyone: its exit code and its errors, with nothing loaded for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from connectord.cli.complaint import complain, exit_code_of_code
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.errors import ConnectordError


def run_thin(command: Callable[[Output], int], *, as_json: bool = False) -> NoReturn:
    """Run it and leave with its exit code; errors are shown, never raised."""
    output = Output(as_json=as_json)
    try:
        sys.exit(output.exit_code(command(output)))
    except ConnectordError as error:
        complain(error, output)
        sys.exit(exit_code_of_code(error.code))
    except KeyboardInterrupt:
        output.error("Interrupted.")
        sys.exit(ExitCode.INTERRUPTED)
