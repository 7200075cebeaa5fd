"""`connectord pause` and `connectord resume`: a person's word that nothing be pushed for a while."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_path
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.models import Status


@click.command()
@with_path
@with_json
def pause(path: Path | None, *, as_json: bool) -> None:
    """Push nothing until `connectord resume`, in all projects or the one that PATH lies in. It lasts over restarts."""
    run_asking(lambda client, output: _paused(client, path, output), as_json=as_json)


@click.command()
@with_path
@with_json
def resume(path: Path | None, *, as_json: bool) -> None:
    """End a pause, in all projects or the one that PATH lies in: what was saved meanwhile is pushed."""
    run_asking(lambda client, output: _resumed(client, path, output), as_json=as_json)


def _paused(client: Client, path: Path | None, output: Output) -> ExitCode:
    return _say(client.pause(path), "Paused", output)


def _resumed(client: Client, path: Path | None, output: Output) -> ExitCode:
    return _say(client.resume(path), "Resumed", output)


def _say(now: Status, words: str, output: Output) -> ExitCode:
    output.document(now.model_dump(mode="json"))
    if output.as_json:
        return ExitCode.OK
    for project in now.projects:
        output.success(f"{words} {project.path}")
    if not now.projects:
        output.say("Nothing is registered, so there is nothing to do")
    return ExitCode.OK
