"""Removals of one project, all of it below the daemon: real files, the emulator, and a time of their own (P2 to P6)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import Engine, an_engine, connected, requests
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import run_virtually

from connectord.emulator.faults import Fault, FaultBody
from connectord.project import Project
from connectord.store import MemoryStore
from connectord.sync import RemovalPolicy, Result
from connectord.sync.events import HoldChanged, OutcomeKnown, RemovalsChanged, RemovalsComing
from connectord.sync.guard import HoldReason
from connectord.sync.holds import ApprovalRefused

EIGHT = ("airtable", "github", "gmail", "googlecalendar", "hubspot", "linear", "notion", "slack")


class Story:
    """A project with connectors that somebody has consented to, and what happens to its files."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project
        self.directory = engine.project.connectors_dir

    async def after(self, *actions: Callable[[], object], seconds: float = 30.0) -> None:
        """Do it, and let so much time pass."""
        for action in actions:
            action()
        self.engine.loop.hint()
        await asyncio.sleep(seconds)

    def delete(self, *names: str) -> None:
        for name in names:
            (self.directory / f"{name}.jsonc").unlink()

    def put(self, *names: str) -> None:
        for name in names:
            a_connector(self.project, name, [f"{name}:read"])

    @property
    def removed(self) -> list[str]:
        """The types that a DELETE was sent for, in order."""
        return [name for operation, name in requests(self.engine.emulator) if operation == "remove"]

    @property
    def sent(self) -> list[tuple[str, str]]:
        return requests(self.engine.emulator)

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        said = self.engine.said(RemovalsChanged)
        return {hold.reason.value: hold.types for hold in said[-1].holds} if said else {}

    def hold_news(self) -> list[tuple[str, str]]:
        return [(event.news.kind.value, event.news.hold.reason.value) for event in self.engine.said(HoldChanged)]

    def approve(self) -> None:
        shown = {HoldReason(reason): types for reason, types in self.held.items()}
        self.engine.loop.push.removals.approve(self.project, shown)

    def forget(self) -> None:
        self.engine.emulator.world.journal.clear()
        self.engine.events.clear()


@asynccontextmanager
async def a_story(
    folder: Path,
    types: Iterable[str] = EIGHT[:5],
    *,
    policy: RemovalPolicy | None = None,
    emulator: EmulatorApp | None = None,
    store: MemoryStore | None = None,
    project: Project | None = None,
) -> AsyncIterator[Story]:
    emulator = emulator or emulator_app(limits=False)
    project = project or a_project(folder, {name: [f"{name}:read"] for name in types})
    connected(emulator, {name: [f"{name}:read"] for name in types})
    async with an_engine(emulator, project, policy=policy or RemovalPolicy(), store=store) as engine:
        story = Story(engine)
        await asyncio.sleep(60.0)
        story.forget()
        yield story


LIES = [
    "nothing",
    Fault("list", status=500),
    *(Fault("list", body=body) for body in (FaultBody.HTML, FaultBody.TRUNCATED)),
]


def told(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    run_virtually(main())


def test_p4_one_of_five_files_deleted_is_one_removal_after_the_grace(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_story(tmp_path) as it:
            await it.after(lambda: it.delete("gmail"), seconds=9.9)
            assert it.sent == []
            (coming,) = it.engine.said(RemovalsComing)
            assert (coming.types, coming.seconds) == (("gmail",), 10.0)
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
