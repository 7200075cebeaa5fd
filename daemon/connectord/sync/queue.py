"""The async queue of push jobs: projects side by side, one job at a time for each, waiting jobs folded into one."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from connectord.project.model import Project, Snapshot

PROJECTS_AT_ONCE = 4

PATIENCE = 5.0
"""Seconds in which a push is done where nothing hangs and nobody asks to wait."""


class Trigger(StrEnum):
    """What made us look. Of several, the first in this order says what a push was (`foremost`)."""

    START = "start"
    SAVE = "save"
    ASKED = "asked"
    RETRY = "retry"
    REMOVAL = "removal"  # what a removal waited for is over: its grace, git, a person's word
    RESCAN = "rescan"


def foremost(triggers: Iterable[Trigger]) -> Trigger:
    """The one of several that a person should hear of."""
    return min(triggers, key=list(Trigger).index)


class LookAgain(Protocol):
    """Asks a project's loop for another look in so many seconds, whatever happens until then, and says what for."""

    def __call__(self, seconds: float, trigger: Trigger = Trigger.RETRY) -> None:
        """The trigger is that of the look, and of the push that comes of it."""


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

    Each API host has places of its own, `projects_at_once` of them: who waits for one host keeps nobody from another.
    A job that takes longer than `patience` seconds waits for somebody, and does so without its place.

    A job that is put while another of its project waits takes that one's place: only the newest content matters, and
    what to send is decided when the job's turn comes. `carry` must end in a visible state by itself; what it raises
    ends the queue.
    """

    def __init__(
        self,
        carry: Callable[[PushJob], Awaitable[None]],
        *,
        projects_at_once: int = PROJECTS_AT_ONCE,
        patience: float = PATIENCE,
    ) -> None:
        self._carry = carry
        self._projects_at_once = projects_at_once
        self._patience = patience
        self._waiting: dict[str, PushJob] = {}
        self._running: set[str] = set()
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._changed = asyncio.Event()
        self._pulses: list[asyncio.Future[None]] = []
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, job: PushJob) -> None:
        """Hand a job in."""
        key = str(job.project.root)
        replaced = self._waiting.get(key)
        if replaced is not None and _host(replaced) != _host(job):
            self._hosts[_host(replaced)].turns.pop(key, None)
        self._waiting[key] = _folded(replaced, job) if replaced else job
        if key not in self._running:
            self._take_turn(key)
        self._idle.clear()

    async def run(self) -> None:
        """Carry jobs out until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for host in self._hosts.values():
                    while host.turns and len(host.places) < self._projects_at_once:
                        self._begin(host, group)
                self._answer_pulses()
                await self._changed.wait()
                self._changed.clear()

    async def pulse(self) -> None:
        """Return once the queue has given out every turn that it can: a sign that it lives. Brings no time limit."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pulses.append(answered)
        self._changed.set()
        await answered

    def is_busy(self, root: Path) -> bool:
        """Whether a job of this project waits or runs."""
        return str(root) in self._waiting or str(root) in self._running

    def drop(self, root: Path) -> None:
        """Forget the job of this project that waits. One that runs goes on to its end."""
        job = self._waiting.pop(str(root), None)
        if job is not None:
            self._hosts[_host(job)].turns.pop(str(root), None)
        self._tell_idle()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing runs. Callers bring their own time limit."""
        await self._idle.wait()

    def _answer_pulses(self) -> None:
        pulses, self._pulses = self._pulses, []
        for pulse in pulses:
            if not pulse.done():  # whoever asked may have been cancelled
                pulse.set_result(None)

    def _begin(self, host: _Host, group: asyncio.TaskGroup) -> None:
        key = next(iter(host.turns))
        del host.turns[key]
        self._running.add(key)
        host.places.add(key)
        group.create_task(self._work(key, self._waiting.pop(key), host))

    async def _work(self, key: str, job: PushJob, host: _Host) -> None:
        too_long = asyncio.get_running_loop().call_later(self._patience, self._leave_place, key, host)
        try:
            await self._carry(job)
        finally:
            too_long.cancel()
            self._running.discard(key)
            if key in self._waiting:
                self._take_turn(key)
            self._leave_place(key, host)
            self._tell_idle()

    def _take_turn(self, key: str) -> None:
        self._hosts[_host(self._waiting[key])].turns.setdefault(key)
        self._changed.set()

    def _leave_place(self, key: str, host: _Host) -> None:
        host.places.discard(key)
        self._changed.set()

    def _tell_idle(self) -> None:
        if not self._waiting and not self._running:
            self._idle.set()


@dataclass(slots=True)
class _Host:
    """One API host: which projects wait for their turn there, in order, and which have a place."""

    turns: dict[str, None] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)


def _folded(before: PushJob, job: PushJob) -> PushJob:
    trigger = foremost([before.trigger, job.trigger])
    return replace(job, trigger=trigger, reconcile=before.reconcile or job.reconcile)


def _host(job: PushJob) -> str:
    return job.project.api_url
