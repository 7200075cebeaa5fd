"""Asking Base44 what it has while files are saved: an answer says nothing of what was sent after the question."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.project import a_connector
from tests.support.removal_story import Story, a_story, told

from connectord.emulator.faults import Fault
from connectord.sync import Trigger
from connectord.sync.events import Reconciled

SLOW = 5.0


async def asked(it: Story, route: str) -> None:
    """A comparison begins, and one of its answers, already on its way, takes long."""
    it.engine.emulator.world.faults.add(Fault(route, delay=SLOW, count=1, carried_out=True))
    it.engine.loop.hint(Trigger.RESCAN)
    await asyncio.sleep(1.0)
    assert it.sent
    assert not it.engine.said(Reconciled)


async def compared(it: Story) -> Reconciled:
    """The next comparison from its beginning to its end."""
    before = len(it.engine.events)
    it.engine.loop.hint(Trigger.RESCAN)
    return await it.engine.expect(Reconciled, after=before)


def save(it: Story, *scopes: str) -> None:
    a_connector(it.project, "airtable", list(scopes))


@pytest.mark.parametrize("slow", ["list", "stripe-status"])
def test_p2_what_was_sent_while_base44_was_asked_is_no_change_by_someone_else(slow: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await asked(it, slow)
            await it.after(lambda: save(it), seconds=1.0)
            assert ("set", "airtable") in it.sent
            assert not it.engine.said(Reconciled)
            await asyncio.sleep(SLOW)
            crossed, after = it.engine.said(Reconciled), await compared(it)
            assert [one.plan.drifts for one in (*crossed, after)] == [(), ()]
            assert after.plan.unchanged == ("airtable", "github", "gmail", "googlecalendar", "hubspot")

    told(story)


def test_p2_what_was_sent_and_taken_back_while_base44_was_asked_is_no_change_by_someone_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: save(it))  # what it has now was never listed
            await it.after(lambda: save(it, "airtable:read"))
            it.forget()
            it.engine.emulator.world.faults.add(Fault("list", delay=SLOW, count=1))  # it is listed when that is over
            it.engine.loop.hint(Trigger.RESCAN)
            await asyncio.sleep(1.0)
            await it.after(lambda: save(it), seconds=SLOW - 2.0)
            it.engine.emulator.world.faults.add(Fault("stripe-status", delay=SLOW, count=1))
            await asyncio.sleep(2.0)
            await it.after(lambda: save(it, "airtable:read"), seconds=1.0)
            assert [name for operation, name in it.sent if operation == "set"] == ["airtable", "airtable"]
            assert not it.engine.said(Reconciled)
            await asyncio.sleep(SLOW)
            assert it.engine.said(Reconciled)
            assert (await compared(it)).plan.drifts == ()

    told(story)


def test_p2_a_file_deleted_after_what_was_sent_while_base44_was_asked_is_removed_and_not_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await asked(it, "list")
            await it.after(lambda: save(it), seconds=SLOW + 1.0)
            await it.after(lambda: it.delete("airtable"))
            assert it.held == {}
            assert it.removed == ["airtable"]

    told(story)


def test_p2_what_was_removed_while_base44_was_asked_is_not_somebody_elses(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=8.0)
            await asked(it, "list")
            await asyncio.sleep(SLOW)
            assert it.removed == ["gmail"]
            (crossed,) = it.engine.said(Reconciled)
            assert (crossed.plan.untracked, crossed.untracked) == ((), ())

    told(story)
