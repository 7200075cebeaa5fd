"""Running a command's coroutine to its end: its exit code, its errors, Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import NoReturn

from connectord.cli.exit_codes import ExitCode
from connectord.cli.failures import show_error, show_unexpected
from connectord.cli.output import Output
from connectord.errors import ConnectordError

Command = Callable[[Output], Coroutine[None, None, ExitCode]]


class Terminated(Exception):
    """SIGTERM came. The command was cancelled and has cleaned up, as for Ctrl-C."""


def run_command(command: Command, *, as_json: bool = False) -> NoReturn:
    """Run `command` and leave with its exit code; errors are shown, never raised."""
    output = Output(as_json=as_json)
    sys.exit(_exit_code(command, output))


def _exit_code(command: Command, output: Output) -> ExitCode:
    try:
        return asyncio.run(_until_terminated(command, output))
    except ConnectordError as error:
        return show_error(error, output)
    except KeyboardInterrupt:
        output.error("Interrupted.")
        return ExitCode.INTERRUPTED
    except Terminated:
        output.error("Terminated.")
        return ExitCode.TERMINATED
    except Exception as error:  # noqa: BLE001  (the last resort: a sentence instead of a traceback)
        return show_unexpected(error, output)


async def _until_terminated(command: Command, output: Output) -> ExitCode:
    """Let SIGTERM cancel the command, so that terminal modes and files are restored on the way out."""
    running = asyncio.ensure_future(command(output))
    came = False

    def terminate() -> None:
        nonlocal came
        came = True
        running.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await running
    except asyncio.CancelledError:
        if came:
            raise Terminated from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
