"""What the service manager hears of the daemon: that it is ready, how it is, and that it lives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from connectord.control.models import ProjectState
from connectord.daemon.engine import Engine
from connectord.service.sd_notify import ServiceNotifier

EACH_START: Final = 60.0
"""Seconds that a start gets anew with each beat: a thousand projects on a slow disk are no defect."""

BEAT_WITHOUT_WATCHDOG: Final = 20.0
STATUS_PAUSE: Final = 1.0
"""Seconds from something new to the line that says it: a push of forty connectors changes it once or twice."""


class Heartbeat:
    """Beats for as long as the engine works.

    Each beat goes through the push queue, on the event loop that everything else runs on. A loop that hangs or a queue
    that gives out no turns any more makes it stop, and the watchdog ends the daemon; the next start converges (P9).
    """

    def __init__(self, engine: Engine, notifier: ServiceNotifier, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._engine = engine
        self._notifier = notifier
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._is_ready = False

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(), name="beat")
            group.create_task(self._tell(), name="status line")
            await self._until_seen()
            self._is_ready = True
            self._notifier.status(status_line(self._states()))
            self._notifier.ready()

    def changed(self) -> None:
        """Something happened: say soon how things are now."""
        self._changed.set()

    async def _until_seen(self) -> None:
        """Wait for the first look at every project. One that can't be read, or whose disk hangs, has been told."""
        self._notifier.status(f"Looking at {_projects(len(self._engine.followed))} for the first time")
        await self._engine.first_looks.over()

    async def _beat(self) -> None:
        # Three beats fit into the watchdog's patience: one may be late.
        pause = self._notifier.watchdog / 3 if self._notifier.watchdog else BEAT_WITHOUT_WATCHDOG
        while True:
            await self._engine.queue.pulse()
            if not self._is_ready:
                self._notifier.starting(EACH_START)
            self._notifier.alive()
            await self._sleep(pause)

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._sleep(STATUS_PAUSE)
            if self._is_ready:
                self._notifier.status(status_line(self._states()))

    def _states(self) -> list[ProjectState]:
        return [followed.board.state for followed in self._engine.followed.values()]


def status_line(states: list[ProjectState]) -> str:
    """How the projects are, in a line: those that need somebody first."""
    if not states:
        return "No projects yet: connectord projects add"
    counts = Counter(states)
    words = [f"{counts[state]} {state.replace('-', ' ')}" for state in reversed(ProjectState) if counts[state]]
    return f"Looking after {_projects(len(states))}: {', '.join(words)}"


def _projects(count: int) -> str:
    return "1 project" if count == 1 else f"{count} projects"
