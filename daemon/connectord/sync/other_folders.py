"""Several checkouts of one app on this machine: a connector that one of them has lost may be another one's (P2)."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from connectord.store import BaseEntry, BaseKey


def files_elsewhere(types: Collection[str], bases: Mapping[BaseKey, Mapping[str, BaseEntry]]) -> Mapping[str, Path]:
    """For each of these types a file in another folder that was pushed for the same app and is still there.

    Blocks on the disk: one look for each type and folder.
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
