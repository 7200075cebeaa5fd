"""The lines of `status`: one for each connector that a file, a broken file, a removal or an open link stands for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from connectord.control.entries import Entries, Entry
from connectord.control.models import ConnectorState, ConnectorStatus, ProblemSeverity, ProblemStatus
from connectord.project.model import Problem, Snapshot, shown_path


def connector_lines(
    snapshot: Snapshot, entries: Entries, withheld: tuple[str, ...], since: datetime | None
) -> tuple[ConnectorStatus, ...]:
    """All connectors of a project; `withheld` are those whose removal waits, since then."""
    lines = (*_valid(snapshot, entries), *_broken(snapshot, entries), *_withheld(withheld, entries, since))
    return (*lines, *_still_linked(snapshot, entries, {line.type for line in lines}))


def problem_lines(problems: tuple[Problem, ...]) -> tuple[ProblemStatus, ...]:
    """What is wrong with the files."""
    return tuple(
        ProblemStatus(
            file=shown_path(problem.file),
            line=problem.line,
            column=problem.column,
            message=problem.message,
            severity=ProblemSeverity(problem.severity.value),
        )
        for problem in problems
    )


def _valid(snapshot: Snapshot, entries: Entries) -> Iterator[ConnectorStatus]:
    for connector in snapshot.connectors:
        entry = entries.get(connector.type)
        if entry is not None:
            yield _line(connector.type, entry, shown_path(connector.file), connector.scopes)


def _broken(snapshot: Snapshot, entries: Entries) -> Iterator[ConnectorStatus]:
    for file in sorted({problem.file for problem in snapshot.errors if problem.file.parent == snapshot.directory}):
        name, link = shown_path(Path(file.stem)), entries.open_link(file.stem)
        yield ConnectorStatus(type=name, state=ConnectorState.INVALID, file=shown_path(file), authorize_url=link)


def _withheld(withheld: tuple[str, ...], entries: Entries, since: datetime | None) -> Iterator[ConnectorStatus]:
    for name in withheld:
        link = entries.open_link(name)
        yield ConnectorStatus(type=name, state=ConnectorState.HELD, authorize_url=link, updated_at=since)


def _still_linked(snapshot: Snapshot, entries: Entries, listed: set[str]) -> Iterator[ConnectorStatus]:
    """Links whose file isn't there in a look that says nothing of absence (P3) are open all the same (P10)."""
    if not snapshot.complete:
        for name, entry in entries.among(entries.open_links()).items():
            if name not in listed:
                yield _line(name, entry, None, ())


def _line(name: str, entry: Entry, file: str | None, scopes: tuple[str, ...]) -> ConnectorStatus:
    return ConnectorStatus(
        type=name,
        state=entry.state,
        file=file,
        scopes=scopes,
        missing_scopes=entry.missing_scopes,
        authorize_url=entry.authorize_url,
        error=entry.error,
        updated_at=entry.at,
    )
