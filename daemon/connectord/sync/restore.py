"""Writing the files of removed or missing connectors back from base, as they were when Base44 accepted them (P6)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connectord.project.errors import FileNotWritten
from connectord.project.rewrite import new_file_text, rewrite
from connectord.project.shown import shown_path
from connectord.project.write import create_text
from connectord.store import BaseEntry


@dataclass(frozen=True, slots=True)
class Restored:
    """What was written back, by type, and what wasn't and why."""

    files: tuple[tuple[str, Path], ...] = ()
    failures: tuple[tuple[str, str], ...] = ()


def write_back(directory: Path, entries: Iterable[BaseEntry]) -> Restored:
    """Write one file for each entry into `directory`, which is made if it isn't there. Blocks on the disk.

    Nothing is written over: where the old name is taken, `TYPE.jsonc` is tried, and then it is a failure.
    """
    files, failures = [], []
    for entry in entries:
        try:
            files.append((entry.type, _write_one(directory, entry)))
        except FileNotWritten as error:
            failures.append((entry.type, _in_the_way(error.file) or error.what))
    return Restored(tuple(files), tuple(failures))


def _write_one(directory: Path, entry: BaseEntry) -> Path:
    plain = directory / f"{entry.type}.jsonc"
    old = directory / entry.file_name if entry.file_name else plain
    try:
        create_text(old, restored_text(entry))
    except FileNotWritten as error:
        if old == plain or not isinstance(error.__cause__, FileExistsError):
            raise
        create_text(plain, restored_text(entry))
        return plain
    return old


def _in_the_way(file: Path) -> str | None:
    folder = file.parent
    if os.path.lexists(folder) and not folder.is_dir():
        return f"{shown_path(folder)} is no folder, and no link to one. Move it away, then restore again."
    if not os.path.lexists(file):
        return None
    return f"{shown_path(file)} is there already, and nothing is written over. Move it away, then restore again."


def restored_text(entry: BaseEntry) -> str:
    """The old file's text with its comments, made to say what Base44 accepted; without it, a new one."""
    if entry.file_text is not None:
        config = None if entry.connection_config is None else dict(entry.connection_config)
        try:
            return rewrite(entry.file_text, type=entry.type, scopes=entry.scopes, connection_config=config)
        except ValueError:  # what was kept is no connector file; it is known what it said all the same
            pass
    return new_file_text(entry.type, entry.scopes, entry.connection_config)
