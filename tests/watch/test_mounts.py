"""A disk that goes away and comes back: no event tells, the list of mounts does, and watching begins anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.project import a_project
from tests.support.watch import FakeEvents, at_rest, watched

from connectord.watch import mounts
from connectord.watch.mounts import mounts_watched, urgent

OTHER_DEVICE = 2**20

OnChange = Callable[[frozenset[int]], None]


@pytest.fixture
def mounts_by_hand(monkeypatch: pytest.MonkeyPatch) -> list[OnChange]:
    """What watchers want to be told of changes of mounts."""
    wanted: list[OnChange] = []

    @contextlib.contextmanager
    def by_hand(on_change: OnChange) -> Iterator[None]:
        wanted.append(on_change)
        yield

    monkeypatch.setattr("connectord.watch.watcher.mounts_watched", by_hand)
    return wanted


async def test_urgent_news_call_once_and_what_can_be_read_does_not() -> None:
    """A socket has urgent news as well; unlike mounts, it needs no root."""
    calls: asyncio.Queue[None] = asyncio.Queue()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
        server.accept()[0] as far,
        urgent(far.fileno(), lambda: calls.put_nowait(None)),
    ):
        near.send(b"not urgent")
        near.send(b"!", socket.MSG_OOB)
        await calls.get()
        for _ in range(9):
            await asyncio.sleep(0)
        assert calls.empty()


def a_list(file: Path, *devices: int) -> None:
    file.write_text("".join(f"36 35 0:{device} / /mnt/{device} rw shared:1 - ext4 x rw\n" for device in devices))


async def test_the_devices_that_came_or_went_are_told_once_for_all_changes_of_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, changes = tmp_path / "mountinfo", list[Callable[[], None]]()

    @contextlib.contextmanager
    def by_hand(_: int, call: Callable[[], None]) -> Iterator[None]:
        changes.append(call)
        yield

    monkeypatch.setattr(mounts, "urgent", by_hand)
    a_list(file, 1, 2)
    told: asyncio.Queue[frozenset[int]] = asyncio.Queue()
    with mounts_watched(told.put_nowait, file, rest=0.0):
        [changed] = changes
        changed()
        changed()
        a_list(file, 1, 3)
        assert await told.get() == {os.makedev(0, 2), os.makedev(0, 3)}
        changed()
        assert await told.get() == frozenset()
    assert told.empty()


async def test_without_a_list_of_mounts_nothing_is_told(tmp_path: Path) -> None:
    told: list[frozenset[int]] = []
    with mounts_watched(told.append, tmp_path / "none"):
        a_list(tmp_path / "none", 1)
    assert told == []


@pytest.mark.parametrize("devices", ["all", "its own"])
async def test_p1_after_a_change_of_mounts_everything_on_them_is_watched_anew_and_hinted(
    devices: str, tmp_path: Path, mounts_by_hand: list[OnChange]
) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents()
    async with watched(project, source=fake) as (watcher, hints):
        await at_rest(watcher)
        before, subscribed = len(hints.roots), list(fake.watching)
        mounts_by_hand[0](frozenset() if devices == "all" else frozenset({tmp_path.stat().st_dev, OTHER_DEVICE}))
        assert await hints.have(lambda: project.root in hints.roots[before:])
        assert fake.watching == [*subscribed, subscribed[-1]]


async def test_mounts_that_are_no_projects_business_wake_nobody(tmp_path: Path, mounts_by_hand: list[OnChange]) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents()
    async with watched(project, source=fake) as (watcher, hints):
        await at_rest(watcher)
        before, subscribed = len(hints.roots), list(fake.watching)
        mounts_by_hand[0](frozenset({OTHER_DEVICE}))
        await at_rest(watcher)
        assert (hints.roots[before:], fake.watching) == ([], subscribed)
