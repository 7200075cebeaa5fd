"""The async queue of push jobs: projects side by side, one job at a time for each, waiting jobs folded into one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from connectord.project.model import Project, Snapshot

PROJECTS_AT_ONCE = 4


class Trigger(StrEnum):
    """What made us look."""

    START = "start"
    SAVE = "save"
    ASKED = "asked"
    RETRY = "retry"
    RESCAN = "rescan"


@dataclass(frozen=True, slots=True)
class PushJob:
    """One snapshot on its way to Base44. `id` goes through every line that is said of it.

    `reconcile` asks Base44 what it has once the snapshot is pushed: at a start and a rescan, not for a save.
    """

    project: Project
    snapshot: Snapshot
    trigger: Trigger
    reconcile: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])


class PushQueue:
    """Jobs wait here for their project's turn; `carry` carries one out.

    A job that is put while another of its project waits takes that one's place: only the newest content matters, and
    what to send is decided when the job's turn comes. `carry` must end in a visible state by itself; what it raises
    ends the queue.
    """

    def __init__(
        self, carry: Callable[[PushJob], Awaitable[None]], *, projects_at_once: int = PROJECTS_AT_ONCE
    ) -> None:
        self._carry = carry
        self._projects_at_once = projects_at_once
        self._waiting: dict[str, PushJob] = {}
        self._running: set[str] = set()
        self._turns: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()  # who is in _turns: once each, whatever is put and dropped meanwhile
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, job: PushJob) -> None:
        """Hand a job in."""
        key = str(job.project.root)
        replaced = self._waiting.get(key)
        if key not in self._running:
            self._take_turn(key)
        self._waiting[key] = replace(job, reconcile=True) if replaced and replaced.reconcile else job
        self._idle.clear()

    async def run(self) -> None:
        """Carry jobs out until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._projects_at_once):
                group.create_task(self._work())

    def is_busy(self, root: Path) -> bool:
        """Whether a job of this project waits or runs."""
        return str(root) in self._waiting or str(root) in self._running

    def drop(self, root: Path) -> None:
        """Forget the job of this project that waits. One that runs goes on to its end."""
        self._waiting.pop(str(root), None)
        self._tell_idle()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing runs. Callers bring their own time limit."""
        await self._idle.wait()

    async def _work(self) -> None:
        while True:
            key = await self._turns.get()
            self._queued.discard(key)
            job = self._waiting.pop(key, None)
            if job is None:  # it was dropped while it waited
                continue
            self._running.add(key)
            try:
                await self._carry(job)
            finally:
                self._running.discard(key)
                if key in self._waiting:
                    self._take_turn(key)
                self._tell_idle()

    def _take_turn(self, key: str) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._turns.put_nowait(key)

    def _tell_idle(self) -> None:
        if not self._waiting and not self._running:
            self._idle.set()
