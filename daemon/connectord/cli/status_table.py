"""A status as lines for a person: what is well takes one line each, what isn't says what to do."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from connectord.control.granted import added
from connectord.control.models import (
    ConnectorState,
    ConnectorStatus,
    DaemonStatus,
    ProblemSeverity,
    ProblemStatus,
    ProjectState,
    ProjectStatus,
    Status,
    WatchState,
)
from connectord.control.verdict import Verdict, connector_verdict, needs_consent

NOTHING_YET: Final = "Nothing is registered yet: connectord projects add"


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its colour, as click names it."""

    text: str
    colour: str | None = None
    dim: bool = False
    bold: bool = False


_COLOURS: Final = {Verdict.FAILED: "red", Verdict.NEEDS_AUTHORIZATION: "yellow", Verdict.HELD: "yellow"}
_SIGNS: Final = {Verdict.FAILED: "✗", Verdict.NEEDS_AUTHORIZATION: "!", Verdict.HELD: "!"}

_ON_ITS_WAY: Final = {ConnectorState.QUEUED, ConnectorState.PUSHING, ConnectorState.REMOVING}

_PROJECT_COLOURS: Final = {
    ProjectState.SYNCED: "green",
    ProjectState.SYNCING: None,
    ProjectState.PAUSED: "yellow",
    ProjectState.NEEDS_ACTION: "yellow",
}

_PROJECT_HINTS: Final = {
    ProjectState.SIGNED_OUT: "Sign in with: connectord login (what waits is pushed right after)",
    ProjectState.PAUSED: "Nothing is pushed until: connectord resume",
    ProjectState.HALTED: "It goes on by itself once that is mended",
    ProjectState.OFFLINE: "Base44 doesn't answer; it goes on by itself",
}


def status_lines(status: Status, now: datetime) -> Iterator[Line]:
    """The whole status."""
    yield from _daemon(status.daemon, now)
    if not status.projects:
        yield Line("")
        yield Line(NOTHING_YET)
    for project in status.projects:
        yield Line("")
        yield from project_lines(project, now)


def project_lines(project: ProjectStatus, now: datetime) -> Iterator[Line]:
    """One project: its heading, a line for each connector, and what else there is to know."""
    yield _heading(project)
    if project.error:
        yield Line(f"  {project.error}", "red")
    if project.todo and project.state is not ProjectState.SIGNED_OUT:  # the hint says it
        yield Line(f"  To do: {project.todo}")
    if hint := _PROJECT_HINTS.get(project.state):
        yield Line(f"  {hint}")
    for connector in project.connectors:
        yield from _connector(connector, project, now)
    if not project.connectors and not project.problems:
        yield Line("  No connector files yet", dim=True)
    yield from (_problem(problem, project) for problem in project.problems)
    yield from _holds(project, now)
    if project.untracked:
        yield Line(f"  Only on Base44, left alone: {', '.join(project.untracked)}", dim=True)
    yield from _last_push(project, now)


def _holds(project: ProjectStatus, now: datetime) -> Iterator[Line]:
    for hold in project.held:
        names = ", ".join(hold.types)
        if hold.approved:
            yield Line(f"  … Approved, to be removed from Base44: {names}  (held until then: {hold.reason})")
            continue
        yield Line(f"  ! Held since {clock(hold.since, now)} ({hold.reason}): {names} not removed", "yellow")
        yield Line(f"      because {hold.why}")
    held = {name for hold in project.held if not hold.approved for name in hold.types}
    if held:
        where = f"--project {shlex.quote(project.path)}"
        yield from _ways_to_files(held, project)
        yield Line(f"      Remove them from Base44: connectord approve {where}")


def _ways_to_files(held: Collection[str], project: ProjectStatus) -> Iterator[Line]:
    """How what is held gets its files: those that were never here can't be put back."""
    path = shlex.quote(project.path)
    untracked = [line.type for line in project.connectors if line.untracked and line.type in held]
    if len(untracked) < len(held):
        yield Line(f"      Put the files back: connectord restore --project {path}")
    if untracked:
        yield Line(f"      Write the files of {', '.join(untracked)}: connectord pull {path}")


def clock(at: datetime, now: datetime) -> str:
    """A moment as a person here says it: the time of day, with the date unless it is today's."""
    local, today = at.astimezone(), now.astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"


def span(time: timedelta) -> str:
    """A length of time, as roughly as a person wants it."""
    seconds = max(0, int(time.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _daemon(daemon: DaemonStatus, now: datetime) -> Iterator[Line]:
    yield Line(f"connectord {daemon.version}, pid {daemon.pid}, running for {span(now - daemon.started_at)}", dim=True)
    if daemon.watching is WatchState.POLLING:
        yield Line("Files are polled, so a save is noticed a little later", "yellow")
    elif daemon.watching is WatchState.DOWN:
        yield Line("The file watcher is down, so only rescans notice a save", "red")
    yield from _notices(daemon, now)
    yield from (Line(f"! {trouble}", "yellow") for trouble in daemon.trouble)


def _notices(daemon: DaemonStatus, now: datetime) -> Iterator[Line]:
    """How a person is told, and why not otherwise."""
    works = [one for one in daemon.notices if one.works and one.channel != "log"]
    ways = ", ".join(f"{one.channel} ({one.through})" if one.through else one.channel for one in works)
    why = "; ".join(f"{one.channel}: {one.why}" if works else one.why for one in daemon.notices if one.why)
    if daemon.notices:
        yield Line(f"Notices: {ways or 'only here and in the log'}" + (f" ({why})" if why else ""), dim=True)
    if daemon.quiet_until is not None:
        yield Line(f"No notices until {clock(daemon.quiet_until, now)}")


def _heading(project: ProjectStatus) -> Line:
    words = project.state.value.replace("-", " ")
    temporary = ", for this run only" if project.temporary else ""
    colour = _PROJECT_COLOURS.get(project.state, "red")
    return Line(f"{project.path}  {words}  (app {project.app_id} at {project.api_url}{temporary})", colour, bold=True)


def _width(project: ProjectStatus) -> int:
    return max(len(connector.type) for connector in project.connectors)


def _connector(connector: ConnectorStatus, project: ProjectStatus, now: datetime) -> Iterator[Line]:
    found = connector_verdict(connector)
    sign = "…" if connector.state in _ON_ITS_WAY else "~" if connector.state is ConnectorState.DRIFTED else None
    when = clock(connector.updated_at, now) if connector.updated_at else ""
    words = connector.state.value.replace("-", " ")
    text = f"  {sign or _SIGNS.get(found, '✓')} {connector.type:<{_width(project)}}  {words:<20}  {when}".rstrip()
    colour = None if sign == "…" else "yellow" if sign else _COLOURS.get(found, "green")
    yield Line(text, colour)
    yield from (Line(f"      {need}") for need in _needs(connector, project, now))


def _needs(connector: ConnectorStatus, project: ProjectStatus, now: datetime) -> Iterator[str]:
    """What a person should know or do, each on a line of its own: links must survive narrow terminals."""
    if connector.removal_at and project.state is not ProjectState.PAUSED:
        when = clock(connector.removal_at, now)
        unless = "one comes (connectord pull)" if connector.untracked else "it comes back (connectord restore)"
        yield f"{connector.error}; removed from Base44 at {when}, unless {unless}"
    elif connector.error and not _is_in_a_hold(connector, project):
        yield connector.error
    if connector.todo and connector.todo != project.todo:
        yield f"To do: {connector.todo}"
    if connector.state is ConnectorState.DRIFTED and not connector.error:
        yield "Changed on Base44 by someone else; `connectord push` or `connectord pull` settles it"
    if connector.authorize_url:
        yield f"Authorize: {connector.authorize_url}"
    elif needs_consent(connector):
        yield f"For a link: connectord authorize {connector.type} --project {shlex.quote(project.path)}"
    if connector.missing_scopes:
        yield added(connector.missing_scopes, len(connector.scopes))
    if connector.claim_url:
        yield f"Claim the Stripe sandbox: {connector.claim_url}"


def _is_in_a_hold(connector: ConnectorStatus, project: ProjectStatus) -> bool:
    """Whether the lines of its hold say why."""
    return connector.state is ConnectorState.HELD and any(
        connector.type in hold.types and not hold.approved for hold in project.held
    )


def _problem(problem: ProblemStatus, project: ProjectStatus) -> Line:
    is_error = problem.severity is ProblemSeverity.ERROR
    place = ":".join(
        [_within(project, problem.file), *(str(n) for n in (problem.line, problem.column) if n is not None)]
    )
    return Line(f"  {'✗' if is_error else '!'} {place}: {problem.message}", "red" if is_error else "yellow")


def _within(project: ProjectStatus, file: str) -> str:
    path, root = Path(file), Path(project.path)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


def _last_push(project: ProjectStatus, now: datetime) -> Iterator[Line]:
    push = project.last_push
    if push is None:
        return
    words = list(push.outcomes.values())
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words)) or "nothing to send"
    seconds = f"{push.duration_ms / 1000:.2f} s"
    yield Line(f"  Last push {clock(push.at, now)} ({push.trigger}): {counts}, in {seconds}", dim=True)
