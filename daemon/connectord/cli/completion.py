"""What the shell completes: the connector types of the projects that the daemon looks after."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.control.client import Client
from connectord.errors import ConnectordError
from connectord.places import runtime_dir

PATIENCE = 1.0
"""Seconds: a shell that hangs at a tab is worse than one that completes nothing."""


def complete_types(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Types that begin so and aren't on the line yet; of one project where the line names it."""
    del param
    project = ctx.params.get("project")
    given = ctx.params.get("types") or ()
    try:
        found = Client(runtime_dir(), timeout=PATIENCE).status(Path(project) if project else None).projects
    except ConnectordError:  # there is no daemon: then nothing is known, and the command says so
        return []
    types = {line.type for one in found for line in one.connectors}
    return sorted(name for name in types if name.startswith(incomplete) and name not in given)
