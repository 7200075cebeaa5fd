"""Polling, by hand: each look tells what changed since the look before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from connectord.project.places import WatchPlace
from connectord.watch.layout import Layout, Seen
from connectord.watch.poll import POLL_SECONDS, REST, TICK_SECONDS, Poller
from connectord.watch.target import Target, find_places

ROOT = Path("/root-of-it")


def layout(directory: Path, *names: str) -> Layout:
    target = Target(ROOT, lambda: [WatchPlace(directory, frozenset(names), connectors=True)])
    return Layout({ROOT: tuple(find_places(target, ()))})


async def following(
    directory: Path, *names: str, clock: Callable[[], float] = lambda: 0.0
) -> tuple[Poller, list[Seen]]:
    seen: list[Seen] = []
    poller = Poller(on_seen=seen.append, clock=clock)
    await poller.follow(layout(directory, *names), [str(directory)])
    return poller, seen


async def test_nothing_new_is_nothing(tmp_path: Path) -> None:
    for name in ("slack.jsonc", "README"):
        (tmp_path / name).write_text("{}")
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
    now = 1000.0
    poller, seen = await following(tmp_path, clock=lambda: now)
    now += TICK_SECONDS + 1
    await poller._look()
    told = len(seen)
    (tmp_path / "slack.jsonc").touch()
    await poller.follow(layout(tmp_path), [])
    assert seen[told:] == [Seen(frozenset({ROOT}))]


async def test_p1_what_came_and_went_between_two_looks_is_seen_since_somebody_may_have_read_it(tmp_path: Path) -> None:
    poller, seen = await following(tmp_path)
    unchanged = tmp_path.stat().st_ctime_ns
    while tmp_path.stat().st_ctime_ns == unchanged:  # the kernel's clock ticks every few milliseconds only
        (tmp_path / "slack.jsonc").touch()
        (tmp_path / "slack.jsonc").unlink()
    await poller._look()
    assert seen == [Seen(frozenset({ROOT}))]


async def test_p1_what_was_seen_is_told_once_more_for_a_second_change_within_one_tick(tmp_path: Path) -> None:
    now = 1000.0
    poller, seen = await following(tmp_path, clock=lambda: now)
    for passed, hints in ((0.0, 0), (TICK_SECONDS, 0), (0.1, 1), (10.0, 1)):
        now += passed
        await poller._look()
        assert len(seen) == hints
    (tmp_path / "slack.jsonc").touch()
    for passed, hints in ((0.0, 2), (TICK_SECONDS, 2), (0.1, 3), (10.0, 3)):
        now += passed
        await poller._look()
        assert len(seen) == hints


async def test_p1_what_was_just_seen_is_told_once_more_when_it_is_let_go(tmp_path: Path) -> None:
    poller, seen = await following(tmp_path)
    await poller.follow(layout(tmp_path), [])
    assert seen == [Seen(frozenset({ROOT}))]


async def test_p1_a_folder_that_is_closed_and_opened_again_is_seen_in_the_one_above(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    poller, seen = await following(tmp_path, "below")
    for mode, hints in ((0o000, 1), (0o700, 2)):
        below.chmod(mode)
        await poller._look()
        assert len(seen) == hints


async def test_a_look_that_takes_long_is_followed_by_a_longer_pause(tmp_path: Path) -> None:
    now, step, pauses, asleep = 0.0, 0.001, list[float](), asyncio.Event()

    def clock() -> float:
        nonlocal now
        now += step
        return now

    async def sleep(seconds: float) -> None:
        nonlocal step
        pauses.append(seconds)
        step = 0.5
        if len(pauses) == 2:
            asleep.set()
            await asyncio.Event().wait()

    poller = Poller(on_seen=lambda _: None, clock=clock, sleep=sleep)
    await poller.follow(layout(tmp_path), [str(tmp_path)])
    task = asyncio.create_task(poller.run())
    await asleep.wait()
    task.cancel()
    await asyncio.wait([task])
    assert pauses[0] == POLL_SECONDS
    assert pauses[1] > REST * 0.5
