"""`connectord restore`: the files of what is held, or about to be removed, come back (P6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_project
from connectord.cli.complaint import document_of
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.models import Restoration
from connectord.control.unanswered import Refusal


@click.command()
@with_project
@with_json
def restore(project: Path | None, *, as_json: bool) -> None:
    """Put the files back whose connectors are held or about to be removed, as they were last pushed.

    That ends the hold, and nothing is sent. Nothing that is there is written over. In all projects, or in one of them
    with --project.

    Exit codes: 0 all of them are there again, 1 one could not be written.
    """
    run_asking(lambda client, output: _restore(client, project, output), as_json=as_json)


def _restore(client: Client, path: Path | None, output: Output) -> int:
    projects = [Path(project.path) for project in client.status(path).projects]
    restored = {root: _restored(client, root, alone=len(projects) == 1) for root in projects}
    output.document({"restored": [_document(root, one) for root, one in restored.items()]})
    for root, one in restored.items():
        _say(root, one, output)
    if not any(isinstance(one, Refusal) or one.files or one.failures for one in restored.values()):
        output.say("No connector file is missing")
    failed = any(isinstance(one, Refusal) or one.failures for one in restored.values())
    return ExitCode.FAILED if failed else ExitCode.OK


def _restored(client: Client, root: Path, *, alone: bool) -> Restoration | Refusal:
    """The restoration of one project; where it is refused, that keeps no other from being restored."""
    try:
        return client.restore(root)
    except Refusal as refusal:
        if alone:
            raise
        return refusal


def _document(root: Path, restored: Restoration | Refusal) -> Mapping[str, object]:
    came_of_it = document_of(restored) if isinstance(restored, Refusal) else restored.model_dump(mode="json")
    return {"path": str(root), **came_of_it}


def _say(root: Path, restored: Restoration | Refusal, output: Output) -> None:
    if isinstance(restored, Refusal):
        output.error(f"Error: {root}: {restored.what}")
        return
    for file in restored.files:
        output.success(f"Written back: {file.file}")
    for failure in restored.failures:
        output.error(f"✗ Not written back: {failure.type} - {failure.error}")
