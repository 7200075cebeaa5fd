"""A one-shot push beside a running daemon: what that holds, and that it should look at what was pushed."""

from __future__ import annotations

import contextlib

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


def tell_daemon(project: Project) -> None:
    """Have a daemon that looks after this project try again what had failed, and ask Base44 what it has now (P8, P12).

    Where there is none, nothing needs to be told. Blocks on the socket.
    """
    client = Client(runtime_dir(), timeout=PATIENCE)
    with contextlib.suppress(ConnectordError):
        if any(one.app_id == project.app_id for one in client.status(project.root).projects):
            client.push(project.root)
