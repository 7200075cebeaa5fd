"""`connectord skip`: a person's word that an authorization can wait."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_project
from connectord.cli.complaint import Usage
from connectord.cli.completion import complete_types
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.verdict import needs_consent


@click.command()
@click.argument("type_", metavar="TYPE", shell_complete=complete_types)
@with_project
@with_json
def skip(type_: str, project: Path | None, *, as_json: bool) -> None:
    """Don't wait for the authorization of TYPE any more, and don't remind of it; `connectord authorize` asks again.

    In all projects where it waits, or in one of them with --project.

    Exit codes: 0 skipped, 1 it has no link that waits, 2 no such connector, 6 no daemon.
    """
    run_asking(lambda client, output: _skip(client, type_, project, output), as_json=as_json)


def _skip(client: Client, name: str, path: Path | None, output: Output) -> ExitCode:
    projects = client.status(path).projects
    having = [one for one in projects if any(line.type == name for line in one.connectors)]
    if not having:
        raise Usage(f"No project has a connector {name!r}.", todo=("See which there are with: connectord status",))
    waiting = [one for one in having if any(line.type == name and needs_consent(line) for line in one.connectors)]
    skipped = []
    for project in waiting or having:
        client.skip(Path(project.path), name)
        skipped.append(project.path)
        output.success(f"{name} in {project.path} can wait. When you want it: connectord authorize {name}")
    output.document({"skipped": [{"path": root, "type": name} for root in skipped]})
    return ExitCode.OK
