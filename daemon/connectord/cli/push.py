"""`connectord push`: make the app's connectors equal to the local files, once. No daemon is needed."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import click

from connectord.authorize import Authorizations
from connectord.base44 import App
from connectord.browser import find_browser, in_ci
from connectord.cli.beside_daemon import held_by_daemon, tell_daemon
from connectord.cli.complaint import Usage
from connectord.cli.consents import Consents, print_links, say_newer
from connectord.cli.exit_codes import ExitCode
from connectord.cli.files import read_files
from connectord.cli.opening import open_browser_setting
from connectord.cli.options import Target, with_json, with_target, with_yes
from connectord.cli.output import Output
from connectord.cli.push_summary import PushEnd, as_document, print_outro, print_summary
from connectord.cli.running import run_command
from connectord.cli.session import look, open_session
from connectord.cli.terminal import confirm
from connectord.cli.watching import OwnWatch, Watching, beside_daemon
from connectord.project import Project, Snapshot, SnapshotReader
from connectord.project.git_busy import GitWork
from connectord.sync import Outcome, Plan, Remote, Result, carry_out, mirror_plan


@click.command()
@with_target
@with_yes
@with_json
def push(*, path: Path, directory: Path | None, app_id: str | None, yes: bool, as_json: bool) -> None:
    """Make the app's connectors equal to the connector files of PATH, once.

    Connectors without a file are removed from Base44, after a confirmation or with -y. Where the directory is missing
    or a file is invalid, nothing is sent.
    """
    target = Target(path, app_id, directory)
    run_command(lambda output: _push(target, output, yes=yes), as_json=as_json)


async def _push(target: Target, output: Output, *, yes: bool) -> ExitCode:
    project = await asyncio.to_thread(target.project)
    snapshot = await read_files(project, warn=output.warn)
    _refuse_wrong_folder(project, snapshot)
    _say_found(snapshot, output)
    if not yes and not output.interactive:
        raise Usage(
            "--yes is required in non-interactive mode. Nothing was sent.",
            todo=("Run it again with -y to overwrite the app's connectors with the local files.",),
        )
    async with open_session(project, output) as session:
        plan = mirror_plan(snapshot, await session.first(lambda: _look(session.app, output)))
        if plan.removals or not yes:
            await _warn(plan, project, output)
        if not yes and not await confirm("Are you sure you want to continue?", default=not plan.removals):
            output.say("Push cancelled")
            return ExitCode.OK
        try:
            outcomes = await _carry_out(plan, session.app, project, output)
            return await _finish(outcomes, snapshot, session.app, project, output)
        finally:
            await asyncio.to_thread(tell_daemon, project)


def _refuse_wrong_folder(project: Project, snapshot: Snapshot) -> None:
    """A folder without connector files that the project's config lies in is a mistyped name, not a wish to remove."""
    directory = project.connectors_dir.resolve()
    inside = (project.root, project.config_path.parent if project.config_path else project.connectors_dir)
    if (
        project.config_path
        and not snapshot.connectors
        and any(one.resolve().is_relative_to(directory) for one in inside)
    ):
        raise Usage(
            f"{directory} holds the project itself and no connector files. Nothing was sent.",
            todo=("Check --dir, or connectorsDir in the project's config.",),
        )


async def _look(app: App, output: Output) -> Remote:
    # As the CLI does it: Stripe in trouble keeps no OAuth connector from being pushed.
    return await look(
        app,
        without_stripe=lambda error: output.warn(f"Stripe could not be looked at and is not removed: {error.what}"),
    )


def _say_found(snapshot: Snapshot, output: Output) -> None:
    types = [connector.type for connector in snapshot.connectors]
    if types:
        output.say(f"Found {len(types)} connectors to push: {', '.join(types)}")
    else:
        output.say("No local connectors found - checking for remote connectors to remove")


async def _warn(plan: Plan, project: Project, output: Output) -> None:
    """Say everything that will be removed, and which of it the daemon holds, before it is asked for or done."""
    warning = "This will overwrite your app's connectors with your local copy"
    if not plan.removals:
        output.warn(f"{warning}. No connector will be removed.")
        return
    output.warn(f"{warning} and remove {len(plan.removals)} from Base44: {', '.join(plan.removals)}.")
    held = await asyncio.to_thread(held_by_daemon, project)
    for hold in held:
        if names := [name for name in plan.removals if name in hold.types]:
            output.warn(f"The daemon holds {', '.join(names)} ({hold.reason}), because {hold.why}.")


async def _carry_out(plan: Plan, app: App, project: Project, output: Output) -> tuple[Outcome, ...]:
    """Send the plan. Interrupted, it says what had been pushed until then."""
    output.progress("Pushing connectors to Base44...")
    heard: list[Outcome] = []
    reader = SnapshotReader()

    async def objection(connector_type: str) -> Outcome | None:
        why = _why_not_removed(connector_type, await asyncio.to_thread(reader.read, project))
        return Outcome(connector_type, Result.HELD, error=why) if why else None

    try:
        return await carry_out(plan, app, objection=objection, on_outcome=heard.append)
    except asyncio.CancelledError:
        done = ", ".join(f"{outcome.type} ({outcome.result})" for outcome in heard) or "nothing"
        output.error(f"Pushed before the interruption: {done}. Run 'connectord push' again for the rest.")
        raise


def _why_not_removed(connector_type: str, now: Snapshot) -> str | None:
    """What the files say right before a removal that was confirmed when they said something else (P3, P4)."""
    if not now.complete:
        return "the connector files can't be read any more"
    if now.git.busy is not None and now.git.busy.work is GitWork.LOCK:
        return str(now.git.busy)
    here = {name.lower() for name in now.by_type}
    return "its file is back" if connector_type.lower() in here else None


async def _finish(
    outcomes: tuple[Outcome, ...], snapshot: Snapshot, app: App, project: Project, output: Output
) -> ExitCode:
    pending = tuple(outcome for outcome in outcomes if outcome.result is Result.NEEDS_AUTHORIZATION)
    asks = bool(pending) and output.interactive and not in_ci(os.environ)
    async with Authorizations() as own:
        watching: Watching = OwnWatch(app, own)
        if pending:
            # Whether or not somebody is asked now: a daemon goes on watching when this push has ended.
            newer = partial(say_newer, output=output)
            watching, pending = await beside_daemon(project, pending, snapshot, watching, newer)
            outcomes = _with_shown(outcomes, pending)
            print_links(pending, output)
        end = PushEnd(outcomes)
        if asks:
            consents = Consents(output, find_browser(setting=open_browser_setting(output)), watching)
            end = await _authorize(outcomes, pending, snapshot, consents, app.dashboard_url)
    print_summary(end, app.dashboard_url, output)
    print_outro(end, output, asked=asks)
    output.document(as_document(end))
    return end.exit_code


def _with_shown(outcomes: tuple[Outcome, ...], pending: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """The outcomes with the links that the person is shown."""
    shown = {outcome.type: outcome for outcome in pending}
    return tuple(shown.get(outcome.type, outcome) for outcome in outcomes)


async def _authorize(
    outcomes: tuple[Outcome, ...],
    pending: tuple[Outcome, ...],
    snapshot: Snapshot,
    consents: Consents,
    dashboard_url: str,
) -> PushEnd:
    """Go through the consents. Interrupted, it sums up what had been pushed and authorized until then."""
    try:
        if not await consents.wanted():
            return PushEnd(outcomes, declined=True)
        return PushEnd(outcomes, await consents.ask_for(pending, snapshot.by_type))
    except asyncio.CancelledError:
        print_summary(PushEnd(outcomes, tuple(consents.ended)), dashboard_url, consents.output)
        raise
