"""A thin command: ask the daemon, print the answer, leave with its exit code. Nothing here is slow to import."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from connectord.cli.completion import complete_projects
from connectord.cli.output import Output
from connectord.cli.thin import run_thin
from connectord.control.client import Client
from connectord.places import runtime_dir

Command = Callable[[Client, Output], int]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

with_json: Final[Decorator] = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
with_path: Final[Decorator] = click.argument("path", required=False, type=Path, shell_complete=complete_projects)
"""The optional argument PATH: any folder or file inside a project. Not click's Path, which looks at the disk: one that
hangs is the daemon's to report."""

with_project: Final[Decorator] = click.option(
    "--project",
    type=click.Path(path_type=Path),
    shell_complete=complete_projects,
    help="The project that this folder or file lies in.",
)
with_yes: Final[Decorator] = click.option("-y", "--yes", is_flag=True, help="Don't ask.")


def run_asking(command: Command, *, as_json: bool = False) -> NoReturn:
    """Run a command that talks to the daemon, and leave with its exit code; errors are shown, never raised."""
    run_thin(lambda output: command(Client(runtime_dir()), output), as_json=as_json)


def here() -> Path:
    """The working directory, as the shell names it where that is true: through the symlinks that led there."""
    named = os.environ.get("PWD", "")
    is_true = named.startswith("/") and Path(named).exists() and Path(named).samefile(Path.cwd())
    return Path(named) if is_true else Path.cwd()
