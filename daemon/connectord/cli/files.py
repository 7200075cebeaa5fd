"""Reading the connector files for a one-shot command, which works with all of them or with none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from connectord.cli.failures import InvalidFiles
from connectord.project import DirectoryState, Project, Snapshot, SnapshotReader


async def read_files(
    project: Project, *, warn: Callable[[str], None] = lambda _: None, missing_is_empty: bool = False
) -> Snapshot:
    """Read the connectors directory; warnings are said, anything worse raises InvalidFiles with every problem.

    A missing directory is worse too: it must not look like "no connectors" (defect 2). Where nothing can be lost by
    it, `missing_is_empty` lets it through.
    """
    snapshot = await asyncio.to_thread(SnapshotReader().read, project)
    if missing_is_empty and snapshot.state is DirectoryState.MISSING:
        return Snapshot(snapshot.directory, snapshot.state)
    if not snapshot.complete:
        raise InvalidFiles(snapshot.errors)
    for warning in snapshot.warnings:
        warn(str(warning))
    return snapshot
