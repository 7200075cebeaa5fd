"""The level-triggered loop of one project: wake, settle, look, hand a push job to the queue.

A hint only says "look again". What to do always follows from comparing, so a missed hint costs time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

from connectord.errors import ConnectordError
from connectord.project.model import Project, Snapshot
from connectord.store import Change, NoticedRow
from connectord.sync.effects import PushEffects
from connectord.sync.events import ProblemsChanged, ProjectUnusable, Watching
from connectord.sync.ledgers import ProblemLedger
from connectord.sync.push import ProjectPush
from connectord.sync.queue import PushJob, PushQueue, Trigger, foremost
from connectord.sync.reconcile import base_key
from connectord.sync.threads import in_thread
from connectord.sync.timing import Settle
from connectord.sync.told import Said, Told, mark_of
from connectord.sync.unrest import Unrest

PATIENCE = 10.0
"""Seconds after which a project that is still being read is said to hang. A slow disk takes one or two."""

_THE_PROJECT: Final = "the project"

Reading = tuple[Project, Snapshot]
RECONCILING = frozenset({Trigger.START, Trigger.RESCAN})
TRYING = frozenset({Trigger.RETRY, Trigger.REMOVAL})
"""We woke by ourselves: whatever couldn't be asked of Base44 is asked again."""


class DiskHangs(ConnectordError):
    """The disk that a project lies on gives no answer, not even an error: a server that is gone, most of the time."""

    code = "DISK_HANGS"

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} can't be read: its disk has not answered for {PATIENCE:.0f} s.",
            todo=("Look whether its server or its mount is still there; it goes on by itself once the disk answers",),
        )


class ProjectLoop:
    """Watches over one project. `read` reads it from disk (blocking; it runs in a thread).

    A disk that doesn't answer for `patience` seconds is told, and waited for.
    """

    def __init__(
        self,
        root: Path,
        *,
        read: Callable[[], Reading],
        queue: PushQueue,
        effects: PushEffects,
        settle: Settle = Settle(),  # noqa: B008  (frozen)
        patience: float = PATIENCE,
    ) -> None:
        self.root = root
        self._told = Told(root, effects.store, effects.now)
        self.push = ProjectPush(
            root, effects, read, self.look_again, self._run_beside, told=self._told, paused=lambda: self.paused
        )
        self._read = read
        self._queue = queue
        self._effects = effects
        self._settle = settle
        self._patience = patience
        self._wake = asyncio.Event()
        self._triggers: set[Trigger] = set()
        self._problems = ProblemLedger(settle.patience, self._told)
        self._seen: Reading | None = None
        self._unusable: str | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self._tickets: list[asyncio.Future[None]] = []
        self._unrest = Unrest(settle.cap, self.look_again, effects.clock)
        self._group: asyncio.TaskGroup | None = None
        self.paused = False

    async def looked(self) -> None:
        """Wait for a look that begins after this call. A project that can't be read counts as looked at."""
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tickets.append(ticket)
        self.hint(Trigger.ASKED)
        await ticket

    def hint(self, trigger: Trigger = Trigger.SAVE) -> None:
        """Something may have changed: look again."""
        self._triggers.add(trigger)
        self._wake.set()

    def look_again(self, seconds: float, trigger: Trigger = Trigger.RETRY) -> None:
        """Look again after so many seconds, whether or not anything changes until then."""

        def due() -> None:
            self._later.discard(handle)
            self.hint(trigger)

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._later.add(handle)

    async def run(self) -> None:
        """Look whenever there is a reason to, until cancelled. A defect ends it, and what is waited for goes on."""
        self.hint(Trigger.START)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                try:
                    await self._run()
                finally:
                    self._group = None
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Nobody looks any more. After a defect `run` may be called again instead, for whatever was waited for."""
        self.push.end()
        for ticket in self._tickets:
            ticket.cancel()
        for handle in self._later:
            handle.cancel()

    async def _run(self) -> None:
        while True:
            await self._settled()
            triggers, tickets = self._take_reasons()
            looked = False
            try:
                looked = await self._look(triggers)
            finally:
                if not looked:
                    # It is looked at again in a moment, for the same reasons and for whoever waits for a look.
                    self._triggers |= triggers
                    self._tickets += tickets
            for ticket in tickets if looked else ():
                if not ticket.cancelled():
                    ticket.set_result(None)

    def _run_beside(self, coroutine: Coroutine[None, None, None]) -> None:
        if self._group is None:  # a push outlived its loop: the next start asks Base44 anyway
            coroutine.close()
        else:
            self._group.create_task(coroutine)

    async def _settled(self) -> None:
        await self._wake.wait()
        first = last = self._effects.clock()
        while True:
            self._wake.clear()
            wait = self._settle.remaining(now=self._effects.clock(), first=first, last=last)
            try:
                async with asyncio.timeout(max(wait, 0)):
                    await self._wake.wait()
            except TimeoutError:
                return
            last = self._effects.clock()

    def _take_reasons(self) -> tuple[set[Trigger], list[asyncio.Future[None]]]:
        # A hint may have come in the very turn in which the settling ended: its reason is taken here.
        self._wake.clear()
        triggers, self._triggers = self._triggers, set()
        tickets, self._tickets = self._tickets, []
        return triggers, tickets

    async def _look(self, triggers: set[Trigger]) -> bool:
        """Look at the project; whether it said anything yet."""
        try:
            project, snapshot = await self._reading()
        except ConnectordError as error:
            self._triggers |= triggers & RECONCILING  # still owed, once the project can be read again
            self._tell_unusable(error)
            return True
        if self._unrest.keeps(self._seen[0] if self._seen else None, project, snapshot):
            return False
        self._tell_usable(project, snapshot)
        # What another app has, nobody has asked it yet.
        turned = self._seen is not None and base_key(self._seen[0]) != base_key(project)
        if self._seen is not None and self._seen[0].environment != project.environment:
            self.push.retry_now()  # somebody may have signed in by it
            triggers.add(Trigger.RETRY)
        self._seen = (project, snapshot)
        self._tell_problems(project, snapshot)
        owed = bool(triggers & TRYING) and self.push.reconcile_owed
        reconcile = turned or owed or bool(triggers & RECONCILING)
        decided = await self.push.look(project, snapshot)
        if self.paused:
            return True
        # While a job is under way base is about to change: what to send is decided when this one's turn comes (P1).
        if self._queue.is_busy(self.root) or not decided.sends_nothing:
            self._queue.put(PushJob(project, snapshot, foremost(triggers), reconcile))
        elif reconcile:
            self.push.reconcile(project)
        return True

    async def _reading(self) -> Reading:
        """What is on the disk; one that doesn't answer is told, and waited for."""
        begun = asyncio.Event()
        reading = asyncio.ensure_future(in_thread(self._read, on_begin=begun.set))
        try:
            await begun.wait()
            await asyncio.wait({reading}, timeout=self._patience)
            if not reading.done():
                self._tell_unusable(DiskHangs(self.root))
            return await reading
        finally:
            reading.cancel()

    def _tell_problems(self, project: Project, snapshot: Snapshot) -> None:
        news = self._problems.compare(snapshot.problems, self._effects.clock())
        self._record(news.noticed)
        if news.appeared or news.mended:
            self._effects.emit(ProblemsChanged(project, news.appeared, news.mended))
        if news.look_again_in is not None:
            self.look_again(news.look_again_in)

    def _tell_unusable(self, error: ConnectordError) -> None:
        if str(error) != self._unusable:
            rows = self._told.say(Said.UNUSABLE, _THE_PROJECT, mark_of(str(error)))
            self._record(rows)
            self._effects.emit(ProjectUnusable(self.root, error, again=not rows))
        self._unusable = str(error)

    def _tell_usable(self, project: Project, snapshot: Snapshot) -> None:
        self._record(self._told.over(Said.UNUSABLE, (_THE_PROJECT,)))
        if self._unusable is not None:
            self._unusable = None
            self._effects.emit(ProjectUnusable(self.root, None))
        if self._seen is None or self._seen[0] != project:
            types = tuple(connector.type for connector in snapshot.connectors)
            self._effects.emit(Watching(project, types, len({problem.file for problem in snapshot.errors})))

    def _record(self, noticed: tuple[NoticedRow, ...]) -> None:
        if noticed:
            self._effects.store.record(Change(noticed=noticed))
