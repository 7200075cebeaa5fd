"""`connectord approve` and `connectord restore`: the two words that end a hold (P6)."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.cli.asking import run_asking, with_json, with_project, with_yes
from connectord.cli.complaint import Usage
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.models import Approval, ProjectStatus, Restoration


@click.command()
@with_project
@with_yes
@with_json
def approve(project: Path | None, *, yes: bool, as_json: bool) -> None:
    """Remove what is held from Base44, after a confirmation or with -y: exactly what is shown, and nothing else.

    In all projects, or in one of them with --project.
    """
    run_asking(lambda client, output: _approve(client, project, output, yes=yes), as_json=as_json)


@click.command()
@with_project
@with_json
def restore(project: Path | None, *, as_json: bool) -> None:
    """Write the connector files back whose connectors are held or about to be removed, as they were last pushed.

    Nothing that is there is written over. In all projects, or in one of them with --project.
    """
    run_asking(lambda client, output: _restore(client, project, output), as_json=as_json)


def _approve(client: Client, path: Path | None, output: Output, *, yes: bool) -> int:
    held = [project for project in client.status(path).projects if project.held]
    if not held:
        output.say("Nothing is held")
        output.document({"approved": []})
        return ExitCode.OK
    for project in held:
        _show(project, output)
    if not yes:
        if not output.interactive:
            raise Usage("--yes is required in non-interactive mode. Nothing was approved.")
        if not _sure():
            output.say("Nothing was approved")
            return ExitCode.OK
    for project in held:
        approval = Approval(holds={hold.reason: hold.types for hold in project.held})
        client.approve(Path(project.path), approval)
    output.document({"approved": [_approved(project) for project in held]})
    output.success("Approved; they are removed now. `connectord wait` returns when that is done")
    return ExitCode.OK


def _sure() -> bool:
    # Imported here: nobody else needs a terminal's event loop, and commands load fast.
    import asyncio  # noqa: PLC0415

    from connectord.cli.terminal import confirm  # noqa: PLC0415

    question = "Remove them from Base44? Their authorizations are lost for the whole app."
    return asyncio.run(confirm(question, default=False))


def _show(project: ProjectStatus, output: Output) -> None:
    output.say(f"To be removed from app {project.app_id} ({project.path}):", bold=True)
    for hold in project.held:
        output.say(f"  {', '.join(hold.types)}")
        output.say(f"    held ({hold.reason}), because {hold.why}", dim=True)


def _approved(project: ProjectStatus) -> dict[str, object]:
    return {"path": project.path, "holds": {hold.reason: list(hold.types) for hold in project.held}}


def _restore(client: Client, path: Path | None, output: Output) -> int:
    restored = {project.path: client.restore(Path(project.path)) for project in client.status(path).projects}
    output.document({"restored": [{"path": at} | one.model_dump(mode="json") for at, one in restored.items()]})
    for one in restored.values():
        _say(one, output)
    if not any(one.files or one.failures for one in restored.values()):
        output.say("No connector file is missing")
    return ExitCode.FAILED if any(one.failures for one in restored.values()) else ExitCode.OK


def _say(restored: Restoration, output: Output) -> None:
    for file in restored.files:
        output.success(f"Written back: {file.file}")
    for failure in restored.failures:
        output.error(f"{failure.type}: {failure.error}")
