"""Polling, by hand: each look tells what changed since the look before."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from connectord.project.places import WatchPlace
from connectord.watch.layout import Layout, Seen
from connectord.watch.poll import POLL_SECONDS, REST, Poller
from connectord.watch.target import Target, survey

ROOT = Path("/root-of-it")


def layout(directory: Path, *names: str) -> Layout:
    return Layout(survey([Target(ROOT, lambda: [WatchPlace(directory, frozenset(names), connectors=True)])]))


async def following(directory: Path, *names: str) -> tuple[Poller, list[Seen]]:
    seen: list[Seen] = []
    poller = Poller(on_seen=seen.append)
    await poller.follow(layout(directory, *names), [str(directory)])
    return poller, seen


async def test_nothing_new_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "slack.jsonc").write_text("{}")
    poller, seen = await following(tmp_path)
    await poller._look()
    (tmp_path / "README").write_text("doesn't matter")
    await poller._look()
    assert seen == []


async def test_a_change_of_the_same_size_with_the_time_set_back_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "slack.jsonc"
    file.write_text("{a}")
    status = file.stat()
    poller, seen = await following(tmp_path)
    file.write_text("{b}")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    await poller._look()
    assert seen == [Seen(frozenset({ROOT}))]


async def test_a_directory_that_was_replaced_has_moved(tmp_path: Path) -> None:
    directory = tmp_path / "connectors"
    directory.mkdir()
    poller, seen = await following(directory)
    directory.rename(tmp_path / "away")
    await poller._look()
    directory.mkdir()
    await poller._look()
    assert seen == [Seen(frozenset({ROOT}), frozenset({str(directory)}))] * 2


async def test_what_happens_in_a_folder_below_is_not_this_places_business(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    poller, seen = await following(tmp_path, "below")
    (tmp_path / "below" / "file").touch()
    await poller._look()
    assert seen == []
    (tmp_path / "below").rename(tmp_path / "away")
    await poller._look()
    assert seen == [Seen(frozenset({ROOT}))]


async def test_a_link_that_is_turned_is_seen(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text("same")
    link = tmp_path / "slack.jsonc"
    link.symlink_to("one")
    poller, seen = await following(tmp_path)
    (tmp_path / "new").symlink_to("other")
    (tmp_path / "new").replace(link)
    await poller._look()
    assert seen == [Seen(frozenset({ROOT}))]


async def test_what_is_let_go_is_looked_at_once_more(tmp_path: Path) -> None:
    poller, seen = await following(tmp_path)
    (tmp_path / "slack.jsonc").touch()
    await poller.follow(layout(tmp_path), [])
    assert seen == [Seen(frozenset({ROOT}))]


async def test_a_look_that_takes_long_is_followed_by_a_longer_pause(tmp_path: Path) -> None:
    now, pauses, asleep = iter([0.0, 0.001, 10.0, 10.5]), list[float](), asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            asleep.set()
            await asyncio.Event().wait()

    poller = Poller(on_seen=lambda _: None, clock=lambda: next(now), sleep=sleep)
    await poller.follow(layout(tmp_path), [str(tmp_path)])
    task = asyncio.create_task(poller.run())
    await asleep.wait()
    task.cancel()
    await asyncio.wait([task])
    assert pauses == [POLL_SECONDS, REST * 0.5]
