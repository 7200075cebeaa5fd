"""How the projects are: by the daemon's word, or without one as far as their files tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connectord.control.models import ProblemSeverity, ProjectState, ProjectStatus
from connectord.control.verdict import Verdict, connector_verdict, verdict
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, State, attention, of_error, ok
from connectord.doctor.words import count
from connectord.errors import ConnectordError
from connectord.project import ProjectError, SnapshotReader, find_root, read_project

_FIXES: Final = {
    ProjectState.SIGNED_OUT: "Sign in: connectord login (what waits is pushed right after)",
    ProjectState.OFFLINE: "Base44 can't be reached; it goes on by itself. See what is said of the API.",
    ProjectState.PAUSED: "Go on: connectord resume",
    ProjectState.HALTED: "It goes on by itself once that is mended.",
    ProjectState.NEEDS_ACTION: "See what, and what to do: connectord status",
}
_WELL: Final = {ProjectState.SYNCED, ProjectState.SYNCING}
_BROKEN: Final = {Verdict.FAILED, Verdict.SIGNED_OUT}


def check_projects(around: Around) -> Iterator[Finding]:
    """Each project, and the one around this folder where the daemon doesn't know it."""
    roots = around.roots()
    try:
        for project in around.status().projects:
            yield _told(project)
            yield from _elsewhere(project, around)
    except ConnectordError:  # the check of the daemon says so
        yield from (_read(root, around) for root in roots)
    yield from _here(around, roots)


def _told(project: ProjectStatus) -> Finding:
    state = project.state.value.replace("-", " ")
    what = f"{project.path}: {state}" + (f": {project.error}" if project.error else "")
    worst = verdict((project,))
    if worst is Verdict.WELL and project.state in _WELL:
        return ok(f"{what}, {count(len(project.connectors), 'connector')}")
    fix = project.todo or _FIXES.get(project.state, "See more: connectord status")
    return Finding(State.BROKEN if worst in _BROKEN else State.ATTENTION, what, tuple(_details(project)), (fix,))


def _elsewhere(project: ProjectStatus, around: Around) -> Iterator[Finding]:
    """The daemon has an environment of its own, which may send a project elsewhere than this shell's would."""
    try:
        here = read_project(Path(project.path), around.environ)
    except ProjectError:  # the daemon has said so
        return
    theirs, ours = ((one.app_id, one.api_url) for one in (project, here))
    if theirs != ours:
        yield attention(
            f"{project.path}: the daemon pushes to app {theirs[0]} at {theirs[1]}, this shell would to {ours[0]} at"
            f" {ours[1]}",
            "BASE44_APP_ID and BASE44_API_URL differ between the daemon's environment and this one.",
            "Have the same in both (a service takes over this shell's BASE44_API_URL by: connectord service install),"
            " or write them into the project's .env, which both read.",
        )


def _details(project: ProjectStatus) -> Iterator[str]:
    for connector in project.connectors:
        if connector_verdict(connector) is not Verdict.WELL:
            words = connector.state.value.replace("-", " ")
            yield f"{connector.type}: {words}" + (f": {connector.error}" if connector.error else "")
    for problem in project.problems:
        if problem.severity is ProblemSeverity.ERROR:
            place = [problem.file, *(str(number) for number in (problem.line, problem.column) if number is not None)]
            yield f"{':'.join(place)}: {problem.message}"


def _read(root: Path, around: Around) -> Finding:
    """What its files say."""
    try:
        snapshot = SnapshotReader().read(read_project(root, around.environ))
    except ProjectError as error:
        return of_error(error)
    if snapshot.errors:
        what = f"{root}: {count(len(snapshot.errors), 'problem')} in its files"
        return Finding(State.BROKEN, what, tuple(map(str, snapshot.errors)), ("Mend what is listed.",))
    files = count(len(snapshot.connectors), "connector file")
    return ok(f"{root}: {files}, and nothing wrong there")


def _here(around: Around, roots: tuple[Path, ...]) -> Iterator[Finding]:
    here = find_root(around.folder)
    if here is not None and not any(os.path.realpath(here) == os.path.realpath(root) for root in roots):
        yield attention(f"{here}: a project, but not registered", "Have it looked after: connectord projects add")
    elif not roots:
        yield ok("none is registered, and this folder is in none")
