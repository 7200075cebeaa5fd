"""From any folder inside a project to the root that the daemon knows it by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connectord.control.face import UnknownProject
from connectord.project.find import find_root
from connectord.project.regular_file import exists


def known_root(path: Path, roots: Iterable[Path]) -> Path:
    """The known project that `path` lies in, by whichever symlink it is reached. Blocks on the disk.

    A project whose folder or config is gone is still found by its path: it must be possible to ask after it and to
    remove it. Raises UnknownProject, also for a project of its own inside a known one.
    """
    roots = tuple(roots)
    # Without a look at any disk where that is possible, nor at another project's: it may lie on one that hangs.
    if path in roots:
        return path
    real = path.resolve()
    nearest = find_root(real)
    if nearest in roots:
        return nearest
    by_real = {root.resolve(): root for root in roots}
    around = next((folder for folder in (real, *real.parents) if folder in by_real), None)
    if nearest is not None and (around is None or nearest.is_relative_to(around)) and nearest not in by_real:
        raise UnknownProject(nearest)
    if around is None:
        raise UnknownProject(path, _why_none(path))
    return by_real[around]


def _why_none(path: Path) -> str:
    if not exists(path):
        return f"There is no file or folder {path}."
    return f"{path} lies in no Base44 project."
