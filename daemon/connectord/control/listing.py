"""The lines of `status`: one for each connector that a file, a broken file, a removal or an open link stands for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from connectord.control.entries import Entries, Entry
from connectord.control.models import ConnectorState, ConnectorStatus, ProblemSeverity, ProblemStatus
from connectord.project.model import Problem, Snapshot
from connectord.project.shown import shown_path
from connectord.sync.events import RemovalsChanged, WaitingRemoval
from connectord.sync.guard import WaitReason

_REMOVAL_STATES = {
    None: ConnectorState.REMOVING,
    WaitReason.GRACE: ConnectorState.REMOVING,
    WaitReason.ASKING: ConnectorState.REMOVING,
    WaitReason.GIT_BUSY: ConnectorState.REMOVING,
    WaitReason.PROBLEMS: ConnectorState.HELD,
    WaitReason.UNSENT: ConnectorState.HELD,
    WaitReason.FAILED: ConnectorState.FAILED,
}
"""A removal is under way while it ends by itself; the others wait for a file to be mended, or failed."""


def connector_lines(
    snapshot: Snapshot, entries: Entries, removals: tuple[ConnectorStatus, ...]
) -> tuple[ConnectorStatus, ...]:
    """All connectors of a project; `removals` are the lines of those without a file."""
    lines = (*_valid(snapshot, entries), *_broken(snapshot, entries), *removals)
    return (*lines, *_still_linked(snapshot, entries, {line.type for line in lines}))


_NOT_WHILE = frozenset({WaitReason.GIT_BUSY, WaitReason.UNSENT, WaitReason.ASKING})
"""Their `why` says for how long."""


def removal_lines(removals: RemovalsChanged, entries: Entries) -> tuple[ConnectorStatus, ...]:
    """The connectors without a file that are to be removed, now or after a word."""
    held = {
        name: ConnectorStatus(type=name, state=ConnectorState.HELD, error=hold.why, untracked=name in hold.untracked)
        for hold in removals.holds
        for name in hold.types
    }
    lines = held | {one.type: _waiting(one) for one in removals.waiting}
    return tuple(
        line.model_copy(update={"authorize_url": entries.open_link(name)}) for name, line in sorted(lines.items())
    )


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


def _waiting(removal: WaitingRemoval) -> ConnectorStatus:
    due = None if removal.at is None else datetime.fromtimestamp(removal.at, UTC)
    return ConnectorStatus(
        type=removal.type,
        state=_REMOVAL_STATES[removal.reason],
        error=_words(removal),
        removal_at=due,
        untracked=removal.untracked,
    )


def _words(removal: WaitingRemoval) -> str | None:
    """Why it isn't removed yet, in a sentence."""
    gone = "it has no file here" if removal.untracked else "its file is gone"
    if removal.reason is WaitReason.PROBLEMS:
        return f"{gone}; not removed while this is wrong: {removal.why}"
    if removal.reason in _NOT_WHILE:
        return f"{gone}; not removed while {removal.why}"
    return removal.why or None


def _valid(snapshot: Snapshot, entries: Entries) -> Iterator[ConnectorStatus]:
    for connector in snapshot.connectors:
        entry = entries.get(connector.type)
        if entry is not None:
            yield _line(connector.type, entry, shown_path(connector.file), connector.scopes)


def _broken(snapshot: Snapshot, entries: Entries) -> Iterator[ConnectorStatus]:
    for file in sorted({problem.file for problem in snapshot.errors if problem.file.parent == snapshot.directory}):
        name, link = shown_path(Path(file.stem)), entries.open_link(file.stem)
        yield ConnectorStatus(type=name, state=ConnectorState.INVALID, file=shown_path(file), authorize_url=link)


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
        todo=entry.todo,
        claim_url=entry.claim_url,
        updated_at=entry.at,
    )
