"""P8: each connector backs off by its own failures in a row, whatever becomes of the others beside it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import a_client
from tests.support.project import a_connector, a_project, a_snapshot

from connectord.emulator.faults import Fault
from connectord.project import Project
from connectord.store import MemoryStore
from connectord.sync import Backoff, PushEffects, PushJob, Trigger
from connectord.sync.events import Looked, OutcomeKnown, PushFinished, RetryScheduled, SyncEvent
from connectord.sync.push import ProjectPush
from connectord.sync.told import Told


class LongestWait(random.Random):
    """Full jitter with all its luck gone: the wait is the whole span."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@dataclass
class Pushes:
    """One project's pushes with a clock of the test's own."""

    project: Project
    push: ProjectPush
    events: list[SyncEvent]
    waits: list[float]
    now: float = 0.0

    async def carry(self) -> None:
        await self.push.carry(PushJob(self.project, a_snapshot(self.project), Trigger.SAVE))

    def retries(self) -> list[tuple[tuple[str, ...], float]]:
        return [(event.types, event.seconds) for event in self.events if isinstance(event, RetryScheduled)]

    def pass_time(self) -> None:
        self.now += 1_000.0


def nowhere(coroutine: Coroutine[Any, Any, None]) -> None:
    coroutine.close()


@asynccontextmanager
async def pushes(
    emulator: EmulatorApp, project: Project, hear: Callable[[Pushes, SyncEvent], None] = lambda _, __: None
) -> AsyncIterator[Pushes]:
    async with a_client(emulator) as app:
        made: Pushes
        waits: list[float] = []

        def emit(event: SyncEvent) -> None:
            made.events.append(event)
            hear(made, event)

        effects = PushEffects(
            store=MemoryStore(),
            connect=lambda _: app,
            emit=emit,
            clock=lambda: made.now,
            now=lambda: made.now,
            rng=LongestWait(),
            backoff=Backoff(first=1.0, cap=300.0),
        )

        def look_again(seconds: float, trigger: Trigger = Trigger.RETRY) -> None:
            if trigger is Trigger.RETRY:
                waits.append(seconds)

        told = Told(project.root, effects.store, effects.now)
        push = ProjectPush(
            project.root, effects, lambda: (project, a_snapshot(project)), look_again, nowhere, told=told
        )
        made = Pushes(project, push, [], waits=waits)
        yield made


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app(limits=False)


async def test_p8_a_connector_that_fails_backs_off_although_another_one_succeeds(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    emulator.world.faults.add(Fault("set", type="github", status=503))
    project = a_project(tmp_path, {"github": ["repo"]})
    async with pushes(emulator, project) as made:
        for number in range(5):
            a_connector(project, "slack", [f"scope-{number}"])
            await made.carry()
            made.pass_time()
    accepted = [one for one in made.events if isinstance(one, OutcomeKnown) and one.outcome.accepted]
    assert len(accepted) == 5
    assert made.retries() == [(("github",), seconds) for seconds in (1.0, 2.0, 4.0, 8.0, 16.0)]


async def test_p8_a_save_of_another_file_does_not_shorten_the_wait(emulator: EmulatorApp, tmp_path: Path) -> None:
    emulator.world.faults.add(Fault("set", type="github", status=503))
    project = a_project(tmp_path, {"github": ["repo"]})
    async with pushes(emulator, project) as made:
        await made.carry()
        for number in range(3):
            a_connector(project, "slack", [f"scope-{number}"])
            await made.carry()
        made.pass_time()
        await made.carry()
    assert made.retries() == [(("github",), 1.0), (("github",), 2.0)]


async def test_p8_one_that_fails_for_the_first_time_waits_less_than_one_that_keeps_failing(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    emulator.world.faults.add(Fault("set", type="github", status=503))
    project = a_project(tmp_path, {"github": ["repo"]})
    async with pushes(emulator, project) as made:
        for _ in range(3):
            await made.carry()
            made.pass_time()
        emulator.world.faults.add(Fault("set", type="slack", status=503))
        a_connector(project, "slack", ["chat:write"])
        await made.carry()
    assert made.retries()[-2:] == [(("slack",), 1.0), (("github",), 8.0)]
    assert made.waits[-2:] == [1.0, 8.0]


async def test_p8_a_success_or_a_login_ends_the_backoff(emulator: EmulatorApp, tmp_path: Path) -> None:
    emulator.world.faults.add(Fault("set", type="github", status=503))
    project = a_project(tmp_path, {"github": ["repo"]})
    async with pushes(emulator, project) as made:
        await made.carry()
        made.pass_time()
        await made.carry()
        made.push.retry_now()
        await made.carry()
        emulator.world.faults.clear()
        made.pass_time()
        await made.carry()
        emulator.world.faults.add(Fault("set", type="github", status=503))
        a_connector(project, "github", ["repo", "user"])
        await made.carry()
    assert [seconds for _, seconds in made.retries()] == [1.0, 2.0, 1.0, 1.0]


async def test_a_look_in_the_middle_of_a_push_does_not_take_a_failure_for_unsent(
    emulator: EmulatorApp, tmp_path: Path
) -> None:
    emulator.world.faults.add(Fault("set", type="github", status=400))
    emulator.world.faults.add(Fault("set", type="slack", delay=0.2))
    project = a_project(tmp_path, {"github": ["repo"], "slack": ["chat:write"]})
    looks = []

    def look_when_it_failed(made: Pushes, event: SyncEvent) -> None:
        if isinstance(event, OutcomeKnown) and event.outcome.type == "github":
            looks.append(asyncio.ensure_future(made.push.look(project, a_snapshot(project))))

    async with pushes(emulator, project, look_when_it_failed) as made:
        await made.carry()
    (plan,) = await asyncio.gather(*looks)
    assert (plan.parked, [connector.type for connector in plan.sets]) == (("github",), ["slack"])
    assert isinstance(made.events[-1], PushFinished)
    assert [event.plan.parked for event in made.events if isinstance(event, Looked)] == [(), ("github",)]
