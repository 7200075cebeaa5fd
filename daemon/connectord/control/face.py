"""What the daemon offers to the outside, whoever asks: the engine implements it, the local API calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from connectord.control.consent_models import Consent, LinkToWatch
from connectord.control.models import (
    Approval,
    DaemonStatus,
    HistoryEntry,
    ProjectAdded,
    Restoration,
    Status,
    WaitResult,
)
from connectord.control.news import News
from connectord.errors import ConnectordError


class UnknownProject(ConnectordError):
    """The daemon doesn't look after the project at this path; `why` is said where there can't be one."""

    code = "UNKNOWN_PROJECT"

    def __init__(self, path: Path, why: str | None = None) -> None:
        register = f"Register it with: connectord projects add {path}"
        super().__init__(
            why or f"The daemon doesn't look after a project in {path}.",
            todo=("Check the path." if why else register, "See what is registered with: connectord projects list"),
        )
        self.path = path


class ConsentFace(Protocol):
    """The consents of the projects; as Face in all else."""

    async def link(self, root: Path, connector_type: str) -> Consent:
        """An open link whose time begins now, for the caller to open; asks Base44 for a fresh one where need be."""
        ...

    async def ended(self, root: Path, connector_type: str, *, timeout: float) -> Consent:
        """How the consent that is waited for ended; open still after `timeout` seconds."""
        ...

    def skip(self, root: Path, connector_type: str) -> None:
        """A person's word that this consent can wait."""
        ...

    def watch(self, root: Path, link: LinkToWatch) -> Consent:
        """Watch a link that the caller was given, or go on with one that is open for the same: the answer names it.

        Raises where it is another app's than the project's.
        """
        ...


class Face(Protocol):
    """The daemon as its clients see it. All calls are made on the daemon's event loop and must not block it.

    A `root` is always one of `roots()`; None means all projects. What can't be done is raised as a ConnectordError
    (UnknownProject, a ProjectError of the path, ...), whose words reach the person as they are.
    """

    @property
    def consents(self) -> ConsentFace:
        """What is asked about consents."""
        ...

    def roots(self) -> tuple[Path, ...]:
        """The roots of all projects, registered or named to `run`."""
        ...

    def daemon_status(self) -> DaemonStatus:
        """How the daemon itself is, without its projects."""
        ...

    def status(self, root: Path | None) -> Status:
        """How things are now. Cheap: it reads what the daemon knows and asks nobody."""
        ...

    def history(self, root: Path | None, *, limit: int, before: int | None) -> tuple[HistoryEntry, ...]:
        """What happened, newest first: at most `limit` entries with ids below `before`."""
        ...

    async def add_project(self, path: Path) -> ProjectAdded:
        """Register the project around `path` and begin to watch it. One that is there already stays as it is."""
        ...

    async def remove_project(self, root: Path) -> None:
        """Look after this project no more. Nothing changes on Base44 and none of its files."""
        ...

    async def pause(self, root: Path | None) -> None:
        """Push nothing until `resume`; lasts over restarts."""
        ...

    async def resume(self, root: Path | None) -> None:
        """End a pause and look again."""
        ...

    async def push(self, root: Path | None) -> None:
        """A person's word: look now, and try again what had failed for good (P8). Returns before it is done."""
        ...

    async def approve(self, root: Path, approval: Approval) -> None:
        """A person's word: remove exactly these. Raises ApprovalRefused where the holds are others by now (P6)."""
        ...

    async def restore(self, root: Path) -> Restoration:
        """Write the files back whose connectors are held or about to be removed; over nothing that is there (P6)."""
        ...

    async def snooze(self, seconds: float) -> None:
        """Show no notices for so many seconds, over restarts; 0 ends it, and what is still true is shown."""
        ...

    async def wait(self, root: Path | None, *, timeout: float) -> WaitResult:
        """Return when the files as they are at the call are settled, or after `timeout` seconds."""
        ...

    def events(self) -> AbstractContextManager[AsyncIterator[News]]:
        """News from entering on (`Broadcast.subscribe`). A reader that is too slow gets a last line, and the end."""
        ...

    def stop(self) -> None:
        """End the daemon in order, soon; returns at once."""
        ...
