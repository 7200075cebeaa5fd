"""Removals of one project, all of it below the daemon: real files, the emulator, and a time of their own (P2 to P6)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.emulator import emulator_app
from tests.support.engine import an_engine, connected
from tests.support.project import a_connector, a_project
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.emulator.faults import Fault, FaultBody
from connectord.project.known_types import KNOWN_TYPES
from connectord.store import MemoryStore
from connectord.sync import RemovalMode, RemovalPolicy, Result, Trigger
from connectord.sync.events import OutcomeKnown, Reconciled, RemovalsChanged, RemovalsComing
from connectord.sync.guard import HoldReason, WaitReason
from connectord.sync.holds import ApprovalRefused

LIES = [
    "nothing",
    Fault("list", status=500),
    *(Fault("list", body=body) for body in (FaultBody.HTML, FaultBody.TRUNCATED)),
]


def waiting(it: Story) -> list[tuple[str, WaitReason | None, bool]]:
    """What waits by itself, for what, and whether it says when it ends."""
    shown = it.engine.said(RemovalsChanged)[-1].waiting
    return [(one.type, one.reason, one.at is not None) for one in shown]


def test_p12_no_time_is_told_for_what_will_be_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete(*EIGHT[:3]), seconds=5.0)
            assert waiting(it) == [(name, WaitReason.GRACE, False) for name in EIGHT[:3]]

    told(story)


def test_p4_one_of_five_files_deleted_is_one_removal_after_the_grace(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=9.9)
            assert it.sent == []
            (coming,) = it.engine.said(RemovalsComing)
            assert (coming.types, coming.seconds) == (("gmail",), 10.0)
            assert waiting(it) == [("gmail", WaitReason.GRACE, True)]
            await it.after(seconds=1.0)
            assert it.sent == [("list", ""), ("remove", "gmail")]
            (known,) = it.engine.said(OutcomeKnown)
            assert (known.outcome.type, known.outcome.result) == ("gmail", Result.REMOVED)
            await it.after(seconds=900.0)
            assert it.removed == ["gmail"]
            assert it.held == {}

    told(story)


def test_p4_a_file_that_comes_back_within_the_grace_costs_no_request(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=9.0)
            await it.after(lambda: it.put("gmail"), seconds=60.0)
            assert it.sent == []
            await it.after(lambda: it.delete("gmail"), seconds=9.0)
            assert it.sent == []

    told(story)


@pytest.mark.parametrize(
    ("known", "left", "reason"),
    [(5, 0, "root-emptied"), (1, 0, "root-emptied"), (8, 1, "mass-removal"), (8, 5, "mass-removal")],
)
def test_p5_many_at_once_are_held_until_a_word_and_then_exactly_those_are_removed(
    known: int, left: int, reason: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT[:known]) as it:
            victims = EIGHT[left:known]
            await it.after(lambda: it.delete(*victims), seconds=3600.0)
            assert it.sent == []
            assert it.held == {reason: victims}
            assert it.hold_news() == [("began", reason)]
            await it.after(it.approve, seconds=120.0)
            assert sorted(it.removed) == sorted(victims)
            assert it.held == {}
            assert it.hold_news() == [("began", reason), ("approved", reason)]

    told(story)


def test_p6_an_approval_is_void_when_one_file_comes_back_before_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete(*EIGHT[:3]))
            it.engine.loop.paused = True
            await it.after(it.approve, seconds=1.0)
            it.engine.loop.paused = False
            await it.after(lambda: it.put(EIGHT[0]), seconds=600.0)
            assert it.removed == []
            assert it.held == {"mass-removal": EIGHT[1:3]}
            assert it.hold_news() == [("began", "mass-removal"), ("approved", "mass-removal"), ("void", "mass-removal")]

    told(story)


def test_p6_what_was_shown_is_what_is_approved(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, EIGHT) as it:
            await it.after(lambda: it.delete(*EIGHT[:3]))
            removals = it.engine.loop.push.removals
            with pytest.raises(ApprovalRefused, match="is now for airtable, github, gmail"):
                removals.approve(it.project, {HoldReason.MASS_REMOVAL: EIGHT[:2]})
            with pytest.raises(ApprovalRefused, match="no hold root-missing"):
                removals.approve(it.project, {HoldReason.ROOT_MISSING: EIGHT[:3]})
            await it.after(seconds=60.0)
            assert it.sent == []

    told(story)


def moved_away(it: Story) -> Callable[[], None]:
    away = it.project.root / "away"
    it.directory.rename(away)

    def undo() -> None:
        away.rename(it.directory)

    return undo


def replaced_by_an_empty_one(it: Story) -> Callable[[], None]:
    back = moved_away(it)
    it.directory.mkdir()

    def undo() -> None:
        it.directory.rmdir()
        back()

    return undo


def replaced_by_a_dangling_link(it: Story) -> Callable[[], None]:
    back = moved_away(it)
    it.directory.symlink_to(it.project.root / "nowhere")

    def undo() -> None:
        it.directory.unlink()
        back()

    return undo


def replaced_by_a_file(it: Story) -> Callable[[], None]:
    back = moved_away(it)
    it.directory.write_text("")

    def undo() -> None:
        it.directory.unlink()
        back()

    return undo


def replaced_by_another_with_less(it: Story) -> Callable[[], None]:
    away = it.project.root / "away"
    it.directory.rename(away)
    shutil.copytree(away, it.directory)
    it.delete("gmail")

    def undo() -> None:
        shutil.rmtree(it.directory)
        away.rename(it.directory)

    return undo


@pytest.mark.parametrize(
    ("accident", "reason"),
    [
        (moved_away, "root-missing"),
        (replaced_by_an_empty_one, "root-replaced"),
        (replaced_by_a_dangling_link, "root-missing"),
        (replaced_by_a_file, "root-missing"),
        (replaced_by_another_with_less, "root-replaced"),
    ],
)
def test_p5_an_accident_to_the_directory_is_a_hold_that_ends_by_itself_without_one_request(
    accident: Callable[[Story], Callable[[], None]], reason: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            undo = accident(it)
            await it.after(seconds=3600.0)
            assert list(it.held) == [reason]
            await it.after(undo, seconds=3600.0)
            assert it.held == {}
            assert it.hold_news() == [("began", reason), ("ended", reason)]
            assert it.sent == []

    told(story)


def test_p3_beside_a_broken_file_nothing_is_removed_until_it_is_mended(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(
                lambda: it.delete("gmail"), lambda: a_connector(it.project, "github", "{ broken"), seconds=3600.0
            )
            assert it.sent == []
            await it.after(lambda: it.put("github"), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p3_a_file_that_breaks_within_the_grace_suspends_the_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=5.0)
            await it.after(lambda: a_connector(it.project, "github", "{ broken"), seconds=3600.0)
            assert it.sent == []
            await it.after(lambda: it.put("github"), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p3_what_is_suspended_while_base44_is_asked_is_not_taken_for_changed_there(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(lambda: it.delete("gmail"), lambda: a_connector(it.project, "github", "{ broken"))
            await it.after(lambda: it.put("github"), seconds=60.0)
            assert (it.removed, it.held) == (["gmail"], {})

    told(story)


@pytest.mark.parametrize(
    "fault",
    LIES,
)
def test_p4_what_base44_lists_wrongly_removes_nothing(fault: Fault | str, tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            if isinstance(fault, Fault):
                it.engine.emulator.world.faults.add(fault)
            else:
                it.engine.emulator.world.state.connections[it.engine.emulator.app_id].clear()
            await it.after(lambda: it.delete("gmail"), seconds=120.0)
            assert it.removed == []

    told(story)


def test_p4_a_set_of_the_job_that_fails_keeps_everything_until_it_succeeds(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("set", type="github", status=400, count=1))
            await it.after(
                lambda: it.delete("gmail"),
                lambda: a_connector(it.project, "github", ["repo"]),
                seconds=600.0,
            )
            assert it.removed == []
            await it.after(lambda: a_connector(it.project, "github", ["repo", "user"]), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p8_a_removal_that_fails_twice_is_done_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=500, count=2))
            await it.after(lambda: it.delete("gmail"), seconds=600.0)
            assert it.removed == ["gmail"] * 3
            results = [event.outcome.result for event in it.engine.said(OutcomeKnown)]
            assert results == [Result.FAILED, Result.FAILED, Result.REMOVED]
            lists = [operation for operation, _ in it.sent].count("list")
            assert lists == 3  # a fresh look before every attempt

    told(story)


def test_p9_a_removal_whose_answer_was_lost_is_removed_once_in_history(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            it.engine.emulator.world.faults.add(Fault("remove", reset=True, carried_out=True, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=600.0)
            assert it.removed == ["gmail"]
            removed = [row for row in store.history(it.project.root) if row.result == "removed"]
            assert [row.type for row in removed] == ["gmail"]
            assert "gmail" not in next(iter(store._mirror.base.values()))

    told(story)


def test_p9_a_file_that_comes_back_after_a_removal_that_may_have_been_done_is_set_anew(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=500, carried_out=True, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=10.1)
            assert it.removed == ["gmail"]
            await it.after(lambda: it.put("gmail"), seconds=60.0)
            assert it.sent[-1] == ("set", "gmail")
            assert it.removed == ["gmail"]

    told(story)


def test_p9_a_removal_whose_answer_was_lost_is_told_though_a_rescan_sees_its_end_first(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            it.engine.emulator.world.faults.add(Fault("remove", status=500, carried_out=True, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=10.1)
            it.engine.loop.hint(Trigger.RESCAN)
            await asyncio.sleep(600.0)
            assert it.removed == ["gmail"]
            assert [row.type for row in store.history(it.project.root) if row.result == "removed"] == ["gmail"]
            assert it.held == {}

    told(story)


@pytest.mark.parametrize(
    "fault", [Fault("remove", delay=20.0, carried_out=True), Fault("remove", status=404, carried_out=True)]
)
def test_p9_a_removal_that_was_done_all_the_same_is_told_once_and_never_as_failed(fault: Fault, tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(fault)
            await it.after(lambda: it.delete("github"), seconds=600.0)
            assert it.removed == ["github"]
            assert [event.outcome.result for event in it.engine.said(OutcomeKnown)] == [Result.REMOVED]

    told(story)


def test_p5_another_app_removes_nothing_in_either_and_reports_what_is_untracked(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            app_file, before = it.project.config_path.parent / ".app.jsonc", None  # type: ignore[union-attr]
            before = app_file.read_text(encoding="utf-8")
            other = before.replace("0123456789abcdef01234567", "f" * 24)
            await it.after(
                lambda: app_file.write_text(other, encoding="utf-8"), lambda: it.delete("gmail"), seconds=120.0
            )
            assert it.held == {}
            assert it.engine.said(Reconciled)[-1].plan.untracked == ("gmail",)
            await it.after(lambda: app_file.write_text(before, encoding="utf-8"), seconds=3600.0)
            assert it.removed == []
            assert it.held == {"app-changed": ("gmail",)}
            await it.after(lambda: it.put("gmail"), seconds=60.0)
            assert it.held == {}

    told(story)


def test_p5_another_connectors_directory_removes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            config = it.project.config_path
            assert config is not None
            (config.parent / "elsewhere").mkdir()
            config.write_text('{ "connectorsDir": "elsewhere" }', encoding="utf-8")
            await it.after(seconds=3600.0)
            assert it.removed == []
            it.engine.loop.hint(Trigger.RESCAN)
            await asyncio.sleep(10.0)
            assert it.engine.said(Reconciled)[-1].plan.untracked == EIGHT[:5]

    told(story)


def test_p4_what_was_changed_on_base44_meanwhile_is_held_and_not_removed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            connected(it.engine.emulator, {"gmail": ["gmail:other"]})
            await it.after(lambda: it.delete("gmail"), seconds=3600.0)
            assert (it.removed, it.held) == ([], {"changed-elsewhere": ("gmail",)})
            assert len(it.sent) == 1  # one list, not one a second
            await it.after(it.approve, seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p2_what_is_gone_on_both_sides_is_forgotten_without_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.state.connections[it.engine.emulator.app_id].pop("gmail")
            await it.after(lambda: it.delete("gmail"), seconds=60.0)
            assert it.sent == [("list", "")]
            (known,) = it.engine.said(OutcomeKnown)
            assert known.outcome.words == "was removed from Base44 already"

    told(story)


def test_p4_a_file_that_comes_back_while_base44_is_asked_is_seen(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.engine.emulator.world.faults.add(Fault("list", delay=5.0, count=1))
            await it.after(lambda: it.delete("gmail"), seconds=12.0)
            await it.after(lambda: it.put("gmail"), seconds=60.0)
            assert it.removed == []

    told(story)


def test_stripe_is_removed_by_its_own_routes_after_the_same_grace(tmp_path: Path) -> None:
    async def story() -> None:
        project = a_project(tmp_path, {"gmail": ["gmail:read"], "slack": ["slack:read"], "stripe": []})
        async with a_story(tmp_path, ("gmail", "slack"), project=project) as it:
            await it.after(lambda: it.delete("stripe"), seconds=9.0)
            assert it.sent == []
            await it.after(seconds=10.0)
            assert it.sent == [("stripe-status", ""), ("stripe-remove", "")]

    told(story)


def test_removals_never_removes_nothing_and_holds_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, policy=RemovalPolicy(RemovalMode.NEVER)) as it:
            await it.after(lambda: it.delete("gmail"), seconds=3600.0)
            assert (it.sent, it.held) == ([], {})
            assert it.engine.said(RemovalsChanged)[-1].kept == ("gmail",)

    told(story)


def test_removals_ask_holds_every_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path, policy=RemovalPolicy(RemovalMode.ASK)) as it:
            await it.after(lambda: it.delete("gmail"), seconds=3600.0)
            assert (it.sent, it.held) == ([], {"asked": ("gmail",)})
            await it.after(it.approve, seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_removals_mirror_takes_untracked_ones_through_the_same_guard(tmp_path: Path) -> None:
    async def story() -> None:
        emulator = emulator_app(limits=False)
        policy = RemovalPolicy(RemovalMode.MIRROR)
        connected(emulator, {"notion": ["notion:read"]})
        async with a_story(tmp_path, policy=policy, emulator=emulator, forget=False) as it:
            assert it.removed == ["notion"]
            assert [one for said in it.engine.said(Reconciled) for one in said.untracked] == []  # none is left alone
            connected(emulator, {"notion": [], "slack": [], "linear": []})
            it.engine.loop.hint(Trigger.RESCAN)
            await it.after(seconds=60.0)
            assert it.removed == ["notion"]
            assert it.held == {"mass-removal": ("linear", "notion", "slack")}

    told(story)


def test_p9_a_removal_in_its_grace_survives_a_restart_and_begins_its_grace_anew(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, store=store) as it:
            await it.after(lambda: it.delete("gmail"), seconds=9.0)
            emulator, project = it.engine.emulator, it.project
            assert it.sent == []
        async with an_engine(emulator, project, policy=RemovalPolicy(), store=store) as engine:
            it = Story(engine)
            await asyncio.sleep(9.0)
            assert it.removed == []
            await asyncio.sleep(9.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p9_a_hold_and_its_approval_survive_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with a_story(tmp_path, EIGHT, store=store) as it:
            await it.after(lambda: it.delete(*EIGHT[:3]), seconds=60.0)
            emulator, project = it.engine.emulator, it.project
        async with a_story(tmp_path, EIGHT, project=project, emulator=emulator, store=store, forget=False) as it:
            assert it.held == {"mass-removal": EIGHT[:3]}
            assert it.hold_news() == []
            it.engine.loop.paused = True
            await it.after(it.approve, seconds=0.1)
        async with a_story(tmp_path, EIGHT, project=project, emulator=emulator, store=store, forget=False) as it:
            assert sorted(it.removed) == sorted(EIGHT[:3])

    told(story)


def test_p4_ten_a_minute_are_removed_and_a_save_waits_behind_none_of_them(tmp_path: Path) -> None:
    async def story() -> None:
        types = sorted(KNOWN_TYPES - {"stripe"})[:14]
        async with a_story(tmp_path, types, pace=True) as it:
            await it.after(lambda: it.delete(*types[1:]), seconds=60.0)
            await it.after(it.approve, seconds=20.0)
            assert len(it.removed) == 10
            await it.after(lambda: a_connector(it.project, types[0], ["changed"]), seconds=2.0)
            assert it.sent[-1] == ("set", types[0])
            await it.after(seconds=70.0)
            assert sorted(it.removed) == types[1:]

    told(story)


def test_p2_without_a_state_everything_is_pushed_and_nothing_is_removed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            it.delete("gmail")
            emulator, project = it.engine.emulator, it.project
        async with a_story(
            tmp_path, EIGHT[:5], project=project, emulator=emulator, store=MemoryStore(), forget=False
        ) as it:
            await it.after(seconds=3600.0)
            assert (it.removed, it.held) == ([], {})
            assert it.engine.said(Reconciled)[-1].plan.untracked == ("gmail",)

    told(story)


def test_p12_what_nobody_consented_to_waits_for_its_directory_and_is_then_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            away = tmp_path / "away"
            await it.after(lambda: it.put("linear"), seconds=1.0)
            await it.after(lambda: it.delete("linear"), lambda: it.directory.rename(away), seconds=3600.0)
            assert ("linear", WaitReason.PROBLEMS) in it.waiting
            await it.after(lambda: away.rename(it.directory), seconds=1.0)
            assert it.waiting == []
            assert it.removed == []

    told(story)


@pytest.mark.parametrize("consented", [True, False])
def test_p2_a_consent_that_nobody_noticed_is_removed_with_its_connector(consented: bool, tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.put("linear"), seconds=200.0)
            if consented:
                connected(it.engine.emulator, {"linear": ["linear:read"]})
            it.forget()
            await it.after(lambda: it.delete("linear"), seconds=9.0)
            assert it.sent == []
            await it.after(seconds=60.0)
            assert (it.removed, it.waiting) == (["linear"] if consented else [], [])
            assert len(it.sent) <= 4  # asked once before it is judged, and once more right before the removal

    told(story)


def test_p12_what_nobody_consented_to_is_kept_while_base44_does_not_say_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.put("linear"), seconds=1.0)
            it.engine.emulator.world.faults.add(Fault("list", status=500))
            await it.after(lambda: it.delete("linear"), seconds=30.0)
            assert it.waiting == [("linear", WaitReason.ASKING)]
            it.engine.emulator.world.faults.clear()
            await it.after(seconds=60.0)
            assert (it.waiting, it.removed) == ([], [])

    told(story)
