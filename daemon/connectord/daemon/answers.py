"""What the local API can ask of the daemon (control/face.py), answered from what the engine knows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from connectord import __version__
from connectord.control import News
from connectord.control.face import UnknownProject
from connectord.control.models import (
    Approval,
    ChannelStatus,
    DaemonStatus,
    HistoryEntry,
    NotRestored,
    ProjectAdded,
    ProjectState,
    Restoration,
    RestoredFile,
    Status,
    WaitResult,
)
from connectord.control.models import WatchState as WatchWord
from connectord.control.tell_removal import tell_restored
from connectord.daemon.consent_answers import ConsentAnswers
from connectord.daemon.engine import Engine
from connectord.daemon.followed import Followed
from connectord.daemon.surroundings import Surroundings
from connectord.errors import ConnectordError
from connectord.notify import ChannelState
from connectord.project import read_project, shown_path
from connectord.store import HistoryRow, Store
from connectord.sync import Trigger
from connectord.sync.holds import ApprovalRefused
from connectord.sync.reconcile import base_key
from connectord.sync.restore import write_back

CANT_SETTLE = {
    ProjectState.PAUSED: "paused",
    ProjectState.HALTED: "halted",
    ProjectState.SIGNED_OUT: "signed out",
}
"""States that don't end by themselves, in the words of `wait`."""

NEVER_HERE = "it isn't known here what its file said; `connectord pull` writes one"


class NotRestorable(ConnectordError):
    """Where the project isn't as it was there is no telling whether its directory is the right place for files."""

    code = "NOT_RESTORABLE"

    def __init__(self, root: Path, why: str | None) -> None:
        super().__init__(
            f"The project {root} can't be read now, so no file was written." + (f" {why}" if why else ""),
            todo=("Put the project's config back, and run it again.",),
        )


class Answers:
    """The engine as its clients see it. It implements control.face.Face."""

    def __init__(self, engine: Engine, surroundings: Surroundings, store: Store) -> None:
        self._engine = engine
        self._in = surroundings
        self._store = store
        self._started_at = surroundings.at()
        self.consents = ConsentAnswers(engine, surroundings)

    def roots(self) -> tuple[Path, ...]:
        """The roots of all projects."""
        return tuple(self._engine.followed)

    def daemon_status(self) -> DaemonStatus:
        """How the daemon itself is now. Of a thousand projects nothing is made for this."""
        telling, at = self._engine.telling, self._in.at()
        until = telling.rules.snoozed_until
        return DaemonStatus(
            version=__version__,
            pid=os.getpid(),
            started_at=self._started_at,
            notifications=telling.state.channel.value,
            notices=tuple(_channel(state) for state in telling.states or (telling.state,)),
            quiet_until=telling.rules.quiet_until(at),
            snoozed_until=until if until is not None and until > at else None,
            watching=WatchWord(self._engine.watcher.state.kind.value),
            trouble=tuple(self._engine.troubles.values()),
        )

    def status(self, root: Path | None) -> Status:
        """How things are now."""
        return Status(daemon=self.daemon_status(), projects=tuple(one.status() for one in self._chosen(root)))

    def history(self, root: Path | None, *, limit: int, before: int | None) -> tuple[HistoryEntry, ...]:
        """What happened, newest first."""
        return tuple(_entry(row) for row in self._store.history(root, limit, before))

    async def add_project(self, path: Path) -> ProjectAdded:
        """Register the project around `path`."""
        project = await asyncio.to_thread(read_project, path, self._in.environ)
        known = self._same(project.root, await asyncio.to_thread(os.path.realpath, project.root))
        new = self._store.add_project(known.root if known else project.root, self._in.now())
        if known is not None:
            known.board.temporary = False
            return ProjectAdded(project=known.status(), new=new)
        followed = self._engine.follow(project.root)
        await followed.loop.looked()
        return ProjectAdded(project=followed.status(), new=new)

    async def remove_project(self, root: Path) -> None:
        """Look after this project no more; its running push goes on to its end."""
        followed = self._known(root)
        self._engine.unfollow(root)
        self._store.remove_project(root)
        followed.changed()
        await self._engine.let_go_of_clients()

    async def pause(self, root: Path | None) -> None:
        """Push nothing until `resume`."""
        self._pause(root, paused=True)

    async def resume(self, root: Path | None) -> None:
        """End a pause and look again."""
        self._pause(root, paused=False)

    async def push(self, root: Path | None) -> None:
        """Try again what had failed for good, now."""
        for followed in self._chosen(root):
            followed.loop.push.retry_now(everything=True)
            followed.loop.hint(Trigger.ASKED)
            followed.loop.hint(Trigger.RESCAN)  # what others did on Base44 meanwhile counts, too

    async def approve(self, root: Path, approval: Approval) -> None:
        """Remove exactly what was shown."""
        followed = await self._looked_at(root)
        if followed.project is None:
            raise ApprovalRefused("The project can't be read now. Nothing was approved.")
        followed.loop.push.removals.approve(followed.project, approval.holds)

    async def restore(self, root: Path, types: Collection[str] | None = None) -> Restoration:
        """Write the files of what waits to be removed back from base; of these only, where some are named."""
        followed = await self._looked_at(root)
        project = followed.project
        if project is None or followed.board.unusable:
            raise NotRestorable(root, followed.board.unusable)
        base, absent = self._store.base(base_key(project)), followed.loop.push.removals.absent_types()
        absent = tuple(name for name in absent if types is None or name in types)
        entries = [base[name] for name in absent if name in base]
        restored = await asyncio.to_thread(write_back, project.connectors_dir, entries)
        followed.loop.hint(Trigger.ASKED)
        never_here = tuple((name, NEVER_HERE) for name in absent if name not in base)
        restored = replace(restored, failures=(*restored.failures, *never_here))
        if absent:
            self._in.publish(tell_restored(project, restored, self._in.at()))
        return Restoration(
            files=tuple(RestoredFile(type=name, file=str(file)) for name, file in restored.files),
            failures=tuple(NotRestored(type=name, error=why) for name, why in restored.failures),
        )

    async def snooze(self, seconds: float) -> None:
        """Show no notices for so long; 0 ends it."""
        self._engine.notices.snooze(seconds)

    async def wait(self, root: Path | None, *, timeout: float) -> WaitResult:
        """Return when the files as they are at the call are settled, or after `timeout` seconds."""
        chosen = self._chosen(root)
        try:
            async with asyncio.timeout(timeout), asyncio.TaskGroup() as group:
                for followed in chosen:
                    group.create_task(followed.settled())
        except TimeoutError:
            why = "the time was up"
        else:
            why = ", ".join(sorted({CANT_SETTLE[one.board.state] for one in chosen if one.board.state in CANT_SETTLE}))
        statuses = tuple(followed.status() for followed in chosen)
        return WaitResult(settled=not why, projects=statuses, why=why or None)

    def events(self) -> AbstractContextManager[AsyncIterator[News]]:
        """News from now on."""
        return self._engine.broadcast.subscribe()

    def stop(self) -> None:
        """End the daemon in order, soon."""
        self._engine.stopping.set()

    def _chosen(self, root: Path | None) -> list[Followed]:
        return list(self._engine.followed.values()) if root is None else [self._known(root)]

    def _same(self, root: Path, real: str) -> Followed | None:
        """The project that is followed already, by this path or by a symlink. The disks of the others may hang."""
        return next((one for one in self._engine.followed.values() if one.root == root or one.real == real), None)

    def _known(self, root: Path) -> Followed:
        followed = self._engine.followed.get(root)
        if followed is None:
            raise UnknownProject(root)
        return followed

    async def _looked_at(self, root: Path) -> Followed:
        """A project of which there is something to say: right after a start its first look is waited for."""
        followed = self._known(root)
        await followed.known.wait()
        return followed

    def _pause(self, root: Path | None, *, paused: bool) -> None:
        self._store.set_paused(root, paused)
        for followed in self._chosen(root):
            followed.pause(paused=paused)


def _channel(state: ChannelState) -> ChannelStatus:
    return ChannelStatus(
        channel=state.channel.value, works=state.works, why=state.why, through=state.through, buttons=state.buttons
    )


def _entry(row: HistoryRow) -> HistoryEntry:
    return HistoryEntry(
        id=row.id or 0,
        at=datetime.fromtimestamp(row.at, UTC),
        project=None if row.project is None else shown_path(row.project),
        kind=row.kind,
        message=row.message,
        job=row.job,
        type=row.type,
        result=row.result,
        error=row.error,
    )
