"""Which Base44 the projects talk to and as whom: what login and API are checked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectord.base44.find import caller
from connectord.project import Project, ProjectError, find_root, read_project
from connectord.project.environment import api_url, settings_in_force


@dataclass(frozen=True, slots=True)
class Target:
    """A host, and the settings that say who is signed in there. `apps` are those of the projects that share both.

    `folder` is one of these projects' folders, or the one in which the command was called.
    """

    api_url: str
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    apps: tuple[str, ...] = ()


def targets(folder: Path, roots: Iterable[Path], environ: Mapping[str, str]) -> tuple[Target, ...]:
    """Those of a folder and of the registered projects, each once, the folder's first.

    A registered project that can't be read is left out; the check of projects says so. Blocks on the disk. Raises
    ProjectError where the folder's own settings are impossible.
    """
    here = find_root(folder) or folder
    found: dict[object, Target] = {}
    for target in (_here(here, environ), *_registered(roots, environ)):
        key = target.api_url, caller(target.environment)
        known = found.get(key, target)
        apps = tuple(dict.fromkeys((*known.apps, *target.apps)))
        found[key] = Target(known.api_url, known.environment, known.folder, apps)
    return tuple(found.values())


def _here(folder: Path, environ: Mapping[str, str]) -> Target:
    settings = settings_in_force(folder, environ).settings
    return next(_registered((folder,), environ), Target(api_url(settings), settings, folder))


def _registered(roots: Iterable[Path], environ: Mapping[str, str]) -> Iterator[Target]:
    for root in roots:
        project = _project(root, environ)
        if project:
            yield Target(project.api_url, project.environment, root, (project.app_id,))


def _project(root: Path, environ: Mapping[str, str]) -> Project | None:
    try:
        return read_project(root, environ)
    except ProjectError:
        return None
