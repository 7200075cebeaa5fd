"""`connectord projects`: which projects the daemon looks after."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.cli.asking import here, run_asking, with_json, with_path
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.status_table import NOTHING_YET
from connectord.control.client import Client


@click.group()
def projects() -> None:
    """Add, remove and list the projects that the daemon looks after."""


@projects.command("add")
@with_path
@with_json
def add(path: Path | None, *, as_json: bool) -> None:
    """Register a project, and begin to watch it.

    It is the one that PATH (or this folder) lies in.
    """
    run_asking(lambda client, output: register(client, path or here(), output), as_json=as_json)


@projects.command("remove")
@with_path
@with_json
def remove(path: Path | None, *, as_json: bool) -> None:
    """Look after the project that PATH (or this folder) lies in no more. Base44 and the files stay as they are."""
    run_asking(lambda client, output: _remove(client, path or here(), output), as_json=as_json)


@projects.command("list")
@with_path
@with_json
def list_projects(path: Path | None, *, as_json: bool) -> None:
    """List the registered projects with the state of each.

    With PATH the one that it lies in.
    """
    run_asking(lambda client, output: _list(client, path, output), as_json=as_json)


def register(client: Client, path: Path, output: Output) -> ExitCode:
    """Register the project around `path` and say so."""
    added = client.add_project(path)
    output.document(added.model_dump(mode="json"))
    if not output.as_json:
        project = added.project
        words = "Watching" if added.new else "Already registered:"
        output.success(f"{words} {project.path} (app {project.app_id} at {project.api_url})")
    return ExitCode.OK


def _remove(client: Client, path: Path, output: Output) -> ExitCode:
    project = client.status(path).projects[0]
    client.remove_project(path)
    output.document({"removed": project.path})
    if not output.as_json:
        output.success(f"{project.path} is no longer looked after")
        output.say("Its connectors on Base44 and its files stay as they are.", dim=True)
    return ExitCode.OK


def _list(client: Client, path: Path | None, output: Output) -> ExitCode:
    found = client.status(path).projects
    keys = {"path", "app_id", "api_url", "state", "temporary"}
    output.document({"projects": [project.model_dump(mode="json", include=keys) for project in found]})
    if output.as_json:
        return ExitCode.OK
    if not found:
        output.say(NOTHING_YET)
    width = max((len(project.path) for project in found), default=0)
    for project in found:
        words = project.state.value.replace("-", " ")
        output.say(f"{project.path:<{width}}  {words:<12}  app {project.app_id} at {project.api_url}")
    return ExitCode.OK
