"""What is remembered of a connector between two looks must end with its cause, and what is seen late counts late."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.emulator import emulator_app
from tests.support.engine import an_engine, connected
from tests.support.git import Repository
from tests.support.project import a_connector, a_project
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.emulator.faults import Fault
from connectord.project.known_types import KNOWN_TYPES
from connectord.store import MemoryStore
from connectord.sync import Plan, RemovalPolicy, Result, Trigger
from connectord.sync.events import OutcomeKnown
from connectord.sync.reconcile import base_key

FIVE = EIGHT[:5]


def reconciled(it: Story) -> None:
    it.engine.loop.hint(Trigger.RESCAN)


def test_p5_a_look_at_base44_beside_a_broken_file_holds_nothing_as_changed_there(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), lambda: a_connector(it.project, "github", "{ broken"))
            await it.after(lambda: reconciled(it))
            await it.after(lambda: it.put("github"))
            assert (it.removed, it.held) == (["gmail"], {})

    told(story)


def test_p5_a_look_at_base44_without_a_directory_holds_nothing_as_changed_there(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            away = it.project.root / "away"
            await it.after(lambda: it.directory.rename(away))
            await it.after(lambda: reconciled(it))
            await it.after(lambda: away.rename(it.directory))
            await it.after(lambda: it.delete("gmail"))
            assert (it.removed, it.held) == (["gmail"], {})

    told(story)


def test_p3_a_file_that_goes_beside_a_broken_one_is_missed_only_when_that_is_mended(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: a_connector(it.project, "github", "{ broken"))
            await it.after(lambda: it.delete("gmail"), seconds=60.0)
            await it.after(lambda: it.put("github"), seconds=9.0)
            assert it.removed == []
            await it.after(seconds=5.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p5_what_was_changed_on_base44_and_then_pushed_again_is_ours_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            connected(it.engine.emulator, {"github": ["other"]})
            await it.after(lambda: it.delete("github"))
            assert it.held == {"changed-elsewhere": ("github",)}
            connected(it.engine.emulator, {"github": ["repo"]})
            await it.after(lambda: a_connector(it.project, "github", ["repo"]))
            await it.after(lambda: reconciled(it))
            await it.after(lambda: it.delete("github"))
            assert (it.removed, it.held) == (["github"], {})

    told(story)


def test_p8_a_removal_that_failed_for_good_is_tried_again_when_its_file_was_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=400, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=3600.0)
            assert it.removed == ["gmail"]
            await it.after(lambda: it.put("gmail"))
            await it.after(lambda: it.delete("gmail"))
            assert it.removed == ["gmail", "gmail"]

    told(story)


def test_p2_a_hold_ends_soon_after_its_connector_was_removed_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete(*FIVE[:3]))
            connections = it.engine.emulator.world.state.connections[it.engine.emulator.app_id]
            for name in FIVE[:3]:
                connections.pop(name)
            await it.after(lambda: reconciled(it), seconds=5.0)
            assert (it.removed, it.held) == ([], {})

    told(story)


def test_p12_a_look_while_base44_is_asked_says_nothing_more_of_what_was_removed_then(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("list", delay=5.0, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=12.0)
            await it.after(seconds=60.0)
            ends = [(one.outcome.type, one.outcome.result) for one in it.engine.said(OutcomeKnown)]
            assert ends == [("gmail", Result.REMOVED)]

    told(story)


def test_p12_what_was_forgotten_while_base44_is_asked_is_not_said_to_be_back(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            it.engine.emulator.world.faults.add(Fault("list", delay=5.0, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=12.0)
            store.accept(base_key(it.project), {"gmail": None})
            await it.after(seconds=60.0)
            (known,) = it.engine.said(OutcomeKnown)
            assert known.outcome.words == "not removed: nothing waits for it any more"
            assert it.removed == []

    told(story)


def test_p6_a_comment_that_was_edited_after_the_push_costs_no_request_and_is_there_for_a_restore(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            text = '// mine\n{ "type": "gmail", "scopes": ["gmail:read"] }\n'
            await it.after(lambda: a_connector(it.project, "gmail.jsonc", text))
            await it.after(lambda: it.delete("gmail"), seconds=5.0)
            assert store.base(base_key(it.project))["gmail"].file_text == text
            assert it.sent == []

    told(story)


def test_a_pause_stops_what_is_approved_in_the_middle_and_its_end_carries_it_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete(*FIVE))
            it.engine.emulator.world.faults.add(Fault("list", delay=2.0))
            await it.after(it.approve, seconds=5.0)
            it.engine.loop.paused = True
            await it.after(seconds=600.0)
            done = len(it.removed)
            assert 0 < done < len(FIVE)
            it.engine.loop.paused = False
            await it.after(seconds=600.0)
            assert sorted(it.removed) == sorted(FIVE)

    told(story)


def test_p5_what_git_takes_away_while_its_first_push_is_under_way_is_gits(tmp_path: Path) -> None:
    async def story() -> None:
        types = sorted(name for name in KNOWN_TYPES - {"stripe", "gmail"} if not name.startswith("google"))[:17]
        last = types[-1]
        scopes = {name: [f"{name}:read"] for name in types}
        emulator, project, git = emulator_app(limits=False), a_project(tmp_path, scopes), Repository(tmp_path)
        git.sh(f"""git init -q -b main; git add .; git commit -q -m all
            git checkout -q -b without; git rm -q base44/connectors/{last}.jsonc; git commit -q -m less
            git checkout -q main""")
        connected(emulator, scopes)
        emulator.world.faults.add(Fault("set", delay=9.0))
        async with an_engine(emulator, project, policy=RemovalPolicy()) as engine:
            it = Story(engine)
            await it.after(seconds=1.0)
            await it.after(lambda: git.sh("git checkout -q without"), seconds=600.0)
            assert [known.outcome.type for known in engine.said(OutcomeKnown)][-1] == last
            assert (it.removed, it.held) == ([], {"branch-switched": (last,)})

    told(story)


def test_p3_an_older_look_that_comes_late_neither_ends_nor_begins_anything(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            removals, project = it.engine.loop.push.removals, it.project
            before = it.engine.loop._read()[1]
            await it.after(lambda: it.delete(*EIGHT[:3]))
            it.forget()
            assert await removals.look(project, before, Plan()) == ()
            assert it.hold_news() == []
            gone = it.engine.loop._read()[1]
            await it.after(lambda: it.put(*EIGHT[:3]))
            it.forget()
            assert await removals.look(project, gone, Plan()) == ()
            assert await removals.look(project, gone, Plan(), last=True) == ()
            assert (it.hold_news(), removals.absent_types()) == ([], ())

    told(story)


def test_p9_a_removal_that_was_done_when_its_process_was_killed_is_in_history_once(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            emulator, project = it.engine.emulator, it.project
            emulator.world.faults.add(Fault("remove", delay=60.0, carried_out=True))
            await it.after(lambda: it.delete("gmail"), seconds=12.0)
        assert "gmail" not in emulator.world.state.connections[emulator.app_id]
        async with an_engine(emulator, project, policy=RemovalPolicy(), store=store):
            await asyncio.sleep(60.0)
        assert [row.message for row in store.history(project.root) if row.result == "removed"] == ["gmail: Removed"]

    told(story)
