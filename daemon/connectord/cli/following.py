"""Following approved removals for a while: what became of each, told from the daemon's history and status."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.models import ConnectorState, ConnectorStatus, ProjectState, ProjectStatus

ROUND_SECONDS: Final = 2.0
"""How often it looks whether there is something to say."""

_REMOVED: Final = "removed"  # the result word of an outcome
_HISTORY: Final = 100

_STANDSTILLS: Final = {
    ProjectState.PAUSED: (ExitCode.HELD, "the project is paused; it goes on with: connectord resume"),
    ProjectState.SIGNED_OUT: (ExitCode.SIGNED_OUT, "Base44 wants a login; it goes on with: connectord login"),
    ProjectState.HALTED: (ExitCode.FAILED, "the project is halted; see why with: connectord status"),
    ProjectState.OFFLINE: (ExitCode.FAILED, "Base44 doesn't answer; it goes on by itself"),
}
"""Why nothing is removed in such a project, and what that means for the exit code."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of one approved removal. `why` it isn't removed yet; one that is under way ends by itself."""

    type: str
    why: str | None = None
    is_under_way: bool = False
    code: ExitCode = ExitCode.OK

    @property
    def is_removed(self) -> bool:
        """Whether Base44 has it no more."""
        return self.why is None


def follow(
    client: Client, project: ProjectStatus, types: Sequence[str], before: int, *, timeout: float, output: Output
) -> tuple[Removal, ...]:
    """Wait until all of them have come to an end, `timeout` seconds at most. `before` is the last history entry's id.

    Ctrl-C ends the following only, and is raised again.
    """
    path, deadline, told = Path(project.path), time.monotonic() + timeout, 0
    try:
        while True:
            left = deadline - time.monotonic()
            waited = client.wait(path, timeout=min(ROUND_SECONDS, max(0.0, left)))
            removals = _removals(waited.projects[0], types, _removed(client, path, types, before))
            if waited.settled or left <= ROUND_SECONDS or not any(one.is_under_way for one in removals):
                return removals
            removed = sum(one.is_removed for one in removals)
            if removed > told:
                told = removed
                output.progress(f"Removed {removed} of {len(removals)} so far ...")
    except KeyboardInterrupt:
        output.say("The approval stands, and the daemon goes on with it: connectord status")
        raise


def _removed(client: Client, path: Path, types: Collection[str], before: int) -> frozenset[str]:
    """Which of them the history says were removed since then, whatever became of their files afterwards."""
    entries = client.history(path, limit=_HISTORY + 4 * len(types))
    ended = {entry.type for entry in entries if entry.id > before and entry.result == _REMOVED}
    return frozenset(name for name in types if name in ended)


def _removals(project: ProjectStatus, types: Sequence[str], removed: Collection[str]) -> tuple[Removal, ...]:
    lines = {line.type: line for line in project.connectors}
    return tuple(Removal(name) if name in removed else _not_removed(name, lines, project) for name in types)


def _not_removed(name: str, lines: Mapping[str, ConnectorStatus], project: ProjectStatus) -> Removal:
    line = lines.get(name)
    if line is None:
        return Removal(name, "nothing waits for it any more; connectord history says why", code=ExitCode.HELD)
    if line.file is not None:
        return Removal(name, "its file is there", code=ExitCode.HELD)
    if line.state is ConnectorState.HELD:
        return Removal(name, line.error or "it is held", code=ExitCode.HELD)
    code, standstill = _STANDSTILLS.get(project.state, (ExitCode.FAILED, None))
    if line.state is ConnectorState.FAILED:
        # One that may pass is tried again by itself: until then the project is not settled.
        return Removal(name, line.error or "it failed", is_under_way=project.state is ProjectState.SYNCING, code=code)
    if standstill is not None:
        return Removal(name, standstill, code=code)
    return Removal(name, line.error or "its turn comes", is_under_way=True)
