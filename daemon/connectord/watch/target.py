"""What is to be watched: a target's places, and which directories stand under their names right now."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Identity = tuple[int, int]
"""Device and inode: the same directory under two names (a symbolic link, a bind mount) is one."""


class Place(Protocol):
    """A directory whose direct entries matter, some of them. Two with the same meaning are equal."""

    @property
    def directory(self) -> Path:
        """Where it is, as the target calls it."""
        ...

    def matters(self, name: str) -> bool:
        """Whether a change of the entry `name` is a reason to look at the target again. Doesn't look at the disk."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A project to watch. `places` says where, as things lie now; it may block on the disk, and runs in a thread."""

    root: Path
    places: Callable[[], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class Found:
    """A place that is there and may be read. `remote`: its disk is elsewhere, and tells of local changes at most."""

    place: Place
    identity: Identity
    remote: bool = False


def find_places(target: Target, remote: Collection[int]) -> Iterator[Found]:
    """What is there of a target; the devices in `remote` are elsewhere. Blocks on the disk."""
    for place in target.places():
        identity = identity_of(place.directory)
        if identity is not None and os.access(place.directory, os.R_OK):
            yield Found(place, identity, remote=identity[0] in remote)


def same_directories(one: Iterable[Found], other: Iterable[Found]) -> bool:
    """Whether the same directories stand under the same names, whatever matters in them."""
    return {(found.place.directory, found.identity) for found in one} == {
        (found.place.directory, found.identity) for found in other
    }


def identity_of(path: Path) -> Identity | None:
    """Which directory stands there (through symbolic links); None where there is none."""
    try:
        status = path.stat()
    except OSError:  # gone, or behind a door: the directory above it tells when that changes
        return None
    return (status.st_dev, status.st_ino)
