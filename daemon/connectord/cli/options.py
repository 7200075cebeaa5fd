"""The options that the one-shot commands share, and the project that they name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from connectord.project import NoProject, NotLinked, Project, find_root, read_project
from connectord.project.environment import api_url, settings_in_force

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

with_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and ask nothing.")
with_yes: Decorator = click.option("-y", "--yes", is_flag=True, help="Don't ask before anything is overwritten.")


class Folder(click.Path):
    """A folder on the command line. An empty one is `--dir "$UNSET"`, not a word for the folder around."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; a usage error for an empty one."""
        if value == "":
            self.fail("the folder's name is empty.", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True, slots=True)
class Target:
    """Which project a command is about, as the command line says it."""

    path: Path
    app_id: str | None
    directory: Path | None

    def project(self) -> Project:
        """The project itself; raises ProjectError where there is none or it isn't linked."""
        try:
            return read_project(self.path, os.environ, app_id=self.app_id, directory=self.directory)
        except (NoProject, NotLinked) as error:
            error.todo = (*error.todo, "Or pass an app id with --app-id ID.")
            raise


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What a command that needs no app goes by: the host and the BASE44_* settings, of the project around if any."""

    api_url: str
    settings: Mapping[str, str]

    @classmethod
    def of(cls, path: Path) -> HostSettings:
        """Those of a folder; raises ProjectError where a setting is impossible."""
        settings = settings_in_force(find_root(path) or path, os.environ).settings
        return cls(api_url(settings), settings)


def with_target(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument PATH and the options --dir and --app-id: the parts of a Target."""
    path = click.argument("path", type=Folder(path_type=Path), default=Path())
    directory = click.option(
        "--dir",
        "directory",
        type=Folder(path_type=Path),
        help="The folder of the connector files, instead of the project's (without a project: ./connectors).",
    )
    return path(directory(with_app_id(command)))


def with_app_id(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --app-id."""
    option: Decorator = click.option(
        "--app-id", metavar="ID", help="The app, instead of the one the project is linked to."
    )
    return option(command)
