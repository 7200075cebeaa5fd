"""Which directories must be watched for a project, and which names in them matter.

Of files only git's pointers (`.git`, `commondir`) are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.project.git_files import GitUnreadable, find_places
from connectord.project.model import Project
from connectord.project.reader import CONNECTOR_SUFFIXES
from connectord.project.regular_file import is_folder, is_link

CONFIG_NAMES: Final = frozenset({"config.jsonc", "config.json", ".app.jsonc", ".app.json", ".env", ".env.local"})
GIT_NAMES: Final = frozenset({"HEAD", "ORIG_HEAD"})
_CONFIG_FOLDER: Final = "base44"
MOST_LINKS: Final = 40
"""With more on one way the kernel gives up (path_resolution(7)): it is a loop."""


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
    is there shows the beginning. Of symbolic links each one on the way matters, and where the way ends.
    """
    root, directory = project.root, project.connectors_dir
    folders = (root, root / _CONFIG_FOLDER)
    found = _Places()
    for folder in folders:
        found.add(folder, CONFIG_NAMES)
    found.entry(root / _CONFIG_FOLDER)
    for path in _way_to(directory, root):
        found.entry(path)
    for folder in (directory, *found.turns(directory)[-1:]):
        found.add(folder, (), connectors=True)
    for path in (*folders, directory, *_linked_configs(folders), *_links(directory)):
        found.links(path)
    for folder, names in _git_names(directory):
        found.add(folder, names)
    return found.all()


class _Places:
    """Collects names per directory, and puts what isn't there off to the nearest directory above it."""

    def __init__(self) -> None:
        self._names: dict[Path, set[str]] = {}
        self._connectors: set[Path] = set()
        self._targets: dict[str, str | None] = {}

    def add(self, folder: Path, names: Iterable[str], *, connectors: bool = False) -> None:
        while not is_folder(folder) and folder != folder.parent:
            folder, names, connectors = folder.parent, (folder.name,), False
        self._names.setdefault(folder, set()).update(names)
        if not os.access(folder, os.R_OK | os.X_OK):  # then only the one above tells when its door is opened
            self.entry(folder)
        if connectors:
            self._connectors.add(folder)

    def entry(self, path: Path) -> None:
        self.add(path.parent, (path.name,))

    def links(self, path: Path) -> None:
        for place in self.turns(path):
            self.entry(place)

    def turns(self, path: Path) -> list[Path]:
        """Each symbolic link on the way from the root of the file system to what `path` means, and where that ends.

        Links directly below that root are the system's own (macOS' /tmp) and stay as they are.
        """
        links: list[str] = []
        here, rest = path.anchor, list(reversed(path.parts[1:]))
        while rest and len(links) < MOST_LINKS:
            name = rest.pop()
            here = os.path.dirname(here) if name == os.pardir else os.path.join(here, name)  # noqa: PTH118, PTH120  (a start takes some ten thousand steps; as Paths they take five times as long)
            if (target := self._target(here)) is not None:
                links.append(here)
                goal = Path(target)
                rest.extend(reversed(goal.parts[1:] if goal.anchor else goal.parts))
                here = goal.anchor or os.path.dirname(here)  # noqa: PTH120  (as above)
        end = [] if rest or not links else [here]
        return [Path(link) for link in links if os.path.dirname(link) != path.anchor] + [Path(last) for last in end]  # noqa: PTH120  (as above)

    def _target(self, link: str) -> str | None:
        """What a symbolic link says; asked once, since all ways of a project begin as its own does."""
        if link not in self._targets:
            self._targets[link] = _target(link)
        return self._targets[link]

    def all(self) -> tuple[WatchPlace, ...]:
        return tuple(
            WatchPlace(folder, frozenset(names), folder in self._connectors) for folder, names in self._names.items()
        )


def _way_to(directory: Path, root: Path) -> Iterator[Path]:
    """From below the root down to the directory, or to the first folder that isn't there; of one elsewhere itself."""
    if directory == root or not directory.is_relative_to(root):
        yield directory
        return
    folder = root
    for name in directory.relative_to(root).parts:
        folder /= name
        yield folder
        if not is_folder(folder):
            return


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


def _target(link: str) -> str | None:
    try:
        return os.readlink(link)  # noqa: PTH115  (as in turns)
    except (OSError, ValueError):  # no link, nothing there, or no name that could be there
        return None


def _linked_configs(folders: Iterable[Path]) -> Iterator[Path]:
    return filter(is_link, (folder / name for folder in folders for name in sorted(CONFIG_NAMES)))


def _links(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries if entry.is_symlink() and _is_connector_name(entry.name)]
    except (OSError, ValueError):  # not there, or not a directory that may be read: the snapshot says so
        return []


def places_of_unread(root: Path) -> tuple[WatchPlace, ...]:
    """Where a change may make a project readable that isn't: its folder, its config, and what is above it."""
    found = _Places()
    found.entry(root)
    found.add(root, (*CONFIG_NAMES, _CONFIG_FOLDER))
    found.add(root / _CONFIG_FOLDER, CONFIG_NAMES)
    folders = (root, root / _CONFIG_FOLDER)
    for path in (*folders, *_linked_configs(folders)):
        found.links(path)
    return found.all()


def places_of_file(file: Path) -> tuple[WatchPlace, ...]:
    """Where a change of one file shows, or the coming of the folders that it will lie in."""
    found = _Places()
    found.entry(file)
    found.links(file)
    return found.all()
