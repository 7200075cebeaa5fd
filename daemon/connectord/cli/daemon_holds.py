"""What a running daemon holds of a project, for a one-shot command that is about to remove it."""

from __future__ import annotations

from connectord.control.client import Client
from connectord.control.models import Hold
from connectord.errors import ConnectordError
from connectord.places import runtime_dir
from connectord.project import Project

PATIENCE = 2.0
"""Seconds that a push waits for it: the hold is good to know, and no condition."""


def held_by_daemon(project: Project) -> tuple[Hold, ...]:
    """The holds of this project, if a daemon looks after it with the same app. Blocks on the socket."""
    try:
        found = Client(runtime_dir(), timeout=PATIENCE).status(project.root).projects
    except ConnectordError:  # no daemon, or it doesn't know the project: then it holds nothing
        return ()
    return tuple(hold for one in found if one.app_id == project.app_id for hold in one.held if not hold.approved)
