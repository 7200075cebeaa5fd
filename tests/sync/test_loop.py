"""One project's loop on real files and the emulator: what a save costs, what is told, and what is never sent."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import Engine, an_engine, connected, requests
from tests.support.project import a_connector, a_project, a_snapshot

from connectord.emulator.faults import Fault
from connectord.sync import PushJob, Reading, Result, Settle, Trigger
from connectord.sync.events import (
    ConnectorsGone,
    Looked,
    OutcomeKnown,
    ProblemsChanged,
    ProjectUnusable,
    PushFinished,
    Reconciled,
    ReconcileFailed,
    RemovalsComing,
    RetryScheduled,
    Watching,
)


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app(limits=False)


async def started(engine: Engine) -> None:
    """Wait until the start's push and reconcile are over, and forget their requests."""
    await engine.expect(Reconciled)
    engine.emulator.world.journal.clear()
    engine.events.clear()


async def saved(engine: Engine, name: str, scopes: list[str] | str) -> None:
    a_connector(engine.project, name, scopes)
    engine.loop.hint()


def connect(emulator: EmulatorApp, name: str, *scopes: str) -> None:
    connected(emulator, {name: scopes})


async def test_at_a_start_every_file_is_pushed_once_and_base44_is_asked_what_it_has(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"], "github": ["repo"]})
    async with an_engine(emulator, project) as engine:
        watching = await engine.expect(Watching)
        await engine.expect(Reconciled)
    assert watching.connectors == ("github", "slack")
    assert sorted(requests(emulator)) == [("list", ""), ("set", "github"), ("set", "slack"), ("stripe-status", "")]


async def test_a_plain_save_of_one_file_is_one_request(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"], "github": ["repo"], "linear": ["read"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        await saved(engine, "linear", ["read", "write"])
        finished = await engine.expect(PushFinished)
    assert requests(emulator) == [("set", "linear")]
    assert [outcome.type for outcome in finished.outcomes] == ["linear"]


async def test_a_save_that_changes_nothing_costs_no_request(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        await saved(engine, "slack", '// only a comment is new\n{type: "slack", scopes: ["chat:write"], note: 1}')
        await saved(engine, "github", ["repo"])
        await engine.expect(PushFinished)
    assert requests(emulator) == [("set", "github")]


async def test_p3_a_broken_file_is_told_and_the_others_still_flow(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        a_connector(project, "slack", '{"type": "slack", "scopes": [')
        await saved(engine, "github", ["repo"])
        problems = await engine.expect(ProblemsChanged)
        await engine.expect(PushFinished)
        assert engine.said(RemovalsComing) == []
        await saved(engine, "slack", ["chat:write"])
        mended = await engine.expect(ProblemsChanged, lambda event: bool(event.mended))
    assert [problem.file.name for problem in problems.appeared] == ["slack.jsonc"]
    assert [problem.file.name for problem in mended.mended] == ["slack.jsonc"]
    assert requests(emulator) == [("set", "github")]


async def test_a_file_saved_in_two_halves_is_pushed_once_and_never_told(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    patient = Settle(quiet=0.0, cap=0.0, patience=30.0)
    async with an_engine(emulator, project, patient) as engine:
        await started(engine)
        await saved(engine, "slack", '{"type": "slack",')
        await saved(engine, "github", ["repo"])  # its push shows that the first half was looked at
        await engine.expect(PushFinished)
        await saved(engine, "slack", ["chat:write"])
        await engine.expect(OutcomeKnown, lambda event: event.outcome.type == "slack")
        assert engine.said(ProblemsChanged) == []
    assert requests(emulator) == [("set", "github"), ("set", "slack")]


async def test_p2_a_deleted_file_is_told_and_then_removed(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"], "github": ["repo"]})
    connect(emulator, "slack", "chat:write")
    async with an_engine(emulator, project) as engine:
        await started(engine)
        (project.connectors_dir / "slack.jsonc").unlink()
        engine.loop.hint()
        await engine.expect(PushFinished)
    assert requests(emulator) == [("list", ""), ("remove", "slack")]


async def test_a_deleted_file_that_nobody_ever_consented_to_is_forgotten(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"], "github": ["repo"]})
    connect(emulator, "github", "repo")
    async with an_engine(emulator, project) as engine:
        await started(engine)
        (project.connectors_dir / "slack.jsonc").unlink()
        engine.loop.hint()
        await engine.expect(ConnectorsGone)
        engine.loop.hint()
        forgetful = await engine.expect(Looked, after=len(engine.events))
        assert engine.said(RemovalsComing) == []
    assert forgetful.plan.removals == ()
    assert "slack" not in forgetful.plan.unchanged


async def test_p3_a_directory_that_vanishes_is_a_problem_and_no_deletion(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        project.connectors_dir.rename(tmp_path / "elsewhere")
        engine.loop.hint()
        problems = await engine.expect(ProblemsChanged)
        assert engine.said(RemovalsComing) == []
        (tmp_path / "elsewhere").rename(project.connectors_dir)
        engine.loop.hint()
        await engine.expect(ProblemsChanged, lambda event: bool(event.mended))
    assert problems.appeared[0].file == project.connectors_dir
    assert requests(emulator) == []


async def test_p8_a_passing_failure_retries_itself(emulator: EmulatorApp, tmp_path: Path) -> None:
    emulator.world.faults.add(Fault("set", status=503, count=2))
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await engine.expect(RetryScheduled)
        known = await engine.expect(OutcomeKnown, lambda event: event.outcome.accepted)
    assert known.outcome.result is Result.NEEDS_AUTHORIZATION
    assert [event.outcome.result for event in engine.said(OutcomeKnown)][:2] == [Result.FAILED, Result.FAILED]


async def test_p8_a_permanent_failure_waits_for_a_change_of_the_file(emulator: EmulatorApp, tmp_path: Path) -> None:
    emulator.world.faults.add(Fault("set", type="slack", status=400, count=1))
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        await saved(engine, "github", ["repo"])
        await engine.expect(PushFinished)
        assert requests(emulator) == [("set", "github")]
        await saved(engine, "slack", ["chat:write", "channels:read"])
        await engine.expect(OutcomeKnown, lambda event: event.outcome.type == "slack")
    assert requests(emulator) == [("set", "github"), ("set", "slack")]


async def test_p2_what_only_base44_has_is_reported_once_and_left_alone(emulator: EmulatorApp, tmp_path: Path) -> None:
    connect(emulator, "notion")
    async with an_engine(emulator, a_project(tmp_path, {})) as engine:
        first = await engine.expect(Reconciled)
        engine.loop.hint(Trigger.RESCAN)
        second = await engine.expect(Reconciled, after=len(engine.events))
    assert (first.untracked, second.untracked) == (("notion",), ())
    assert "notion" in emulator.world.state.connections[emulator.app_id]


async def test_p2_what_another_app_has_is_asked_for_as_soon_as_the_project_names_it(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    async with an_engine(emulator, a_project(tmp_path, {"slack": ["chat:write"]})) as engine:
        await started(engine)
        a_project(tmp_path, app_id="f" * 24)
        engine.loop.hint()
        asked = await engine.expect(Reconciled)
    assert asked.project.app_id == "f" * 24


async def test_p2_drift_is_reported_once_and_not_fought_over(emulator: EmulatorApp, tmp_path: Path) -> None:
    connect(emulator, "slack", "chat:write")
    async with an_engine(emulator, a_project(tmp_path, {"slack": ["chat:write"]})) as engine:
        await started(engine)
        connect(emulator, "slack", "users:read")
        engine.loop.hint(Trigger.RESCAN)
        drifted = await engine.expect(Reconciled)
        engine.loop.hint(Trigger.RESCAN)
        again = await engine.expect(Reconciled, after=len(engine.events))
    assert ([drift.type for drift in drifted.drifts], again.drifts) == (["slack"], ())
    assert {operation for operation, _ in requests(emulator)} == {"list", "stripe-status"}


async def test_p10_a_consent_that_came_unwatched_is_seen_by_the_next_rescan(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    async with an_engine(emulator, a_project(tmp_path, {"slack": ["chat:write"]})) as engine:
        await started(engine)
        connect(emulator, "slack", "chat:write")
        engine.loop.hint(Trigger.RESCAN)
        reconciled = await engine.expect(Reconciled)
    assert [consent.type for consent in reconciled.late_consents] == ["slack"]


async def test_base44_not_telling_what_it_has_is_told_once(emulator: EmulatorApp, tmp_path: Path) -> None:
    emulator.world.faults.add(Fault("list", status=500))
    async with an_engine(emulator, a_project(tmp_path, {})) as engine:
        await engine.expect(ReconcileFailed)
        engine.loop.hint(Trigger.RESCAN)
        emulator.world.faults.clear()
        engine.loop.hint(Trigger.RESCAN)
        await engine.expect(Reconciled)
    assert len(engine.said(ReconcileFailed)) == 1


async def test_a_config_that_breaks_leaves_the_last_good_one_in_force_until_it_is_mended(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    config = project.config_path
    assert config is not None
    async with an_engine(emulator, project) as engine:
        await started(engine)
        good = config.read_text()
        config.write_text("{")
        engine.loop.hint()
        broken = await engine.expect(ProjectUnusable)
        config.write_text(good)
        engine.loop.hint()
        await engine.expect(ProjectUnusable, lambda event: event.error is None)
    assert config.name in str(broken.error)
    assert requests(emulator) == []


async def test_a_push_that_outlives_its_loop_is_no_defect(emulator: EmulatorApp, tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    async with an_engine(emulator, project) as engine:
        await started(engine)
        for task in asyncio.all_tasks():
            if task.get_name() == "loop":
                task.cancel()
                await asyncio.wait([task])
        await engine.loop.push.carry(PushJob(project, a_snapshot(project), Trigger.START, reconcile=True))
        assert engine.said(Reconciled) == []


async def test_a_disk_that_hangs_is_told_and_waited_for_and_keeps_the_end_of_nobody_waiting(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    project = a_project(tmp_path, {"slack": ["chat:write"]})
    answers = threading.Event()

    def read() -> Reading:
        answers.wait()
        return project, a_snapshot(project)

    async with an_engine(emulator, project, read=read, patience=0.0) as engine:
        hanging = await engine.expect(ProjectUnusable)
        answers.set()
        await engine.expect(ProjectUnusable, lambda event: event.error is None)
        await engine.expect(PushFinished)
        answers.clear()
        engine.loop.hint()
        await engine.expect(ProjectUnusable, lambda event: event.error is not None, after=len(engine.events))
    answers.set()
    assert "its disk has not answered" in str(hanging.error)
