"""What a look needs to know of the files' surroundings: their directory, git, and the app's other checkouts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectord.project.model import DirectoryState, Snapshot
from connectord.store import BaseEntry, BaseKey
from connectord.sync.absences import Moves, has_moved, moves_since
from connectord.sync.threads import in_thread


@dataclass(frozen=True, slots=True)
class Around:
    """`moves` are git's since each place that was remembered, `used_by` names the file of a type in another folder."""

    moves: Moves
    used_by: Mapping[str, Path]


async def look_around(
    snapshot: Snapshot,
    *,
    remembered_git: Callable[[], frozenset[str]],
    known: Collection[str],
    others: Callable[[], Mapping[BaseKey, Mapping[str, BaseEntry]]],
) -> Around:
    """Look at git and at the `others`' folders for the `known` types without a file here.

    That blocks, so it is done in a thread; where all files are here and git stands still there is nothing to read.
    """
    here = names_in(snapshot)
    without = [name for name in known if name.lower() not in here]
    used_by = await in_thread(partial(files_elsewhere, without, others())) if without else {}
    while True:
        git = remembered_git()
        if not has_moved(git, snapshot):
            return Around(moves_since(git, snapshot), used_by)
        moves = await in_thread(partial(moves_since, git, snapshot))
        if remembered_git() <= git:  # else a push ended meanwhile, and remembers more
            return Around(moves, used_by)


def fault_in(snapshot: Snapshot) -> str | None:
    """What is wrong with the directory, as a part of a sentence, or with the first broken file in it."""
    problem = next(iter(snapshot.errors), None)
    if problem is None or snapshot.state is DirectoryState.PRESENT:
        return None if problem is None else str(problem)
    return f"{problem.message[:1].lower()}{problem.message[1:].rstrip('.')} ({problem.place})"


def names_in(snapshot: Snapshot) -> frozenset[str]:
    """The types that have a file, in lower case: they are matched whatever their case (protocol.md)."""
    return frozenset(name.lower() for name in snapshot.by_type)


def files_elsewhere(types: Collection[str], bases: Mapping[BaseKey, Mapping[str, BaseEntry]]) -> Mapping[str, Path]:
    """For each of these types a file in another folder that was pushed for the same app and is still there (P2).

    A connector that one checkout of an app has lost may be another one's. Blocks: one look for each type and folder.
    """
    wanted = {name.lower(): name for name in types}
    return {
        wanted[entry.type.lower()]: file
        for key, base in bases.items()
        for entry in base.values()
        if entry.type.lower() in wanted and os.path.lexists(file := _file(key.connectors_dir, entry))
    }


def _file(directory: Path, entry: BaseEntry) -> Path:
    return directory / (entry.file_name or f"{entry.type}.jsonc")
