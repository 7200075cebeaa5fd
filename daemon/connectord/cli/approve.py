"""`connectord approve`: a person's word that what is held may be removed (P6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from connectord.cli.asking import run_asking, with_json, with_project, with_yes
from connectord.cli.complaint import Usage
from connectord.cli.exit_codes import ExitCode
from connectord.cli.following import Removal, follow
from connectord.cli.output import Output
from connectord.cli.status_table import clock
from connectord.control.client import Client
from connectord.control.models import Approval, ConnectorState, Hold, ProjectStatus
from connectord.control.unanswered import Refusal

GOES_ON: Final = (
    "The daemon goes on by itself, with ten removals a minute at most; `connectord wait` returns when it is done"
)


@click.command()
@with_project
@with_yes
@click.option("--timeout", default=30.0, show_default=True, type=click.FloatRange(0, 86_400), help="Seconds to follow.")
@with_json
def approve(project: Path | None, *, yes: bool, timeout: float, as_json: bool) -> None:
    """Remove from Base44 what is held: exactly what is shown, after a confirmation or with -y.

    In all projects, or in one of them with --project. It follows the removals for half a minute and says what came of
    each; the daemon goes on with the rest.

    Exit codes: 0 removed or under way, 1 a removal failed, 4 something isn't removed before you do something.
    """
    run_asking(lambda client, output: _approve(client, project, output, yes=yes, timeout=timeout), as_json=as_json)


def _approve(client: Client, path: Path | None, output: Output, *, yes: bool, timeout: float) -> int:
    projects = client.status(path).projects
    held = tuple(_Shown(project, holds) for project in projects if (holds := _to_approve(project)))
    if not held:
        output.document({"approved": []})
        return _nothing_to_approve(projects, output)
    for one in held:
        _show(one, output)
    if not yes and not _confirmed(output):
        output.say("Nothing was approved: all of it stays held")
        return ExitCode.HELD
    before = max((entry.id for entry in client.history(limit=1)), default=0)
    approved = [one for one in held if _say_the_word(client, one, output, alone=len(held) == 1)]
    output.progress(f"Approved. Following the removals, for {timeout:.0f} s at most ...")
    ends = [follow(client, one.project, one.types, before, timeout=timeout, output=output) for one in approved]
    output.document({"approved": [_document(one, end) for one, end in zip(approved, ends, strict=True)]})
    for removals in ends:
        _say(removals, output)
    codes = [removal.code for removals in ends for removal in removals]
    refused = [ExitCode.HELD] if len(approved) < len(held) else []
    return max([ExitCode.OK, *refused, *codes], key=_BETTER_FIRST.index)


_BETTER_FIRST: Final = (ExitCode.OK, ExitCode.HELD, ExitCode.FAILED, ExitCode.SIGNED_OUT)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The holds of one project that a person is asked about."""

    project: ProjectStatus
    holds: tuple[Hold, ...]

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(name for hold in self.holds for name in hold.types)


def _to_approve(project: ProjectStatus) -> tuple[Hold, ...]:
    return tuple(hold for hold in project.held if not hold.approved)


def _nothing_to_approve(projects: Iterable[ProjectStatus], output: Output) -> ExitCode:
    """Problems suspend removals without a hold (P3): they are mended, not approved."""
    waiting = [
        line
        for project in projects
        for line in project.connectors
        if line.state is ConnectorState.HELD and not any(line.type in hold.types for hold in project.held)
    ]
    if not waiting:
        output.say("Nothing is held")
        return ExitCode.OK
    output.say("Nothing can be approved yet:")
    for line in waiting:
        output.say(f"  {line.type}: {line.error}")
    return ExitCode.HELD


def _confirmed(output: Output) -> bool:
    if not output.interactive:
        raise Usage(
            "--yes is required in non-interactive mode. Nothing was approved.",
            todo=("Run it again with -y to remove what `connectord status` says is held.",),
        )
    # Imported here: nobody else needs a terminal's event loop, and commands load fast.
    import asyncio  # noqa: PLC0415

    from connectord.cli.terminal import confirm  # noqa: PLC0415

    question = "Remove them from Base44? Their authorizations are lost for the whole app."
    return asyncio.run(confirm(question, default=False))


def _show(shown: _Shown, output: Output) -> None:
    output.say(f"To be removed from app {shown.project.app_id} ({shown.project.path}):", bold=True)
    for hold in shown.holds:
        since = clock(hold.since, datetime.now(UTC))
        output.say(f"  {', '.join(hold.types)}")
        output.say(f"    held since {since} ({hold.reason}), because {hold.why}", dim=True)


def _say_the_word(client: Client, shown: _Shown, output: Output, *, alone: bool) -> bool:
    """Approve what was shown of one project; where it is refused, that keeps no other from being approved."""
    try:
        client.approve(Path(shown.project.path), Approval(holds={hold.reason: hold.types for hold in shown.holds}))
    except Refusal as refusal:
        if alone:
            raise
        output.error(f"Error: {shown.project.path}: {refusal.what}")
        return False
    return True


def _say(removals: Sequence[Removal], output: Output) -> None:
    removed = [one.type for one in removals if one.is_removed]
    if removed:
        output.success(f"Removed from Base44: {', '.join(removed)}")
    for why in dict.fromkeys(one.why for one in removals if one.why):
        output.say(f"! Not removed yet: {', '.join(one.type for one in removals if one.why == why)}", fg="yellow")
        output.say(f"    {why}")
    if any(one.is_under_way for one in removals):
        output.say(GOES_ON)


def _document(shown: _Shown, removals: Sequence[Removal]) -> Mapping[str, object]:
    return {
        "path": shown.project.path,
        "holds": {hold.reason: list(hold.types) for hold in shown.holds},
        "removed": [one.type for one in removals if one.is_removed],
        "under_way": [one.type for one in removals if one.is_under_way],
        "not_removed": [
            {"type": one.type, "why": one.why} for one in removals if not one.is_removed and not one.is_under_way
        ],
    }
