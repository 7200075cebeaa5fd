"""What the shell's Tab offers of what the daemon knows: projects and types. It must be quick, and never complains."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from connectord.control.client import Client
from connectord.control.models import ProjectStatus
from connectord.errors import ConnectordError
from connectord.places import runtime_dir

PATIENCE = 1.0
"""Seconds: a shell that hangs at a tab is worse than one that completes nothing."""


def complete_types(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Types that begin so and aren't on the line yet; of one project where the line names it."""
    del param
    project = ctx.params.get("project")
    given = ctx.params.get("types") or ()
    types = {line.type for one in _projects(Path(project) if project else None) for line in one.connectors}
    return sorted(name for name in types if name.startswith(incomplete) and name not in given)


def complete_projects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The folders of the projects; any folder where none begins so."""
    del ctx, param
    # The folders come first: bash drops what was offered before them, and shows them only where nothing comes after.
    paths = (project.path for project in _projects() if project.path.startswith(incomplete))
    return [CompletionItem(incomplete, type="dir"), *map(CompletionItem, paths)]


def _projects(path: Path | None = None) -> tuple[ProjectStatus, ...]:
    try:
        return Client(runtime_dir(), timeout=PATIENCE).status(path).projects
    except ConnectordError:  # there is no daemon: then nothing is known, and the command says so
        return ()
