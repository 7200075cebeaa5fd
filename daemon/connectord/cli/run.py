"""`connectord run`: the daemon in the foreground."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from pathlib import Path

import click

from connectord.cli.exit_codes import ExitCode
from connectord.cli.lines import json_lines, readable_lines
from connectord.cli.output import Output
from connectord.cli.running import ending_signals, run_command
from connectord.cli.telling import Telling
from connectord.daemon import Daemon, Surroundings
from connectord.places import runtime_dir, state_dir
from connectord.project import Project, read_project
from connectord.service.sd_notify import service_notifier
from connectord.settings import read_settings


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines even in a terminal.")
@click.option("--background", is_flag=True, hidden=True, help="Print errors only: `connectord start` runs it so.")
@click.option("--service", is_flag=True, hidden=True, help="Print JSON lines for the journal: systemd runs it so.")
def run(paths: tuple[Path, ...], *, as_json: bool, background: bool, service: bool) -> None:
    """Look after the projects at PATHS and the registered ones, and push what changes, until Ctrl-C.

    Those at PATHS are for this run only (`connectord projects add` registers). Where there is neither, it is the
    project around this folder. In a terminal it prints readable lines, elsewhere JSON lines.
    """
    as_json_lines = not background and (as_json or service or not sys.stdout.isatty())
    # In the background the log file has every line, and stdout is a file that nobody rotates.
    lines = None if background else json_lines if as_json_lines else readable_lines
    notifier = service_notifier(os.environ)
    if service:
        # The watchdog ends what hangs with SIGABRT: then the journal says where it hung.
        faulthandler.enable()

    async def command(output: Output) -> ExitCode:
        del output
        otherwise = None if background or service or paths else _project_around_here
        with Telling(lines, state_dir()) as telling:
            surroundings = Surroundings(
                read_settings(),
                os.environ,
                Path.home(),
                state_dir(),
                runtime_dir(),
                telling.publish,
                service=notifier,
            )
            # A folder on a disk that hangs must not keep Ctrl-C waiting.
            projects = await asyncio.to_thread(_projects, paths)
            daemon = Daemon(projects, surroundings, otherwise=otherwise)
            telling.on_log_trouble = daemon.log_trouble
            await _until_signalled(daemon)
        return ExitCode.OK

    run_command(command, as_json=as_json_lines, in_lines=as_json_lines)


def _projects(paths: tuple[Path, ...]) -> tuple[Project, ...]:
    found = [read_project(path.absolute(), os.environ) for path in paths]
    return tuple({project.root: project for project in found}.values())


def _project_around_here() -> Project:
    return read_project(Path().absolute(), os.environ)


async def _until_signalled(daemon: Daemon) -> None:
    """Run the daemon; the first signal ends it in order, the second one at once."""
    running = asyncio.ensure_future(daemon.run())
    asked = False

    def end(number: signal.Signals) -> None:
        nonlocal asked
        # Of a terminal that goes away the kernel tells, and the shell too: that is no insisting.
        if asked and number is not signal.SIGHUP:
            running.cancel()
        asked = True
        daemon.stop()

    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, end, number)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise
