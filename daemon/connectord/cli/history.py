"""`connectord history`: what the daemon did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_path
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.status_table import clock
from connectord.control.client import Client


@click.command()
@with_path
@click.option("-n", "limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="So many entries.")
@with_json
def history(path: Path | None, *, limit: int, as_json: bool) -> None:
    """Show what happened, the newest last, in all projects or the one that PATH lies in."""
    run_asking(lambda client, output: _history(client, path, limit, output), as_json=as_json)


def _history(client: Client, path: Path | None, limit: int, output: Output) -> ExitCode:
    entries = client.history(path, limit=limit)[::-1]
    output.document({"entries": [entry.model_dump(mode="json") for entry in entries]})
    if output.as_json:
        return ExitCode.OK
    if not entries:
        output.say("Nothing has happened yet")
    now = datetime.now(UTC)
    for entry in entries:
        where = f"  [{Path(entry.project).name}]" if entry.project and path is None else ""
        output.say(f"{clock(entry.at, now)}{where}  {entry.message}", **({"fg": "red"} if entry.error else {}))
    return ExitCode.OK
