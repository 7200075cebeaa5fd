"""The real watcher on real files: it only ever hints, and it hints whenever something may have changed."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.project import a_connector, a_project
from tests.support.watch import Batch, FakeEvents, Hints, at_rest, quick_poller, target, watched

from connectord.watch import Watcher, WatchKind, events
from connectord.watch.subscription import StopEvent, file_events


def bad_name(directory: Path) -> Path:
    return Path(os.fsdecode(os.fsencode(directory) + b"/\xff.jsonc"))


async def test_files_that_do_not_matter_wake_nobody(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with watched(project) as (_, hints):
        before = len(hints.roots)
        (tmp_path / "README.md").write_text("hello")
        (project.connectors_dir / "notes.txt").write_text("hello")
        (project.connectors_dir / ".slack.jsonc.swp").write_text("hello")
        await hints.of(tmp_path, lambda: a_connector(project, "slack", ["a"]))
        assert len(hints.roots) == before + 1


async def test_one_of_many_is_hinted_alone(tmp_path: Path) -> None:
    projects = [a_project(tmp_path / f"app{number}", {"slack": []}) for number in range(50)]
    async with watched(*projects) as (_, hints):
        before = len(hints.roots)
        await hints.of(projects[7].root, lambda: a_connector(projects[7], "slack", ["a"]))
        assert set(hints.roots[before:]) == {projects[7].root}


async def test_two_projects_with_one_directory_are_both_hinted(tmp_path: Path) -> None:
    shared = a_project(tmp_path / "one", {"slack": []})
    linked = a_project(tmp_path / "other")
    linked.connectors_dir.symlink_to(shared.connectors_dir)
    async with watched(shared, linked) as (_, hints):
        before = len(hints.roots)
        a_connector(shared, "slack", ["a"])
        assert await hints.have(lambda: {shared.root, linked.root} <= set(hints.roots[before:]))


async def test_symlinked_directories_and_files_are_followed(tmp_path: Path) -> None:
    real, shared = tmp_path / "real", tmp_path / "shared"
    real.mkdir()
    shared.mkdir()
    (shared / "slack.jsonc").write_text('{type: "slack"}')
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(real)
    (real / "slack.jsonc").symlink_to(shared / "slack.jsonc")
    async with watched(project) as (_, hints):
        assert await hints.of(project.root, lambda: (real / "github.jsonc").write_text('{type: "github"}'))
        assert await hints.of(project.root, lambda: (shared / "slack.jsonc").write_text('{type: "slack", scopes: []}'))


async def test_p1_a_link_that_is_turned_to_another_directory_is_followed_there(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(tmp_path / "one")

    def turn() -> None:
        project.connectors_dir.unlink()
        project.connectors_dir.symlink_to(tmp_path / "other")

    async with watched(project) as (_, hints):
        assert await hints.of(project.root, turn)
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


async def test_p1_projects_come_and_go_and_the_others_lose_nothing(tmp_path: Path) -> None:
    """A connector is written the moment a project is added or removed, again and again: each is hinted at."""
    steady = a_project(tmp_path / "steady", {})
    async with watched(steady) as (watcher, hints):
        for number in range(6):
            other = a_project(tmp_path / f"other{number}", {})
            watcher.add(target(other))
            assert await hints.of(steady.root, lambda: a_connector(steady, "slack", [f"a{number}"]))  # noqa: B023  (at once)
            assert await hints.have(lambda: other.root in hints.roots)  # noqa: B023  (at once)
            assert await hints.of(other.root, lambda: a_connector(other, "slack", ["a"]))  # noqa: B023  (at once)
            watcher.remove(other.root)
            assert await hints.of(steady.root, lambda: a_connector(steady, "slack", [f"b{number}"]))  # noqa: B023  (at once)


async def test_p1_what_appears_between_the_look_for_places_and_the_subscription_is_found_by_a_second_look(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path)

    def just_before(directories: tuple[str, ...], stop: StopEvent) -> Iterator[Batch]:
        project.connectors_dir.mkdir(exist_ok=True)
        return file_events(directories, stop)

    async with watched(project, source=just_before) as (watcher, hints):
        await at_rest(watcher)
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


async def test_p1_nobody_is_hinted_at_before_what_follows_is_seen(tmp_path: Path) -> None:
    project, order = a_project(tmp_path, {}), list[str]()
    hinted = asyncio.Event()

    def hint(_: Path) -> None:
        order.append("hinted")
        hinted.set()

    def source(directories: tuple[str, ...], stop: StopEvent) -> Iterator[Batch]:
        def is_set() -> bool:  # watchfiles asks when it is subscribed
            order.append("subscribed")
            return stop.is_set()

        return file_events(directories, SimpleNamespace(is_set=is_set, when_set=stop.when_set))

    watcher = Watcher(on_hint=hint, source=source)
    watcher.add(target(project))
    task = asyncio.create_task(watcher.run())
    await hinted.wait()
    task.cancel()
    await asyncio.wait([task])
    assert order[0] == "subscribed"


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
@pytest.mark.parametrize("above", ["node_modules", ".venv", ".git", "site-packages", "__pycache__"])
async def test_p1_no_folder_is_left_out_because_of_its_name(above: str, polling: str | None, tmp_path: Path) -> None:
    """The filter that watchfiles brings drops what lies below these."""
    project = a_project(tmp_path / above / "app", {})
    async with watched(project, polling=polling) as (watcher, hints):
        await at_rest(watcher)
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


async def test_a_project_that_was_removed_is_watched_no_longer(tmp_path: Path) -> None:
    one, other, fake = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), FakeEvents()
    async with watched(one, other, source=fake) as (watcher, _):
        await at_rest(watcher)
        watcher.remove(other.root)
        await at_rest(watcher)
        assert not any(Path(name).is_relative_to(other.root) for name in fake.watching[-1])


async def test_p1_what_waits_for_the_watching_misses_nothing_from_then_on(tmp_path: Path) -> None:
    one, other, hints = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {}), Hints()
    watcher = Watcher(on_hint=hints.hint, poller=quick_poller)
    watcher.add(target(one))
    watcher.add(target(other))
    waiting = asyncio.create_task(watcher.watching())
    await asyncio.sleep(0)
    assert not waiting.done()
    task = asyncio.create_task(watcher.run())
    await waiting
    assert set(hints.roots) == {one.root, other.root}
    assert await hints.of(other.root, lambda: a_connector(other, "slack", ["a"]))
    task.cancel()
    await asyncio.wait([task])


async def test_p14_what_was_watched_before_is_let_go_of_without_a_search_for_garbage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows all the directories of all projects, and each rescan makes a new one."""
    monkeypatch.setattr(events, "LINGER_SECONDS", 0.0)
    gone, loop = asyncio.Event(), asyncio.get_running_loop()
    async with watched(a_project(tmp_path, {})) as (watcher, _):
        await at_rest(watcher)
        weakref.finalize(watcher._events._current[0], loop.call_soon_threadsafe, gone.set)
        gc.disable()
        try:
            watcher.renew()
            await gone.wait()
        finally:
            gc.enable()


async def test_adding_one_hints_at_that_one_only(tmp_path: Path) -> None:
    one, other = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {})
    async with watched(one) as (watcher, hints):
        before = len(hints.roots)
        await hints.of(other.root, lambda: watcher.add(target(other)))
        await hints.of(other.root, lambda: a_connector(other, "slack", ["a"]))
        assert set(hints.roots[before:]) == {other.root}


async def test_a_project_that_was_removed_is_never_hinted_at(tmp_path: Path) -> None:
    one, other = a_project(tmp_path / "one", {}), a_project(tmp_path / "other", {})
    async with watched(one, other) as (watcher, hints):
        watcher.remove(other.root)
        before = len(hints.roots)
        a_connector(other, "slack", ["a"])
        await hints.of(one.root, lambda: a_connector(one, "slack", ["a"]))
        assert set(hints.roots[before:]) == {one.root}


async def test_a_project_added_again_is_hinted_at_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    async with watched(project) as (watcher, hints):
        watcher.remove(project.root)
        assert await hints.of(project.root, lambda: watcher.add(target(project)))


async def test_p1_a_name_that_is_not_utf8_blinds_nobody_and_is_told(tmp_path: Path) -> None:
    bad, good = a_project(tmp_path / "bad", {}), a_project(tmp_path / "good", {})
    async with watched(bad, good) as (watcher, hints):
        assert await hints.of(bad.root, lambda: bad_name(bad.connectors_dir).write_text("{}"))
        assert await hints.of(good.root, lambda: a_connector(good, "slack", ["a"]))
        await hints.have(lambda: watcher.state.polled == (str(bad.connectors_dir),))
        assert watcher.state.kind is WatchKind.EVENTS
        assert "UTF-8" in watcher.state.why
        assert await hints.of(bad.root, lambda: a_connector(bad, "slack", ["a"]))


async def test_a_bad_name_that_is_written_all_the_time_does_not_restart_the_watching(tmp_path: Path) -> None:
    bad, good = a_project(tmp_path / "bad", {}), a_project(tmp_path / "good", {})
    subscriptions = []

    def counted(directories: tuple[str, ...], stop: StopEvent) -> Iterator[Batch]:
        subscriptions.append(directories)
        return file_events(directories, stop)

    async with watched(bad, good, source=counted) as (watcher, hints):
        await hints.of(bad.root, lambda: bad_name(bad.connectors_dir).write_text("{}"))
        await hints.have(lambda: watcher.state.polled != ())
        before, hinted = len(subscriptions), len(hints.roots)
        for number in range(10):
            await hints.of(bad.root, lambda: bad_name(bad.connectors_dir).write_text("{}" + " " * number))  # noqa: B023  (at once)
        assert len(subscriptions) == before
        assert good.root not in hints.roots[hinted:]


async def test_a_directory_whose_bad_name_is_gone_is_watched_by_events_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    async with watched(project) as (watcher, hints):
        await hints.of(project.root, lambda: bad_name(project.connectors_dir).write_text("{}"))
        await hints.have(lambda: watcher.state.polled != ())
        bad_name(project.connectors_dir).unlink()
        watcher.refresh()
        assert await hints.have(lambda: watcher.state.polled == ())
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


async def test_a_project_in_a_folder_whose_name_is_not_utf8_is_polled(tmp_path: Path) -> None:
    odd = a_project(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfe")), {})
    plain = a_project(tmp_path / "plain", {})
    async with watched(odd, plain) as (watcher, hints):
        assert await hints.of(odd.root, lambda: a_connector(odd, "slack", ["a"]))
        assert await hints.of(plain.root, lambda: a_connector(plain, "slack", ["a"]))
        assert str(odd.connectors_dir) in watcher.state.polled
        assert str(plain.connectors_dir) not in watcher.state.polled


async def test_p1_a_folder_above_that_moved_away_and_back_is_noticed_at_a_refresh(tmp_path: Path) -> None:
    project = a_project(tmp_path / "work" / "app", {})
    async with watched(project) as (watcher, hints):
        away = (tmp_path / "work").rename(tmp_path / "away")
        assert await hints.of(project.root, watcher.refresh)
        assert await hints.of(project.root, lambda: away.rename(tmp_path / "work"))
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


async def test_p1_after_a_flood_of_20_000_files_everybody_is_hinted_at(tmp_path: Path) -> None:
    flooded, other = a_project(tmp_path / "flooded", {}), a_project(tmp_path / "other", {})

    def flood() -> None:
        for number in range(20_000):
            (flooded.connectors_dir / f"{number}.tmp").touch()

    async with watched(flooded, other) as (_, hints):
        before = len(hints.roots)
        await asyncio.to_thread(flood)
        assert await hints.have(lambda: {flooded.root, other.root} <= set(hints.roots[before:]))
        assert await hints.of(other.root, lambda: a_connector(other, "slack", ["a"]))


async def test_a_watcher_without_projects_waits_for_one(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    async with watched() as (watcher, hints):
        assert await hints.of(project.root, lambda: watcher.add(target(project)))
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))


@pytest.mark.parametrize("variable", ["1", "true"])
async def test_watchfiles_own_variable_forces_polling(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", variable)
    project = a_project(tmp_path, {})
    async with watched(project) as (watcher, hints):
        assert await hints.of(project.root, lambda: a_connector(project, "slack", ["a"]))
        assert (watcher.state.kind, watcher.state.why) == (WatchKind.POLLING, "WATCHFILES_FORCE_POLLING is set")


async def test_nothing_is_left_running_after_the_end(tmp_path: Path) -> None:
    def ours() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "watch"}

    before = ours()
    project = a_project(tmp_path, {})
    async with watched(project) as (_, hints):
        assert hints.roots == [project.root]
        # One, and for a second the one that it took over from where the directories were seen to be new at first.
        assert ours() - before
    assert not ours() - before
