"""All projects together, and what the local API can ask of them (control/face.py)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from connectord import __version__
from connectord.authorize import Authorization
from connectord.base44.connections import Connections
from connectord.control import News
from connectord.control.broadcast import Broadcast
from connectord.control.face import UnknownProject
from connectord.control.models import (
    DaemonStatus,
    HistoryEntry,
    ProjectAdded,
    Status,
    WaitResult,
    WatchState,
)
from connectord.control.tell import tell
from connectord.daemon.consents import Consents
from connectord.daemon.followed import Followed
from connectord.daemon.history import kept
from connectord.daemon.surroundings import Surroundings
from connectord.notify import Notifier
from connectord.project import Project, read_project
from connectord.store import Store
from connectord.sync import PushEffects, PushJob, PushQueue, Result, Trigger
from connectord.sync.events import (
    ConnectorsGone,
    OutcomeKnown,
    PushFinished,
    Reconciled,
    SyncEvent,
    Watching,
)
from connectord.watch import Watcher
from dataclasses import replace

CANT_SETTLE = "paused, halted or signed out"


class Engine:
    """The projects that the daemon follows. `group` owns their tasks; `stop` ends the daemon."""

    def __init__(
        self, surroundings: Surroundings, store: Store, connections: Connections, notifier: Notifier
    ) -> None:
        self._in = surroundings
        self._store = store
        self._connections = connections
        self._followed: dict[Path, Followed] = {}
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._started_at = surroundings.at()
        self._troubles: dict[str, str] = {}
        self._watching = WatchState.EVENTS
        self.broadcast = Broadcast()
        self.queue = PushQueue(self._carry, projects_at_once=surroundings.settings.projects_at_once)
        self.watcher = Watcher(on_hint=self._hinted, on_trouble=self._watch_trouble)
        self.consents = Consents(surroundings, store, notifier, self._authorization_changed)
        self.stopping = asyncio.Event()
