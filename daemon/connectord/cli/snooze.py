"""`connectord snooze`: no notices for a while; what is still true is shown afterwards."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import click

from connectord.cli.asking import run_asking, with_json
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.status_table import clock
from connectord.control.client import Client
from connectord.control.models import LONGEST_SNOOZE, DaemonStatus

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}
_SPAN: Final = re.compile(r"(?:\d+(?:d|h|min|m|s))+")
_PART: Final = re.compile(r"(\d+)(d|h|min|m|s)")


@click.command()
@click.argument("span", metavar="[SPAN|off]", required=False)
@with_json
def snooze(span: str | None, *, as_json: bool) -> None:
    """Show no notices for SPAN (30m, 1h, 2h30m, 1d), over restarts; `off` ends it. Without SPAN: until when they wait.

    Pushing goes on, and `connectord status` says everything all the same. What is still true is shown afterwards.
    """
    seconds = None if span is None else seconds_in(span)
    run_asking(lambda client, output: _snooze(client, seconds, output), as_json=as_json)


def seconds_in(span: str) -> float:
    """The seconds in `1h`, `2h30m` or `off`. Raises click's error for a bad argument."""
    if span == "off":
        return 0.0
    if not _SPAN.fullmatch(span):
        raise click.BadParameter(f"{span!r} is no span of time; write it as 30m, 1h, 2h30m or 1d, or `off`.")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(span))
    if not 0 < seconds <= LONGEST_SNOOZE:
        raise click.BadParameter(
            f'{span} is not between a second and a week. For no notices at all there is notify_level = "none".'
        )
    return float(seconds)


def _snooze(client: Client, seconds: float | None, output: Output) -> ExitCode:
    daemon = client.daemon() if seconds is None else client.snooze(seconds)
    output.document(daemon.model_dump(mode="json"))
    if not output.as_json:
        output.say(_words(daemon, datetime.now(UTC), ended=seconds == 0.0))
    return ExitCode.OK


def _words(daemon: DaemonStatus, now: datetime, *, ended: bool) -> str:
    if daemon.quiet_until is None:
        return "Notices are shown"
    until = clock(daemon.quiet_until, now)
    if daemon.snoozed_until is None:
        begin = "No longer snoozed, but" if ended else "Not snoozed, but"
        return f"{begin} it is quiet until {until} by the quiet_hours of config.toml"
    return f"No notices until {until}. Sooner: connectord snooze off"
