"""`connectord logs`: the daemon's lines, from its files; it need not run."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import Final

import click

from connectord.cli.exit_codes import ExitCode
from connectord.cli.log_tail import LogTail
from connectord.cli.output import Output
from connectord.cli.thin import run_thin
from connectord.control.log_places import log_files, log_path
from connectord.places import state_dir

FOLLOW_SECONDS: Final = 0.25

_COLOURS: Final = {"good": "green", "attention": "yellow", "bad": "red"}


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(0), help="Begin with so many lines.")
@click.option("--json", "as_json", is_flag=True, help="The JSON lines as they are, even in a terminal.")
def logs(*, follow: bool, count: int, as_json: bool) -> None:
    """Show what the daemon wrote down: sentences in a terminal, JSON lines elsewhere."""
    say = _say_raw if as_json or not sys.stdout.isatty() else _say_sentence
    run_thin(lambda output: _logs(output, count, say, follow=follow))


def _logs(output: Output, count: int, say: Callable[[str, Output], None], *, follow: bool) -> ExitCode:
    state = state_dir()
    if not log_files(state):
        output.warn(f"There is no log in {log_path(state).parent} yet.")
    with closing(LogTail(state)) as tail:
        try:
            _each(tail.last(count), say, output)
            while follow and not output.unread:
                time.sleep(FOLLOW_SECONDS)
                _each(tail.more(), say, output)
        except KeyboardInterrupt:
            pass  # the normal way to end following
    return ExitCode.OK


def _each(lines: Iterable[str], say: Callable[[str, Output], None], output: Output) -> None:
    for line in lines:
        say(line, output)
    sys.stdout.flush()


def _say_raw(line: str, output: Output) -> None:
    output.say(line)


def _say_sentence(line: str, output: Output) -> None:
    """A line as `connectord run` prints it in a terminal; what isn't one of the daemon's lines stays as it is."""
    try:
        fields = json.loads(line)
        at = datetime.fromisoformat(fields["at"]).astimezone()
        text, colour = f"{at:%m-%d %H:%M:%S}  {fields['message']}", _COLOURS.get(fields.get("tone", ""))
    except (ValueError, KeyError, TypeError):
        text, colour = line, None
    output.say(text, **({"fg": colour} if colour else {}))
