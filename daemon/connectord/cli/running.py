"""Running a command's coroutine to its end: its exit code, its errors, Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import NoReturn

from connectord.cli.exit_codes import ExitCode
from connectord.cli.failures import show_error, show_unexpected
from connectord.cli.output import Output
from connectord.errors import ConnectordError
from connectord.unjoined import IN_RUST, UnjoinedThreads

INSISTED = 3

Command = Callable[[Output], Coroutine[None, None, ExitCode]]


class Terminated(Exception):
    """SIGTERM came, or the terminal went away. The command was cancelled and has cleaned up, as for Ctrl-C."""


def ending_signals() -> tuple[signal.Signals, ...]:
    """What asks a command to end: Ctrl-C, SIGTERM, and the end of its terminal unless `nohup` says to outlive that."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM) if outlives else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_command(command: Command, *, as_json: bool = False, in_lines: bool = False) -> NoReturn:
    """Run `command` and leave with its exit code; errors are shown, never raised. See Output for the choices."""
    output = Output(as_json=as_json, in_lines=in_lines)
    _leave(output.exit_code(_exit_code(command, output)))


def _leave(code: int) -> NoReturn:
    """Leave; without taking Python down where a thread of the watcher didn't end in time (134 instead of `code`)."""
    if any(thread.name == IN_RUST for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # a reader that has gone; what was printed is checked by Output
                stream.flush()
        os._exit(code)
    sys.exit(code)


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
    """Let signals cancel the command, so that terminal modes, files and the login are whole on the way out.

    What must be finished (a renewed login that is being kept) takes ten seconds at most; whoever presses Ctrl-C again
    meanwhile is told so, and whoever insists a third time is obeyed.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnjoinedThreads())
    running = asyncio.ensure_future(command(output))
    signals: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if number is signal.SIGHUP and signals:
            return  # the kernel and the shell both say it, and neither insists
        signals.append(number)
        if len(signals) == 1:
            running.cancel()
        elif len(signals) == INSISTED:
            os._exit(ExitCode.INTERRUPTED if number is signal.SIGINT else ExitCode.TERMINATED)
        else:
            output.progress("Finishing what must not be cut off ... (once more to leave at once)")

    asking = ending_signals()
    for number in asking:
        loop.add_signal_handler(number, end, number)
    try:
        return await running
    except asyncio.CancelledError:
        if not signals:
            raise
        raise (KeyboardInterrupt if signals[0] is signal.SIGINT else Terminated) from None
    finally:
        for number in asking:
            loop.remove_signal_handler(number)
