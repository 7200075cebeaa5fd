"""Which directories must be watched for a project, and which paths in them matter. Nothing here reads a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from connectord.project.model import Project
from connectord.project.reader import CONNECTOR_SUFFIXES
from connectord.project.regular_file import is_folder

CONFIG_NAMES: Final = frozenset({"config.jsonc", "config.json", ".app.jsonc", ".app.json", ".env", ".env.local"})


def watch_places(project: Project) -> tuple[Path, ...]:
    """The directories whose direct entries matter: a directory's own coming and going shows in the one above it.

    Where the connectors directory or a file in it is a symlink, the target's directory matters too.
    """
    directory = project.connectors_dir
    places = [project.root, _config_dir(project), *_folders_above(directory, project.root), directory]
    if _target(directory) != directory:
        places += [_target(directory), _target(directory).parent]
    places += [target.parent for target in _link_targets(directory)]
    return tuple(dict.fromkeys(place for place in places if is_folder(place)))


def is_relevant(project: Project, path: Path) -> bool:
    """Whether a change of this path is a reason to look again."""
    directory = project.connectors_dir
    if path.name in CONFIG_NAMES:
        return True
    if path in (directory, _target(directory)) or path in directory.parents:
        return True
    in_directory = path.parent in (directory, _target(directory))
    return _is_connector_name(path) and (in_directory or path in _link_targets(directory))


def _config_dir(project: Project) -> Path:
    return project.config_path.parent if project.config_path else project.root


def _folders_above(directory: Path, root: Path) -> list[Path]:
    above = [place for place in directory.parents if place.is_relative_to(root)]
    return above or [directory.parent]


def _is_connector_name(path: Path) -> bool:
    return path.suffix in CONNECTOR_SUFFIXES and not path.name.startswith(".")


def _target(path: Path) -> Path:
    # Path.resolve raises for a loop of symlinks, realpath stops at it.
    return Path(os.path.realpath(path))


def _link_targets(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            links = [Path(entry.path) for entry in entries if entry.is_symlink()]
    except OSError:
        return []
    return [_target(link) for link in links if _is_connector_name(link)]
