"""When the system's events fail: polling takes over, visibly, nothing is lost, and events come back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import Batch, FakeEvents, at_rest, target, watch_limit_reached, watched
from watchfiles import Change

from connectord.project.places import watch_places
from connectord.watch import Place, Target, WatchKind, WatchState
from connectord.watch.layout import Seen
from connectord.watch.poll import Poller
from connectord.watch.subscription import StopEvent, file_events
from connectord.watch.trouble import culprits, reason

EVENTS = WatchState(WatchKind.EVENTS)
SOON = 0.01

INSTANCE_LIMIT = RuntimeError("Error creating recommended watcher: Too many open files (os error 24)")
LIMITS = [(watch_limit_reached(), "max_user_watches"), (INSTANCE_LIMIT, "max_user_instances")]


@pytest.mark.parametrize(("limit", "named"), LIMITS, ids=["watches", "instances"])
async def test_p1_a_reached_limit_means_polling_until_there_is_room(
    limit: Exception, named: str, tmp_path: Path
) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents(refusals=[limit, limit])
    async with watched(project, source=fake, first_retry=SOON) as (watcher, hints):
        assert hints.states[0].kind is WatchKind.POLLING
        assert named in hints.states[0].why
        assert await hints.have(lambda: watcher.state == EVENTS)
        fake.give({(Change.modified, str(project.connectors_dir / "slack.jsonc"))})
        assert await hints.of(project.root, lambda: None)


async def test_p1_while_events_are_down_a_save_is_found_by_polling(tmp_path: Path) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents(refusals=[watch_limit_reached()] * 99)
    async with watched(project, source=fake) as (watcher, hints):
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))
        assert watcher.state.kind is WatchKind.POLLING


async def test_the_waits_between_tries_grow(tmp_path: Path) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents(refusals=[watch_limit_reached()] * 4)
    async with watched(project, source=fake, first_retry=SOON) as (watcher, hints):
        assert await hints.have(lambda: watcher.state == EVENTS)
        assert watcher._events._retry_in == SOON * 2**4


async def test_a_new_subscription_is_there_before_the_old_one_goes(tmp_path: Path) -> None:
    one, other, fake = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), FakeEvents()
    async with watched(one, source=fake) as (watcher, hints):
        await hints.of(other.root, lambda: watcher.add(target(other)))
        assert fake.beside == [0, 1]
        assert hints.roots == [one.root, other.root]


async def test_many_directories_are_shared_out_and_one_more_touches_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectord.watch.events.LARGEST", 6)
    *projects, one_more = [a_project(tmp_path / f"{number}", {}) for number in range(6)]
    fake = FakeEvents()
    async with watched(*projects, source=fake) as (watcher, hints):
        assert [len(directories) for directories in fake.watching] == [6, 6, 3]
        await hints.of(one_more.root, lambda: watcher.add(target(one_more)))
        assert [len(directories) for directories in fake.watching] == [6, 6, 3, 6]


async def test_p1_where_two_subscriptions_do_not_fit_one_makes_room_and_everybody_is_hinted(tmp_path: Path) -> None:
    one, other, fake = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), FakeEvents(most_at_once=1)
    async with watched(one, source=fake) as (watcher, hints):
        await hints.of(other.root, lambda: watcher.add(target(other)))
        assert hints.roots == [one.root, one.root, other.root]
        assert hints.states == [EVENTS]


async def test_p1_a_subscription_that_breaks_is_told_replaced_and_everybody_is_hinted(tmp_path: Path) -> None:
    one, other, fake = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), FakeEvents()
    async with watched(one, other, source=fake, first_retry=SOON) as (watcher, hints):
        before = len(hints.roots)
        fake.give(OSError("the disk is on fire"))
        assert await hints.have(lambda: {one.root, other.root} <= set(hints.roots[before:]))
        assert await hints.have(lambda: hints.states[1:] != [] and watcher.state == EVENTS)
        assert [state.kind for state in hints.states] == [WatchKind.EVENTS, WatchKind.POLLING, WatchKind.EVENTS]
        assert "the disk is on fire" in hints.states[1].why


async def test_p1_what_came_while_a_subscription_was_broken_is_watched_from_then_on(tmp_path: Path) -> None:
    project, bad, fake = a_project(tmp_path / "app"), a_project(tmp_path / "bad", {}), FakeEvents()
    async with watched(project, bad, source=fake) as (watcher, hints):
        await at_rest(watcher)
        project.connectors_dir.mkdir()
        Path(os.fsdecode(os.fsencode(bad.connectors_dir) + b"/\xff")).touch()
        fake.give(OSError('Unable to decode path "...": the batch with the news of both is lost'))
        assert await hints.have(lambda: str(project.connectors_dir) in fake.watching[-1])


async def test_p1_a_directory_that_goes_before_it_is_subscribed_to_is_looked_for_and_nobody_is_blamed(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path, {})
    left = [project.connectors_dir]

    def just_too_late(directories: tuple[str, ...], stop: StopEvent) -> Iterator[Batch]:
        for directory in left:
            directory.rmdir()
            left.remove(directory)
        return file_events(directories, stop)

    async with watched(project, source=just_too_late) as (_, hints):
        assert await hints.of(project.root, project.connectors_dir.mkdir)
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))
        assert hints.states == [EVENTS]


async def test_p1_a_directory_that_is_gone_when_it_is_subscribed_to_again_has_its_project_looked_at(
    tmp_path: Path,
) -> None:
    one, other, fake = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), FakeEvents()
    async with watched(one, source=fake) as (watcher, hints):
        await at_rest(watcher)
        one.connectors_dir.rmdir()
        fake.refusals.append(FileNotFoundError(f'No path was found. about ["{one.connectors_dir}"]'))
        before = len(hints.roots)
        watcher.add(target(other))
        assert await hints.have(lambda: one.root in hints.roots[before:])


async def test_events_are_not_said_to_be_back_before_they_are(tmp_path: Path) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents(refusals=[watch_limit_reached()])
    async with watched(project, source=fake, first_retry=3600) as (watcher, hints):
        watcher._events._try_again()
        watcher._tell_state()
        assert watcher.state.kind is WatchKind.POLLING
        assert await hints.have(lambda: watcher.state == EVENTS)


@pytest.mark.parametrize(("brief", "kinds"), [(0.0, "e"), (3600.0, "epe")], ids=["once", "again and again"])
async def test_a_bad_name_that_is_gone_already_is_no_reason_to_poll_unless_it_comes_again_and_again(
    brief: float, kinds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectord.watch.events.BRIEF_SECONDS", brief)
    project, fake = a_project(tmp_path, {}), FakeEvents()
    async with watched(project, source=fake, first_retry=SOON) as (watcher, hints):
        await at_rest(watcher)
        before, subscribed = len(hints.roots), len(fake.watching)
        fake.give(OSError('Unable to decode path "..." to string'))
        assert await hints.have(lambda: len(fake.watching) > subscribed and watcher.state == EVENTS)
        assert await hints.have(lambda: project.root in hints.roots[before:])
        assert "".join(state.kind[0] for state in hints.states) == kinds


class Panic(BaseException):
    """As pyo3's PanicException, by which a panic of Rust's comes, it is no Exception."""


async def test_p1_a_panic_ends_a_subscription_like_any_other_error(tmp_path: Path) -> None:
    project, fake = a_project(tmp_path, {}), FakeEvents()
    async with watched(project, source=fake, first_retry=SOON) as (watcher, hints):
        before = len(hints.roots)
        fake.give(Panic("index out of bounds"))
        assert await hints.have(lambda: hints.states[1:] != [] and watcher.state == EVENTS)
        assert "index out of bounds" in hints.states[1].why
        assert project.root in hints.roots[before:]


async def test_a_project_that_can_not_say_its_places_is_told_and_nobody_else_suffers(tmp_path: Path) -> None:
    good, bad = a_project(tmp_path / "good", {}), a_project(tmp_path / "bad", {})
    failing, defects = False, list[tuple[Path, Exception]]()

    def places() -> Iterable[Place]:
        if failing:
            raise RecursionError("deep")
        return watch_places(bad)

    async with watched(good, on_defect=lambda *defect: defects.append(defect)) as (watcher, hints):
        assert await hints.of(bad.root, lambda: watcher.add(Target(bad.root, places)))
        await at_rest(watcher)
        failing = True
        watcher.refresh()
        await at_rest(watcher)
        assert [(root, str(error)) for root, error in defects] == [(bad.root, "deep")]
        for project in (good, bad):
            assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))  # noqa: B023  (at once)


async def test_a_directory_that_cannot_be_subscribed_to_is_polled_and_the_others_are_not(tmp_path: Path) -> None:
    one, other = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {})
    refusal = PermissionError(f'Permission denied (os error 13) about ["{one.connectors_dir}"]')
    fake = FakeEvents(refusals=[refusal])
    async with watched(one, other, source=fake) as (watcher, hints):
        assert watcher.state.polled == (str(one.connectors_dir),)
        assert str(one.connectors_dir) not in fake.watching[0]
        assert str(other.connectors_dir) in fake.watching[0]
        assert await hints.of(one.root, lambda: a_connector(one, "slack", ["a"]))


async def test_p1_what_changed_after_the_last_look_is_hinted_when_events_take_over(tmp_path: Path) -> None:
    """The poller looks once more after the subscription, before it is let go."""
    project, fake = a_project(tmp_path, {}), FakeEvents(refusals=[watch_limit_reached()])
    looked = asyncio.Event()

    async def for_ever(_: float) -> None:
        looked.set()
        await asyncio.Event().wait()

    def looking_once(on_seen: Callable[[Seen], None]) -> Poller:
        return Poller(on_seen=on_seen, sleep=for_ever)

    async with watched(project, source=fake, first_retry=3600, poller=looking_once) as (watcher, hints):
        await looked.wait()
        before = len(hints.roots)
        a_connector(project, "slack", ["a"])
        watcher._events._try_again()
        assert await hints.have(lambda: project.root in hints.roots[before:])
        assert await hints.have(lambda: watcher.state == EVENTS)


def test_an_unknown_error_blames_nobody_and_a_limit_neither() -> None:
    assert culprits(RuntimeError("who knows"), ["/p"]) == frozenset()
    assert culprits(watch_limit_reached(), ["/p"]) == frozenset()
    assert culprits(FileNotFoundError('No path was found. about ["/p"]'), ["/p", "/p/q"]) == {"/p"}


def test_an_error_without_words_is_named_by_its_kind() -> None:
    assert reason(TimeoutError()) == "The system's file events failed: TimeoutError"
