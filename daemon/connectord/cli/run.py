"""`connectord run`: the daemon in the foreground."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output, printable
from connectord.cli.running import run_command
from connectord.control import News, NewsKind, Tone
from connectord.daemon import Daemon, Surroundings
from connectord.project import Project, read_project
from connectord.settings import read_settings

STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.PLAIN: {},
    Tone.QUIET: {"dim": True},
    Tone.ATTENTION: {"fg": "yellow"},
    Tone.BAD: {"fg": "red"},
}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines even in a terminal.")
def run(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Watch the projects at PATHS and push what changes, until Ctrl-C.

    Without PATHS it is the project around this folder. In a terminal it prints readable lines, elsewhere JSON lines.
    """
    json_lines = as_json or not sys.stdout.isatty()

    async def command(output: Output) -> ExitCode:
        projects = _projects(paths or (Path(),))
        surroundings = Surroundings(read_settings(), os.environ, Path.home(), _printer(output, json_lines=json_lines))
        await _until_signalled(Daemon(projects, surroundings))
        return ExitCode.OK

    run_command(command, as_json=json_lines)


def _projects(paths: tuple[Path, ...]) -> tuple[Project, ...]:
    found = [read_project(path.absolute(), os.environ) for path in paths]
    return tuple({project.root: project for project in found}.values())


def _printer(output: Output, *, json_lines: bool) -> Callable[[News], None]:
    def print_json(news: News) -> None:
        click.echo(news.json_line())

    def print_line(news: News) -> None:
        output.say(f"{_clock_time(news)}  {news.message}", **STYLES[news.tone])
        if news.event is NewsKind.PROJECT_WATCHING:
            output.say(f"{_clock_time(news)}  Save a connector file and it is pushed. Ctrl-C ends.", dim=True)

    return print_json if json_lines else print_line


def _clock_time(news: News) -> str:
    return printable(news.at.astimezone().strftime("%H:%M:%S"))


async def _until_signalled(daemon: Daemon) -> None:
    """Run the daemon; the first SIGINT or SIGTERM ends it in order, the second one at once."""
    running = asyncio.ensure_future(daemon.run())
    asked = False

    def end() -> None:
        nonlocal asked
        if asked:
            running.cancel()
        asked = True
        daemon.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise
