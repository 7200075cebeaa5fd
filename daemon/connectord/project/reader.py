"""The connectors directory read into a Snapshot. Whatever is found on disk is a value here, never an exception."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Final

from connectord.project.connector_file import Reading, read_connector, sentence
from connectord.project.git import read_git
from connectord.project.known_types import KNOWN_TYPES, nearest_known
from connectord.project.model import (
    Connector,
    DirectoryState,
    Identity,
    Problem,
    ProblemCode,
    Project,
    Severity,
    Snapshot,
)
from connectord.project.regular_file import Unusable, read_bytes
from connectord.project.shown import shown_path

CONNECTOR_SUFFIXES: Final = (".json", ".jsonc")
NO_DIRECTORY: Final = "The connectors directory isn't there. Make it, or name it as connectorsDir in the config."


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: bytes
    reading: Reading


class SnapshotReader:
    """Reads snapshots, and remembers what each file said so that only changed content is parsed again.

    Files are read each time and told apart by their content: sizes and times miss a change within one clock tick,
    and a save must never be missed (P1). `parses` counts files that had to be parsed.
    """

    def __init__(self) -> None:
        self._kept: dict[Path, dict[str, _Kept]] = {}
        self.parses = 0
        self._numbers = count(1)

    def read(self, project: Project, known_types: Collection[str] = KNOWN_TYPES) -> Snapshot:
        """The connectors directory as it is now. Blocks on the disk, so call it in a thread, one call per project.

        A file that vanishes between the listing and its reading counts as not listed, if it isn't listed any more: some
        network drives list files that they can't open, and that is no deletion (P3).
        """
        directory = project.connectors_dir
        # Before the files: what git does after this shows in the next reading (see git.py).
        number, git = next(self._numbers), read_git(directory)
        return replace(self._look(directory, known_types), git=git, number=number)

    def _look(self, directory: Path, known_types: Collection[str]) -> Snapshot:
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            self._kept.pop(directory, None)
            return _without_directory(directory, error)
        try:
            return self._read(directory, descriptor, known_types)
        except OSError as error:
            return _without_directory(directory, error)
        finally:
            os.close(descriptor)

    def _read(self, directory: Path, descriptor: int, known_types: Collection[str]) -> Snapshot:
        status = os.fstat(descriptor)
        kept = self._kept.get(directory, {})
        now: dict[str, _Kept] = {}
        files = {name: self._file(directory / name, descriptor, kept, now) for name in _names(descriptor)}
        if vanished := [name for name, reading in files.items() if reading is None]:
            again = {name: directory / name for name in _names(descriptor) if name in vanished}
            files |= {name: self._file(file, descriptor, kept, now) or _unfound(file) for name, file in again.items()}
        readings = [reading for reading in files.values() if reading is not None]
        self._kept[directory] = now
        return Snapshot(
            directory,
            DirectoryState.PRESENT,
            *_combined(readings, known_types),
            Identity(status.st_dev, status.st_ino),
        )

    def _file(self, file: Path, descriptor: int, kept: dict[str, _Kept], now: dict[str, _Kept]) -> Reading | None:
        try:
            content = read_bytes(file.name, dir_fd=descriptor)
        except Unusable as unusable:
            return Reading(None, (Problem(file, unusable.code, sentence(unusable.message)),))
        if content is None:
            return None
        digest = blake2b(content, digest_size=16).digest()
        known = kept.get(file.name)
        if known is None or known.digest != digest:
            self.parses += 1
            known = _Kept(digest, read_connector(content, file))
        now[file.name] = known
        return known.reading


def _unfound(file: Path) -> Reading:
    message = "It is listed in its directory, but can't be found there."
    return Reading(None, (Problem(file, ProblemCode.UNREADABLE, message),))


def _names(descriptor: int) -> list[str]:
    names = os.listdir(descriptor)
    return sorted(name for name in names if name.endswith(CONNECTOR_SUFFIXES) and not name.startswith("."))


def _without_directory(directory: Path, error: OSError | ValueError) -> Snapshot:
    state, code, message = _directory_fault(error)
    if state is DirectoryState.MISSING and directory.is_symlink():
        message = "The connectors directory is a symbolic link to a place that isn't there."
    return Snapshot(directory, state, problems=(Problem(directory, code, message),))


def _directory_fault(error: OSError | ValueError) -> tuple[DirectoryState, ProblemCode, str]:
    if isinstance(error, FileNotFoundError):
        return DirectoryState.MISSING, ProblemCode.MISSING_DIRECTORY, NO_DIRECTORY
    if isinstance(error, NotADirectoryError):
        return DirectoryState.NOT_A_DIRECTORY, ProblemCode.NOT_A_FILE, "The connectors directory is not a directory."
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return DirectoryState.UNREADABLE, ProblemCode.UNREADABLE, f"The connectors directory can't be read: {reason}."


def _combined(
    readings: Sequence[Reading], known_types: Collection[str]
) -> tuple[tuple[Connector, ...], tuple[Problem, ...]]:
    """All readings as one: types that two files claim are left out, and types nobody knows are remarked on."""
    by_type: dict[str, list[Reading]] = {}
    for reading in readings:
        if reading.connector is not None:
            by_type.setdefault(reading.connector.type, []).append(reading)
    connectors = tuple(claims[0].connector for claims in by_type.values() if len(claims) == 1 and claims[0].connector)
    problems: list[Problem] = [problem for reading in readings for problem in reading.problems]
    for type_, claims in by_type.items():
        problems.extend(_duplicates(type_, claims) if len(claims) > 1 else _unknown(type_, claims[0], known_types))
    return connectors, tuple(sorted(problems, key=lambda problem: (str(problem.file), problem.line or 0)))


def _duplicates(type_: str, claims: Sequence[Reading]) -> Iterator[Problem]:
    files = [reading.connector.file for reading in claims if reading.connector]
    for reading, file in zip(claims, files, strict=True):
        others = " and ".join(shown_path(Path(other.name)) for other in files if other != file)
        message = f'"{type_}" is also the type of {others}; a type has one file, so none of them counts.'
        yield Problem(file, ProblemCode.DUPLICATE, message, *reading.type_at)


def _unknown(type_: str, reading: Reading, known_types: Collection[str]) -> Iterator[Problem]:
    if type_ in known_types or reading.connector is None:
        return
    nearest = nearest_known(type_, known_types)
    hint = f'; did you mean "{nearest}"?' if nearest else "; it is sent as it is."
    message = f'"{type_}" is not a type that Base44 lists{hint}'
    yield Problem(reading.connector.file, ProblemCode.UNKNOWN_TYPE, message, *reading.type_at, Severity.WARNING)
