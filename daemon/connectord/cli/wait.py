"""`connectord wait`: until the files as they are now are settled."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_path
from connectord.cli.output import Output
from connectord.cli.status import say_lines
from connectord.cli.status_table import project_lines
from connectord.control.client import Client
from connectord.control.models import WaitResult
from connectord.control.verdict import Verdict, verdict_of_waiting


@click.command()
@with_path
@click.option("--timeout", default=120.0, show_default=True, type=click.FloatRange(0, 86_400), help="Seconds.")
@with_json
def wait(path: Path | None, *, timeout: float, as_json: bool) -> None:
    """Wait until what is saved now is pushed, in all projects or the one that PATH lies in.

    Exit codes as `status`; 1 also when it isn't settled in time.
    """
    run_asking(lambda client, output: _wait(client, path, timeout, output), as_json=as_json)


def _wait(client: Client, path: Path | None, timeout: float, output: Output) -> Verdict:
    result = client.wait(path, timeout=timeout)
    output.document(result.model_dump(mode="json"))
    found = verdict_of_waiting(result)
    if not output.as_json:
        _say(result, found, output)
    return found


def _say(result: WaitResult, found: Verdict, output: Output) -> None:
    if found is Verdict.WELL:
        output.success("Settled")
        return
    for project in result.projects:
        say_lines(project_lines(project, datetime.now(UTC)), output)
    if not result.settled:
        output.error(f"Error: Not settled: {result.why or 'the time was up'}.")
