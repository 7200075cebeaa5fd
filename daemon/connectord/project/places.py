"""Which directories must be watched for a project, and which paths in them matter. Nothing here reads a file."""

from __future__ import annotations

from pathlib import Path

from connectord.project.model import Project

CONFIG_NAMES = frozenset({"config.jsonc", "config.json", ".app.jsonc", ".app.json", ".env", ".env.local"})
CONNECTOR_SUFFIXES = frozenset({".json", ".jsonc"})


def watch_places(project: Project) -> tuple[Path, ...]:
    """The directories whose direct entries matter: a directory's own coming and going shows in the one above it.

    Where the connectors directory or a file in it is a symlink, the target's directory matters too.
    """
    directory = project.connectors_dir
    places = [project.root, _config_dir(project), *_existing_ancestors(directory, project.root), directory]
    if directory.is_symlink():
        places += [directory.resolve(), directory.resolve().parent]
    places += [target.parent for target in _link_targets(directory)]
    return tuple(dict.fromkeys(place for place in places if place.is_dir()))


def is_relevant(project: Project, path: Path) -> bool:
    """Whether a change of this path is a reason to look again."""
    directory = project.connectors_dir
    if path.name in CONFIG_NAMES:
        return True
    if path == directory or path in directory.parents or path == directory.resolve():
        return True
    in_directory = path.parent == directory or path.parent == directory.resolve()
    return _is_connector_name(path) and (in_directory or path in _link_targets(directory))


def _config_dir(project: Project) -> Path:
    return project.config_path.parent if project.config_path else project.root


def _existing_ancestors(directory: Path, root: Path) -> list[Path]:
    above = [place for place in directory.parents if place.is_relative_to(root)]
    return above or [directory.parent]


def _is_connector_name(path: Path) -> bool:
    return path.suffix in CONNECTOR_SUFFIXES and not path.name.startswith(".")


def _link_targets(directory: Path) -> list[Path]:
    try:
        return [entry.resolve() for entry in directory.iterdir() if entry.is_symlink() and _is_connector_name(entry)]
    except OSError:
        return []
