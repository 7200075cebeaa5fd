"""One project and several apps, several checkouts of one app: what was said of the one removes nothing of the other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.emulator import EmulatorApp
from tests.support.engine import an_engine, connected
from tests.support.project import a_connector, a_project
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.emulator.faults import Fault
from connectord.project import Project
from connectord.store import MemoryStore
from connectord.sync import RemovalMode, RemovalPolicy, Trigger
from connectord.sync.events import HoldChanged, RemovalsChanged, RemovalsComing
from connectord.sync.reconcile import base_key

FIVE = EIGHT[:5]
GONE = ("airtable", "github", "hubspot")
MIRROR = RemovalPolicy(RemovalMode.MIRROR)
ONE_APP, OTHER_APP = "0123456789abcdef01234567", "f" * 24


def linked_to(it: Story, app_id: str) -> None:
    assert it.project.config_path is not None
    (it.project.config_path.parent / ".app.jsonc").write_text(f'{{ "id": "{app_id}" }}', encoding="utf-8")


@asynccontextmanager
async def pushed_to_both(folder: Path) -> AsyncIterator[Story]:
    """A project that was pushed to two apps, and is linked to the first."""
    async with a_story(folder, EIGHT) as it:
        await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
        await it.after(lambda: linked_to(it, ONE_APP), seconds=60.0)
        it.forget()
        yield it


def test_p6_an_approval_for_one_app_is_none_for_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with pushed_to_both(tmp_path) as it:
            await it.after(lambda: it.delete(*GONE))
            it.engine.loop.paused = True
            await it.after(it.approve, seconds=5.0)
            linked_to(it, OTHER_APP)
            it.engine.loop.paused = False
            await it.after(seconds=3600.0)
            assert (it.removed, it.held) == ([], {"app-changed": GONE})
            assert it.hold_news()[-2:] == [("ended", "mass-removal"), ("began", "app-changed")]

    told(story)


def test_p6_an_approval_for_one_app_is_none_for_another_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, EIGHT, store=store) as it:
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
            await it.after(lambda: linked_to(it, ONE_APP), seconds=60.0)
            await it.after(lambda: it.delete(*GONE))
            it.engine.loop.paused = True
            await it.after(it.approve, seconds=5.0)
            emulator, project = it.engine.emulator, it.project
        linked_to(it, OTHER_APP)
        emulator.world.journal.clear()
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            assert (it.removed, it.held) == ([], {"app-changed": GONE})

    told(story)


def test_p8_what_failed_for_one_app_waits_for_nothing_in_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with pushed_to_both(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=400, count=1))
            await it.after(lambda: it.delete("github"))
            assert it.removed == ["github"]
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
            await it.after(it.approve)
            assert it.removed == ["github", "github"]

    told(story)


def test_p5_what_one_app_has_lost_makes_no_mass_in_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete(*GONE[:2]))
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
            await it.after(lambda: it.delete(GONE[2]))
            assert (it.removed, it.held) == (list(GONE), {})

    told(story)


def test_p3_another_app_beside_a_broken_file_removes_nothing_when_that_is_mended(tmp_path: Path) -> None:
    async def story() -> None:
        async with pushed_to_both(tmp_path) as it:
            broken = lambda: a_connector(it.project, "github", "{ broken")  # noqa: E731
            await it.after(lambda: it.delete("hubspot"), broken, lambda: linked_to(it, OTHER_APP))
            await it.after(lambda: it.put("github"), seconds=600.0)
            assert (it.removed, it.held) == ([], {"app-changed": ("hubspot",)})

    told(story)


def test_p2_what_is_untracked_in_one_app_is_not_mirrored_in_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, FIVE, policy=MIRROR) as it:
            connected(it.engine.emulator, {"notion": [], "slack": [], "linear": []})
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(seconds=60.0)
            assert it.held == {"mass-removal": ("linear", "notion", "slack")}
            it.engine.emulator.world.faults.add(Fault("list", status=500))  # nobody says what the other app has
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
            assert it.held == {}

    told(story)


def test_p12_a_mirror_says_of_what_never_had_a_file_here_that_it_has_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, FIVE, policy=MIRROR) as it:
            connected(it.engine.emulator, {"notion": ["notion:read"]})
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(lambda: it.delete("gmail"), seconds=5.0)
            coming = [(one.types, one.untracked) for one in it.engine.said(RemovalsComing)]
            assert sorted(coming) == [(("gmail",), False), (("notion",), True)]
            shown = it.engine.said(RemovalsChanged)[-1].waiting
            assert [(one.type, one.why, one.untracked) for one in shown] == [
                ("gmail", "its file is gone", False),
                ("notion", "it has no file here", True),
            ]
            await it.after(lambda: it.put("notion"), lambda: it.put("gmail"), seconds=60.0)
            assert it.removed == []

    told(story)


def test_p5_a_hold_of_a_mirror_says_which_files_can_only_be_pulled_and_ends_when_they_are(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, FIVE, policy=MIRROR) as it:
            connected(it.engine.emulator, {name: [f"{name}:read"] for name in ("notion", "slack")})
            await it.after(lambda: it.delete("gmail"), seconds=1.0)
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(seconds=60.0)
            (hold,) = it.engine.said(RemovalsChanged)[-1].holds
            assert (hold.types, hold.untracked) == (("gmail", "notion", "slack"), ("notion", "slack"))
            await it.after(lambda: it.put("gmail", "notion", "slack"), seconds=60.0)
            assert (it.removed, it.held) == ([], {})

    told(story)


def test_p5_what_another_app_has_is_held_where_the_settings_say_mirror(tmp_path: Path) -> None:
    """A mistyped app id is no word for removing what that app has, however little it is."""

    async def story() -> None:
        async with a_story(tmp_path, FIVE, policy=MIRROR) as it:
            connected(it.engine.emulator, {"notion": []})
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=3600.0)
            assert (it.removed, it.held) == ([], {"app-changed": ("notion",)})
            await it.after(it.approve)
            assert it.removed == ["notion"]
            connected(it.engine.emulator, {"slack": []})
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(seconds=60.0)
            assert it.removed == ["notion", "slack"]

    told(story)


def test_p9_what_another_app_has_is_held_though_it_is_heard_of_only_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, FIVE, store=store, policy=MIRROR) as it:
            emulator, project = it.engine.emulator, it.project
            connected(emulator, {"notion": []})
            emulator.world.faults.add(Fault("list", status=500))
            await it.after(lambda: linked_to(it, OTHER_APP), seconds=60.0)
        emulator.world.faults.clear()
        async with a_story(
            tmp_path, (), project=project, emulator=emulator, store=store, forget=False, policy=MIRROR
        ) as it:
            assert (it.removed, it.held) == ([], {"app-changed": ("notion",)})

    told(story)


def test_p5_a_base_without_a_sighting_removes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, FIVE, store=store) as it:
            emulator, project = it.engine.emulator, it.project
        store._mirror.sightings.clear()
        it.delete("gmail")
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            await it.after(seconds=3600.0)
            assert (it.removed, it.held) == ([], {"app-changed": ("gmail",)})

    told(story)


@asynccontextmanager
async def two_checkouts(folder: Path, store: MemoryStore | None = None) -> AsyncIterator[tuple[Story, Story]]:
    """The same app in two folders of this machine."""
    store = store or MemoryStore()
    async with (
        a_story(folder / "one", FIVE, store=store) as one,
        beside(one.engine.emulator, a_project(folder / "two", reads(FIVE)), store) as two,
    ):
        one.forget()
        yield one, two


@asynccontextmanager
async def beside(emulator: EmulatorApp, project: Project, store: MemoryStore) -> AsyncIterator[Story]:
    async with an_engine(emulator, project, policy=RemovalPolicy(), store=store) as engine:
        await asyncio.sleep(60.0)
        yield Story(engine)


def reads(types: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: [f"{name}:read"] for name in types}


def test_p2_a_connector_that_another_checkout_still_has_is_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with two_checkouts(tmp_path) as (one, two):
            await one.after(lambda: one.delete("gmail"), seconds=3600.0)
            assert (one.removed, one.held, two.held) == ([], {"used-elsewhere": ("gmail",)}, {})
            (began,) = one.engine.said(HoldChanged)
            assert str(two.directory / "gmail.jsonc") in began.news.hold.why
            await one.after(one.approve)
            assert one.removed == ["gmail"]

    told(story)


def test_p2_a_connector_that_both_checkouts_have_lost_is_removed_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with two_checkouts(tmp_path) as (one, two):
            await one.after(lambda: one.delete("gmail"))
            await two.after(lambda: two.delete("gmail"))
            assert one.removed == ["gmail"]
            await one.after(lambda: one.engine.loop.hint(Trigger.RESCAN), seconds=60.0)
            assert (one.removed, one.held) == (["gmail"], {})

    told(story)


def test_p2_a_file_in_another_folder_of_another_app_keeps_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with two_checkouts(tmp_path, store) as (one, two):
            await two.after(lambda: linked_to(two, OTHER_APP), seconds=60.0)
            store.accept(base_key(replace(two.project, app_id=ONE_APP)), dict.fromkeys(FIVE))
            await one.after(lambda: one.delete("gmail"))
            assert one.removed == ["gmail"]

    told(story)


def test_p2_a_checkout_that_was_deleted_keeps_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with two_checkouts(tmp_path) as (one, two):
            shutil.rmtree(two.project.root)
            await one.after(lambda: one.delete("gmail"))
            assert one.removed == ["gmail"]

    told(story)
