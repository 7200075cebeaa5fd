"""What a push says that it was: the save, the removal, the retry (P12)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.project import a_connector
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.emulator.faults import Fault
from connectord.project.known_types import KNOWN_TYPES
from connectord.sync import Trigger
from connectord.sync.events import PushStarted
from connectord.sync.queue import foremost


def pushes(it: Story) -> list[tuple[Trigger, int, int]]:
    """Of each push its trigger, and how many it set and removed."""
    return [(one.trigger, len(one.types), len(one.removals)) for one in it.engine.said(PushStarted)]


def test_a_removal_after_its_grace_is_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=60.0)
            assert pushes(it) == [(Trigger.REMOVAL, 0, 1)]

    told(story)


def test_a_removal_that_git_kept_waiting_is_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            lock = tmp_path / ".git/index.lock"
            lock.parent.mkdir()
            (lock.parent / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
            lock.touch()
            await it.after(lambda: it.delete("gmail"), seconds=30.0)
            assert pushes(it) == []
            lock.unlink()
            await asyncio.sleep(30.0)
            assert pushes(it) == [(Trigger.REMOVAL, 0, 1)]

    told(story)


def test_what_a_person_approved_is_a_removal_and_so_is_what_the_limit_of_a_minute_put_off(tmp_path: Path) -> None:
    async def story() -> None:
        types = sorted(KNOWN_TYPES - {"stripe"})[:14]
        async with a_story(tmp_path, types, pace=True) as it:
            await it.after(lambda: it.delete(*types[1:]), seconds=60.0)
            it.approve()
            await asyncio.sleep(120.0)
            assert sum(removals for _, _, removals in pushes(it)) == 13
            assert {trigger for trigger, _, _ in pushes(it)} == {Trigger.REMOVAL}

    told(story)


def test_a_removal_that_failed_is_tried_again_as_a_retry(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=500, count=2))
            await it.after(lambda: it.delete("gmail"), seconds=120.0)
            assert pushes(it)[0] == (Trigger.REMOVAL, 0, 1)
            assert {trigger for trigger, _, _ in pushes(it)[1:]} == {Trigger.RETRY}
            assert it.removed[-1:] == ["gmail"]

    told(story)


def test_a_save_stays_a_save_and_a_set_that_failed_a_retry(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("set", status=500, count=1))
            await it.after(lambda: a_connector(it.project, "gmail", ["other"]), seconds=5.0)
            assert pushes(it) == [(Trigger.SAVE, 1, 0), (Trigger.RETRY, 1, 0)]

    told(story)


def test_a_save_within_the_grace_of_another_connector_leaves_both_their_names(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete("gmail"), seconds=5.0)
            await it.after(lambda: a_connector(it.project, "slack", ["other"]), seconds=60.0)
            assert pushes(it) == [(Trigger.SAVE, 1, 0), (Trigger.REMOVAL, 0, 1)]

    told(story)


def test_of_several_reasons_a_persons_own_comes_first() -> None:
    assert foremost([Trigger.RESCAN, Trigger.REMOVAL, Trigger.SAVE]) is Trigger.SAVE
    assert foremost([Trigger.REMOVAL, Trigger.RETRY]) is Trigger.RETRY
