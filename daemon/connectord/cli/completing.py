"""The projects that the shell's Tab offers. It must be quick, and never complains."""

from __future__ import annotations

import contextlib
from typing import Final

import click
from click.shell_completion import CompletionItem

from connectord.errors import ConnectordError
from connectord.places import runtime_dir

PATIENCE: Final = 0.3
"""Seconds that a daemon has to name its projects; whoever pressed Tab waits for them."""


def project_paths(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The projects that the daemon looks after; any folder where none begins so."""
    del context, parameter
    # The folders come first: bash drops what was offered before them, and shows them only where nothing comes after.
    projects = (CompletionItem(path) for path in _projects() if path.startswith(begun))
    return [CompletionItem(begun, type="dir"), *projects]


def _projects() -> list[str]:
    from connectord.control.client import Client  # noqa: PLC0415  (only for this word is it needed)

    with contextlib.suppress(ConnectordError):
        return [project.path for project in Client(runtime_dir(), timeout=PATIENCE).status().projects]
    return []
