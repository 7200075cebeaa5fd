"""From any folder inside a project to the Project: its root, its connectors directory, its app and its host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.project.config_file import checked_app_id, connectors_dir, linked_app_id
from connectord.project.environment import APP_ID, api_url, settings_in_force
from connectord.project.errors import NoProject, NotLinked
from connectord.project.model import Project
from connectord.project.regular_file import exists, is_file

_SUBFOLDER: Final = "base44"
_CONFIG_NAMES: Final = (f"{_SUBFOLDER}/config.jsonc", f"{_SUBFOLDER}/config.json", "config.jsonc", "config.json")


@dataclass(frozen=True, slots=True)
class _Found:
    root: Path
    config_path: Path | None


def read_project(
    start: Path, environ: Mapping[str, str], *, app_id: str | None = None, directory: Path | None = None
) -> Project:
    """The project that `start`, a file or folder, lies in.

    `app_id` and `directory` (of connectors; relative to the working directory) are what a person said on the
    command line: they win over the project's files, and the project stays the project. Blocks on the disk.
    Raises NoProject, NotLinked, InvalidConfig or InvalidSetting.
    """
    start = Path(os.path.abspath(start))  # noqa: PTH100  (resolve() would walk out of a symlinked project)
    if not exists(start):
        raise NoProject(start, there=False)
    found = _find(start)
    in_force = settings_in_force(found.root, environ)
    settings = in_force.settings
    chosen = _app_id(app_id, settings, found)
    if chosen is None:
        raise NoProject(start) if found.config_path is None else NotLinked(found.root, found.config_path)
    return Project(
        root=found.root,
        config_path=found.config_path,
        connectors_dir=_connectors_dir(found, directory),
        app_id=chosen,
        api_url=api_url(settings),
        environment=settings,
        settings_files=in_force.files,
    )


def find_root(start: Path) -> Path | None:
    """The root of the project around `start`, or None. The folder `base44` is part of the project above it."""
    found = _find(Path(os.path.abspath(start)))  # noqa: PTH100  (as above)
    return found.root if found.config_path is not None else None


def _find(start: Path) -> _Found:
    folder = start.parent if is_file(start) else start
    # The root of the file system is no project, for the CLI neither.
    for current in (folder, *folder.parents)[:-1]:
        for name in _CONFIG_NAMES:
            config_path = current / name
            if is_file(config_path):
                return _Found(_root_of(config_path), config_path)
    return _Found(folder, None)


def _root_of(config_path: Path) -> Path:
    folder = config_path.parent
    return folder.parent if folder.name == _SUBFOLDER else folder


def _app_id(given: str | None, settings: Mapping[str, str], found: _Found) -> str | None:
    if given is not None:
        return checked_app_id(given, "--app-id")
    if APP_ID in settings:
        return checked_app_id(settings[APP_ID], APP_ID)
    return linked_app_id(found.config_path, found.root) if found.config_path is not None else None


def _connectors_dir(found: _Found, directory: Path | None) -> Path:
    if directory is not None:
        chosen = directory
    elif found.config_path is not None:
        chosen = connectors_dir(found.config_path)
    else:
        chosen = found.root / "connectors"
    return Path(os.path.abspath(chosen))  # noqa: PTH100  (as in read_project)
