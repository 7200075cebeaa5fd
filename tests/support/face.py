"""A daemon's face without a daemon: what it is asked is kept, what it answers is set by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectord.control.broadcast import Broadcast
from connectord.control.consent_models import Consent, ConsentState, LinkToWatch
from connectord.control.face import UnknownProject
from connectord.control.models import (
    Approval,
    ConnectorStatus,
    DaemonStatus,
    HistoryEntry,
    ProjectAdded,
    ProjectState,
    ProjectStatus,
    Restoration,
    Status,
    WaitResult,
    WatchState,
)
from connectord.control.news import News, NewsKind
from connectord.sync.holds import APPROVE_AGAIN, ApprovalRefused

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_daemon(**more: Any) -> DaemonStatus:
    values = {"version": "0.1.0", "pid": 4242, "started_at": NOON, "notifications": "lines"}
    return DaemonStatus.model_validate({**values, "watching": WatchState.EVENTS, **more})


def a_project_status(path: str | Path = "/home/ada/shop", **more: Any) -> ProjectStatus:
    values = {"path": str(path), "app_id": "a" * 24, "api_url": "https://base44.test", "state": ProjectState.SYNCED}
    return ProjectStatus.model_validate({**values, **more})


def a_connector(type_: str, state: str = "synced", **more: Any) -> ConnectorStatus:
    return ConnectorStatus.model_validate({"type": type_, "state": state, **more})


def some_news(message: str = "Pushing slack", **more: Any) -> News:
    return News.model_validate({"at": NOON, "event": NewsKind.PUSH_STARTED, "message": message, **more})


@dataclass
class FakeConsents:
    """Implements `ConsentFace`. A link is given for each type, and its end is what the test says, once `ended_now`.

    The first question for an end is answered with what is `newer`, where something is.
    """

    asked: list[tuple[str, str]] = field(default_factory=list)
    links: list[LinkToWatch] = field(default_factory=list)
    given: dict[str, Consent] = field(default_factory=dict)
    ends: dict[str, Consent] = field(default_factory=dict)
    newer: dict[str, Consent] = field(default_factory=dict)
    open_already: dict[str, Consent] = field(default_factory=dict)
    failure: dict[str, Exception] = field(default_factory=dict)
    ended_now: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def link(self, root: Path, connector_type: str) -> Consent:
        self.asked.append(("link", connector_type))
        if (failure := self.failure.get(connector_type)) is not None:
            raise failure
        return self.given.get(connector_type) or a_consent(connector_type)

    async def ended(self, root: Path, connector_type: str, *, timeout: float) -> Consent:
        self.asked.append(("ended", connector_type))
        self.waiting.set()
        if (newer := self.newer.pop(connector_type, None)) is not None:
            return newer
        if connector_type not in self.ends:
            await self.ended_now.wait()
        return self.ends.get(connector_type) or a_consent(connector_type, "skipped")

    def skip(self, root: Path, connector_type: str) -> None:
        self.asked.append(("skip", connector_type))
        if (failure := self.failure.get(connector_type)) is not None:
            raise failure
        self.ended_now.set()

    def watch(self, root: Path, link: LinkToWatch) -> Consent:
        self.links.append(link)
        if (failure := self.failure.get(link.type)) is not None:
            raise failure
        given = Consent(type=link.type, state=ConsentState.OPEN, url=link.url, scopes=link.scopes)
        return self.open_already.get(link.type, given)


def a_consent(type_: str, state: str = "open", **more: Any) -> Consent:
    url = f"https://app.base44.com/api/external-auth/connect/{type_}"
    return Consent.model_validate({"type": type_, "state": state, "url": url} | more)


@dataclass
class FakeFace:
    """Implements `Face`. `asked` are the calls that change something, in order."""

    projects: list[ProjectStatus] = field(default_factory=list)
    entries: tuple[HistoryEntry, ...] = ()
    asked: list[tuple[str, Path | None]] = field(default_factory=list)
    news: Broadcast = field(default_factory=Broadcast)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    waits_cancelled: int = 0
    statuses_made: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None
    restoration: Restoration = field(default_factory=Restoration)
    on_approve: Callable[[], None] = lambda: None
    daemon: DaemonStatus = field(default_factory=a_daemon)
    consents: FakeConsents = field(default_factory=FakeConsents)

    def roots(self) -> tuple[Path, ...]:
        return tuple(Path(project.path) for project in self.projects)

    def daemon_status(self) -> DaemonStatus:
        if self.failure is not None:
            raise self.failure
        return self.daemon

    def status(self, root: Path | None) -> Status:
        if self.failure is not None:
            raise self.failure
        self.statuses_made += 1
        found = tuple(one for one in self.projects if root is None or one.path == str(root))
        return Status(daemon=self.daemon, projects=found)

    def history(self, root: Path | None, *, limit: int, before: int | None) -> tuple[HistoryEntry, ...]:
        found = [
            entry
            for entry in self.entries
            if (root is None or entry.project == str(root)) and (before is None or entry.id < before)
        ]
        return tuple(found[:limit])

    async def add_project(self, path: Path) -> ProjectAdded:
        self.asked.append(("add", path))
        if not path.is_dir():
            raise UnknownProject(path)
        known = path in self.roots()
        if not known:
            self.projects.append(a_project_status(path))
        return ProjectAdded(project=self.status(path).projects[0], new=not known)

    async def remove_project(self, root: Path) -> None:
        self.asked.append(("remove", root))
        self.projects = [project for project in self.projects if project.path != str(root)]

    async def pause(self, root: Path | None) -> None:
        self._set("pause", root, ProjectState.PAUSED)

    async def resume(self, root: Path | None) -> None:
        self._set("resume", root, ProjectState.SYNCED)

    async def snooze(self, seconds: float) -> None:
        self.asked.append((f"snooze {seconds:g}", None))
        until = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
        self.daemon = self.daemon.model_copy(update={"quiet_until": until, "snoozed_until": until})

    async def push(self, root: Path | None) -> None:
        self._set("push", root, ProjectState.SYNCING)

    async def approve(self, root: Path, approval: Approval) -> None:
        self.asked.append(("approve", root))
        held = {hold.reason: hold.types for one in self.status(root).projects for hold in one.held}
        if approval.holds != held:
            raise ApprovalRefused(
                "The hold mass-removal is now for another. Nothing was approved.", todo=(APPROVE_AGAIN,)
            )
        self.projects = [one.model_copy(update={"held": ()}) for one in self.projects]
        self.on_approve()

    async def restore(self, root: Path) -> Restoration:
        self.asked.append(("restore", root))
        if self.failure is not None:
            raise self.failure
        return self.restoration

    async def wait(self, root: Path | None, *, timeout: float) -> WaitResult:
        self.asked.append(("wait", root))
        self.waiting.set()
        self.news.publish(some_news("waiting"))
        try:
            async with asyncio.timeout(timeout):
                await self.settled.wait()
        except TimeoutError:
            return WaitResult(settled=False, projects=self.status(root).projects)
        except asyncio.CancelledError:
            self.waits_cancelled += 1
            raise
        return WaitResult(settled=True, projects=self.status(root).projects)

    def events(self) -> AbstractContextManager[AsyncIterator[News]]:
        return self.news.subscribe()

    def stop(self) -> None:
        self.stopped.set()

    def _set(self, word: str, root: Path | None, state: ProjectState) -> None:
        self.asked.append((word, root))
        self.projects = [
            project.model_copy(update={"state": state}) if root is None or project.path == str(root) else project
            for project in self.projects
        ]
