"""The look right before a removal is sent: each thing that it checks keeps the removal from being sent (P4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.engine import a_client
from tests.support.project import a_connector
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.emulator.faults import Fault
from connectord.project.errors import NoProject
from connectord.sync import Outcome, Result
from connectord.sync.fresh_look import FreshLook
from connectord.sync.loop import Reading
from connectord.sync.plan import Plan

THREE = EIGHT[:3]


async def objection(it: Story, read: object = None, *, paused: bool = False) -> Outcome | None:
    """What a fresh look says of airtable, whose removal was approved and is next."""
    push = it.engine.loop.push
    look = FreshLook(
        push.removals,
        push._effects.store,
        read=read or it.engine.loop._read,  # type: ignore[arg-type]
        plan=lambda _, __: Plan(),
        paused=lambda: paused,
    )
    async with a_client(it.engine.emulator) as app:
        return await look.objection(it.project, app, "airtable")


async def approved(it: Story) -> None:
    await it.after(lambda: it.delete(*THREE))
    it.engine.loop.paused = True
    await it.after(it.approve, seconds=1.0)
    it.forget()


def test_p4_nothing_objects_to_what_was_approved_and_is_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            assert await objection(it) is None
            (row,) = [row for row in it.engine.loop.push._effects.store.absences(it.project.root) if row.removing]
            assert row.type == "airtable"

    told(story)


def test_p4_a_base44_that_does_not_say_what_it_has_stops_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            it.engine.emulator.world.faults.add(Fault("list", status=500))
            outcome = await objection(it)
            assert outcome is not None
            assert (outcome.result, outcome.transient) == (Result.FAILED, True)

    told(story)


def test_p4_another_app_stops_a_removal_and_may_pass_by(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            before = it.held

            def elsewhere() -> Reading:
                project, snapshot = it.engine.loop._read()
                return replace(project, app_id="f" * 24), snapshot

            outcome = await objection(it, elsewhere)
            assert outcome is not None
            assert outcome.error == "not removed: the project is linked to another app, host or directory now"
            assert (it.held, it.hold_news()) == (before, [])
            assert await objection(it) is None

    told(story)


def test_p4_a_project_that_can_not_be_read_stops_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)

            def unreadable() -> Reading:
                raise NoProject(tmp_path)

            outcome = await objection(it, unreadable)
            assert outcome is not None
            assert outcome.result is Result.HELD

    told(story)


def test_a_pause_stops_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            outcome = await objection(it, paused=True)
            assert outcome is not None
            assert outcome.error == "not removed: the project was paused"

    told(story)


def test_p4_what_is_saved_while_base44_is_asked_is_pushed_before_the_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("list", delay=5.0, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=12.0)
            await it.after(lambda: a_connector(it.project, "github", ["repo"]), seconds=60.0)
            sent = [one for one in it.sent if one[0] != "list"]
            assert sent == [("set", "github"), ("remove", "gmail")]

    told(story)


def test_p3_a_look_that_is_older_than_the_last_one_lets_no_removal_be_sent(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            removals, before = it.engine.loop.push.removals, it.engine.loop._read()[1]
            await it.after(seconds=1.0)
            assert await removals.look(it.project, before, Plan()) == THREE
            assert await removals.look(it.project, before, Plan(), last=True) == ()
            outcome = await objection(it, lambda: (it.project, before))
            assert outcome is not None
            assert outcome.error == "not removed: the files are being looked at again"

    told(story)


def test_p9_what_was_removed_without_an_answer_is_told_as_removed_by_us(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await approved(it)
            assert await objection(it) is None
            it.engine.emulator.world.state.connections[it.engine.emulator.app_id].pop("airtable")
            assert await objection(it) == Outcome("airtable", Result.REMOVED)

    told(story)
