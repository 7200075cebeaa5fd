"""From a file event to the projects that it may concern: one look into a table, however many projects there are."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watchfiles import Change

from connectord.watch.target import Found, Identity, Place, identity_of

Interest = tuple[Path, Place]
"""The root of a project, and one of its places."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a batch of changes means. `roots` may have changed; the watched directories `moved` came or went themselves,
    so that they must be watched anew; after a `flood` nobody knows what else has changed.
    """

    roots: frozenset[Path] = field(default_factory=frozenset)
    moved: frozenset[str] = field(default_factory=frozenset)
    flood: bool = False

    def __bool__(self) -> bool:
        return bool(self.roots) or self.flood


class Layout:
    """Who is interested in which directory. Immutable, so that a thread may ask.

    A directory that has several names (symbolic links, bind mounts) is watched under one of them: inotify knows
    directories, not names, and notify would report all of its events under the name that was added last.
    """

    def __init__(self, found: Mapping[Path, tuple[Found, ...]] | None = None) -> None:
        interests: defaultdict[Identity, list[Interest]] = defaultdict(list)
        remote = set()
        for root, places in (found or {}).items():
            for one in places:
                interests[one.identity].append((root, one.place))
                if one.remote:
                    remote.add(one.identity)
        names = {identity: min(str(place.directory) for _, place in known) for identity, known in interests.items()}
        self.directories: Mapping[str, Identity] = {name: identity for identity, name in names.items()}
        """What to watch: one name for each directory, and which directory it was when it was looked at."""
        self.remote: frozenset[str] = frozenset(names[identity] for identity in remote)
        """Those of the directories that have other writers than this machine."""
        self._interests = {name: tuple(interests[identity]) for identity, name in names.items()}

    def matters(self, directory: str, name: str) -> bool:
        """Whether the entry `name` of one of the directories matters to anybody."""
        return any(place.matters(name) for _, place in self._interests[directory])

    def seen(self, changes: Iterable[tuple[Change, str]], *, flood: bool = False) -> Seen:
        """What these changes mean; in a `flood` they may not be all (see Flow)."""
        roots: set[Path] = set()
        moved: set[str] = set()
        for change, path in changes:
            directory, name = os.path.split(path)
            roots.update(root for root, place in self._interests.get(directory, ()) if place.matters(name))
            if path in self._interests:
                roots |= self.roots_of(path)
                if change is not Change.modified:
                    moved.add(path)
        return Seen(frozenset(roots), frozenset(moved), flood)

    def changed(self, directories: Iterable[str]) -> frozenset[str]:
        """Those for which others stand now, or nothing. Blocks on the disk."""
        return frozenset(name for name in directories if identity_of(Path(name)) != self.directories.get(name))

    def roots_of(self, *directories: str) -> set[Path]:
        """Who is interested in any of these directories."""
        return {root for directory in directories for root, _ in self._interests.get(directory, ())}
