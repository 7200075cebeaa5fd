"""Files that go one by one: a slow script or a failing network drive is as much an accident as a quick one (P5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.store import MemoryStore
from connectord.sync.events import HoldChanged


async def one_by_one(it: Story, *names: str, seconds: float = 11.0) -> None:
    for name in names:
        await it.after(lambda name=name: it.delete(name), seconds=seconds)  # type: ignore[misc]


def test_p5_files_that_go_one_every_eleven_seconds_are_a_mass_from_the_third_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await one_by_one(it, *EIGHT[:6])
            await it.after(seconds=3600.0)
            assert it.removed == list(EIGHT[:2])
            assert it.held == {"mass-removal": EIGHT[2:6]}
            await it.after(it.approve, seconds=60.0)
            assert sorted(it.removed) == sorted(EIGHT[:6])

    told(story)


def test_p5_a_mass_that_came_one_by_one_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await one_by_one(it, *EIGHT[:3])
            (began,) = it.engine.said(HoldChanged)
            assert began.news.hold.why == "3 of 8 connectors lost their file within a short time"

    told(story)


def test_p5_files_deleted_far_apart_are_no_mass(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await one_by_one(it, *EIGHT[:5], seconds=620.0)
            assert (it.removed, it.held) == (list(EIGHT[:5]), {})

    told(story)


def test_p5_one_that_was_approved_by_name_makes_no_mass_of_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete(*EIGHT[:3]))
            await it.after(it.approve)
            await it.after(lambda: it.delete(EIGHT[3]))
            assert it.removed[3:] == [EIGHT[3]]

    told(story)


def test_p5_one_whose_file_is_back_is_lost_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await one_by_one(it, *EIGHT[:2], seconds=30.0)
            await it.after(lambda: it.put(*EIGHT[:2]))
            await one_by_one(it, *EIGHT[4:6], seconds=30.0)
            assert it.removed == [*EIGHT[:2], *EIGHT[4:6]]

    told(story)


@pytest.mark.parametrize("pause", [0.0, 700.0])
def test_p9_a_restart_forgets_no_recent_loss(pause: float, tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, EIGHT, store=store) as it:
            await one_by_one(it, *EIGHT[:2])
            emulator, project = it.engine.emulator, it.project
            await it.after(seconds=pause)
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            await one_by_one(it, EIGHT[2])
            await it.after(seconds=60.0)
            assert it.held == ({} if pause else {"mass-removal": EIGHT[2:3]})

    told(story)
