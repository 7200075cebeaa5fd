"""Which directories must be watched for a project, and which names in them matter.

Of files only git's pointers (`.git`, `commondir`) are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.project.git_files import GitUnreadable, find_places
from connectord.project.model import Project
from connectord.project.reader import CONNECTOR_SUFFIXES
from connectord.project.regular_file import is_folder

CONFIG_NAMES: Final = frozenset({"config.jsonc", "config.json", ".app.jsonc", ".app.json", ".env", ".env.local"})
GIT_NAMES: Final = frozenset({"HEAD", "ORIG_HEAD"})
_CONFIG_FOLDER: Final = "base44"


@dataclass(frozen=True, slots=True)
class WatchPlace:
    """A directory whose direct entries matter: those in `names`, and connector files where `connectors` says so."""

    directory: Path
    names: frozenset[str]
    connectors: bool = False

    def matters(self, name: str) -> bool:
        """Whether a change of the entry `name` is a reason to look at the project again."""
        return name in self.names or (self.connectors and _is_connector_name(name))


def watch_places(project: Project) -> tuple[WatchPlace, ...]:
    """Where to look for changes of this project, as it lies on the disk now. Blocks on the disk.

    A directory's own coming and going shows in the one above it; of what isn't there, the nearest directory above that
    is there shows the beginning. Where the root, the connectors directory or a file in it is a symbolic link, both
    ends of it matter.
    """
    root, directory = project.root, project.connectors_dir
    found = _Places()
    for folder in dict.fromkeys((root, project.config_path.parent if project.config_path else root)):
        found.add(folder, CONFIG_NAMES)
    found.add(root, (_CONFIG_FOLDER,))
    for path in _way_to(directory, root):
        found.entry(path)
    for link in (root, directory):
        if (target := _target(link)) != link:
            found.entry(link)
            found.entry(target)
    for folder in (directory, _target(directory)):
        found.add(folder, (), connectors=True)
    for link in _links(directory):
        found.entry(_target(link))
    for folder, names in _git_names(directory):
        found.add(folder, names)
    return found.all()


class _Places:
    """Collects names per directory, and puts what isn't there off to the nearest directory above it."""

    def __init__(self) -> None:
        self._names: dict[Path, set[str]] = {}
        self._connectors: set[Path] = set()

    def add(self, folder: Path, names: Iterable[str], *, connectors: bool = False) -> None:
        if is_folder(folder):
            self._names.setdefault(folder, set()).update(names)
            if connectors:
                self._connectors.add(folder)
        elif folder != folder.parent:
            self.entry(folder)

    def entry(self, path: Path) -> None:
        self.add(path.parent, (path.name,))

    def all(self) -> tuple[WatchPlace, ...]:
        return tuple(
            WatchPlace(folder, frozenset(names), folder in self._connectors) for folder, names in self._names.items()
        )


def _way_to(directory: Path, root: Path) -> list[Path]:
    """The directory and the folders above it, without the root; of a directory elsewhere only itself."""
    folders = [place for place in (directory, *directory.parents) if place != root and place.is_relative_to(root)]
    return folders or [directory]


def _git_names(directory: Path) -> Iterable[tuple[Path, Iterable[str]]]:
    """Where a checkout or a stash shows that leaves the connectors as they are: the mark of each sighting follows it.

    Not index.lock, which editors have git write every few seconds.
    """
    try:
        places = find_places(directory)
    except GitUnreadable:  # the snapshot says so
        return ()
    return () if places is None else ((places.git_dir, GIT_NAMES), (places.common_dir / "refs", ("stash",)))


def _is_connector_name(name: str) -> bool:
    return name.endswith(CONNECTOR_SUFFIXES) and not name.startswith(".")


def _target(path: Path) -> Path:
    # Path.resolve raises for a loop of symlinks, realpath stops at it.
    return Path(os.path.realpath(path))


def _links(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries if entry.is_symlink() and _is_connector_name(entry.name)]
    except OSError:  # not there, or not a directory that may be read: the snapshot says so
        return []


def places_of_unread(root: Path) -> tuple[WatchPlace, ...]:
    """Where a change may make a project readable that isn't: its folder, its config, and what is above it."""
    found = _Places()
    found.entry(root)
    found.add(root, (*CONFIG_NAMES, _CONFIG_FOLDER))
    found.add(root / _CONFIG_FOLDER, CONFIG_NAMES)
    return found.all()


def places_of_file(file: Path) -> tuple[WatchPlace, ...]:
    """Where a change of one file shows, or the coming of the folders that it will lie in."""
    found = _Places()
    found.entry(file)
    return found.all()
