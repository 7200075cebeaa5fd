"""What the shell's Tab offers where a word is no command and no option. It must be quick, and never complains."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
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


def connector_types(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The connector types of the project around, or those that Base44 offers where there is none."""
    del context, parameter
    return [CompletionItem(type_) for type_ in _types() if type_.startswith(begun)]


def _projects() -> list[str]:
    from connectord.control.client import Client  # noqa: PLC0415  (only for this word is it needed)

    with contextlib.suppress(ConnectordError):
        return [project.path for project in Client(runtime_dir(), timeout=PATIENCE).status().projects]
    return []


def _types() -> list[str]:

    from connectord.project import KNOWN_TYPES, SnapshotReader, read_project  # noqa: PLC0415  (as above)

    with contextlib.suppress(ConnectordError):
        return sorted(SnapshotReader().read(read_project(Path(), os.environ)).by_type)
    return sorted(KNOWN_TYPES)
