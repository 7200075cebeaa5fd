"""`connectord pull`: make the local files equal to the app's connectors, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from connectord.cli.complaint import Usage
from connectord.cli.exit_codes import ExitCode
from connectord.cli.files import read_files
from connectord.cli.options import Target, with_json, with_target, with_yes
from connectord.cli.output import Output
from connectord.cli.pull_files import carry_out, names_in, read_text, still_fits
from connectord.cli.pull_plan import PullPlan, plan_pull
from connectord.cli.running import run_command
from connectord.cli.session import look, open_session
from connectord.cli.terminal import confirm
from connectord.project import Project, Snapshot, shown_path
from connectord.sync import Remote

CHANGED_MEANWHILE = "The connector files changed while pull was looking at them. Nothing was written; run it again."


@click.command()
@with_target
@with_yes
@with_json
def pull(*, path: Path, directory: Path | None, app_id: str | None, yes: bool, as_json: bool) -> None:
    """Make the connector files of PATH equal to the app's connectors, once.

    Comments and unknown keys stay. A file whose connector isn't on Base44 is deleted after a confirmation, or with -y.
    """
    target = Target(path, app_id, directory)
    run_command(lambda output: _pull(target, output, yes=yes), as_json=as_json)


async def _pull(target: Target, output: Output, *, yes: bool) -> ExitCode:
    project = await asyncio.to_thread(target.project)
    snapshot = await read_files(project, warn=output.warn, missing_is_empty=True)
    output.progress("Fetching connectors from Base44")
    async with open_session(project, output) as session:
        remote = await session.first(lambda: look(session.app))
    plan = await asyncio.to_thread(_decide, snapshot, remote)
    if plan.deletions and not yes and not await _may_delete(plan, output):
        output.say("Pull cancelled")
        return ExitCode.OK
    await _check_unchanged(project, snapshot, plan)
    await asyncio.to_thread(carry_out, plan)
    _report(plan, snapshot.directory, output)
    return ExitCode.FAILED if any(one.refused for one in plan.left_alone) else ExitCode.OK


def _decide(snapshot: Snapshot, remote: Remote) -> PullPlan:
    try:
        return plan_pull(snapshot, remote, names_taken=names_in(snapshot.directory), read_text=read_text)
    except (OSError, ValueError) as error:
        # They were readable connector files a moment ago, when the snapshot was taken.
        raise Usage(CHANGED_MEANWHILE, details=(str(error),)) from error


async def _may_delete(plan: PullPlan, output: Output) -> bool:
    """Ask about exactly the files that would go; without a person to ask, raises Usage."""
    victims = ", ".join(f"{one.type} ({one.file.name})" for one in plan.deletions)
    if not output.interactive:
        raise Usage(
            f"These connectors are not on Base44, so pull would delete their files: {victims}. Nothing was written.",
            todo=("--yes is required to delete files in non-interactive mode: run it again with -y.",),
        )
    output.warn(f"These connectors are not on Base44, so their files will be deleted: {victims}")
    return await confirm("Are you sure you want to continue?", default=False)


async def _check_unchanged(project: Project, before: Snapshot, plan: PullPlan) -> None:
    """What is written and deleted was decided on `before`; an edit made since then must not be lost."""
    now = await read_files(project, missing_is_empty=True)
    if now.connectors != before.connectors or not await asyncio.to_thread(still_fits, plan):
        raise Usage(CHANGED_MEANWHILE)


def _report(plan: PullPlan, directory: Path, output: Output) -> None:
    written = [file.type for file in plan.writes]
    deleted = [connector.type for connector in plan.deletions]
    for one in plan.left_alone:
        output.warn(f"Left alone: {one.type} - {one.reason}")
    if written:
        output.success(f"Written: {', '.join(written)}")
    if deleted:
        output.say(f"Deleted: {', '.join(deleted)}", fg="yellow")
    if not written and not deleted:
        output.say("All connectors are already up to date")
    output.say(f"Pulled {plan.pulled} connectors to {shown_path(directory)}", bold=True)
    output.document(
        {
            "connectorsDir": str(directory),
            "pulled": plan.pulled,
            "written": written,
            "deleted": deleted,
            "leftAlone": [{"type": one.type, "reason": one.reason} for one in plan.left_alone],
        }
    )
