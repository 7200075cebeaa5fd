"""The queue: side by side, one at a time for each project, the newest content only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.virtual_time import run_virtually, virtual_time

from connectord.project.model import DirectoryState, Project, Snapshot
from connectord.sync import PushJob, PushQueue, Trigger
from connectord.sync.queue import PATIENCE

HERE, THERE = "https://app.base44.com", "https://example.com"


def a_job(name: str, trigger: Trigger = Trigger.SAVE, *, reconcile: bool = False, host: str = HERE) -> PushJob:
    root = Path("/", name)
    project = Project(root, None, root / "connectors", "app", host)
    return PushJob(project, Snapshot(root, DirectoryState.PRESENT), trigger, reconcile)


class Carrier:
    """Carries jobs one step at a time: each waits until it is let go."""

    def __init__(self) -> None:
        self.begun: list[PushJob] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.news = asyncio.Event()

    async def carry(self, job: PushJob) -> None:
        self.begun.append(job)
        self.news.set()
        await self.gates.setdefault(job.id, asyncio.Event()).wait()

    def let_go(self, job: PushJob) -> None:
        self.gates.setdefault(job.id, asyncio.Event()).set()

    async def has_begun(self, count: int) -> list[PushJob]:
        while len(self.begun) < count:
            self.news.clear()
            await self.news.wait()
        return self.begun


@asynccontextmanager
async def a_running_queue(carrier: Carrier, projects_at_once: int = 4) -> AsyncIterator[PushQueue]:
    queue = PushQueue(carrier.carry, projects_at_once=projects_at_once)
    task = asyncio.create_task(queue.run())
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_three_saves_during_a_push_are_one_more_push_of_the_last_content() -> None:
    carrier, saves = Carrier(), [a_job("app") for _ in range(4)]
    async with a_running_queue(carrier) as queue:
        queue.put(saves[0])
        await carrier.has_begun(1)
        for save in saves[1:]:
            queue.put(save)
        for save in saves:
            carrier.let_go(save)
        await queue.drained()
    assert carrier.begun == [saves[0], saves[3]]


async def test_p12_a_save_that_waits_stays_a_save_when_a_later_look_takes_its_place() -> None:
    carrier, jobs = Carrier(), [a_job("app", trigger) for trigger in (Trigger.START, Trigger.SAVE, Trigger.REMOVAL)]
    async with a_running_queue(carrier) as queue:
        queue.put(jobs[0])
        await carrier.has_begun(1)
        for job in jobs[1:]:
            queue.put(job)
        for job in jobs:
            carrier.let_go(job)
        await queue.drained()
    assert [(job.id, job.trigger) for job in carrier.begun] == [
        (jobs[0].id, Trigger.START),
        (jobs[2].id, Trigger.SAVE),
    ]


async def test_two_projects_are_pushed_side_by_side() -> None:
    carrier, one, other = Carrier(), a_job("one"), a_job("other")
    async with a_running_queue(carrier) as queue:
        queue.put(one)
        queue.put(other)
        assert await carrier.has_begun(2) == [one, other]


async def test_no_more_projects_at_once_than_the_limit() -> None:
    carrier, jobs = Carrier(), [a_job(name) for name in "abc"]
    async with a_running_queue(carrier, projects_at_once=2) as queue:
        for job in jobs:
            queue.put(job)
        await carrier.has_begun(2)
        carrier.let_go(jobs[0])
        await carrier.has_begun(3)
    assert carrier.begun == jobs


async def test_a_job_that_wanted_to_reconcile_still_does_after_it_was_folded() -> None:
    carrier, first, start, save = Carrier(), a_job("app"), a_job("app", Trigger.START, reconcile=True), a_job("app")
    async with a_running_queue(carrier) as queue:
        queue.put(first)
        await carrier.has_begun(1)
        queue.put(start)
        queue.put(save)
        carrier.let_go(first)
        folded = (await carrier.has_begun(2))[1]
    assert (folded.id, folded.reconcile) == (save.id, True)


async def test_who_waits_for_one_host_keeps_nobody_from_another() -> None:
    carrier, hanging = Carrier(), [a_job(name) for name in "abc"]
    healthy = a_job("d", host=THERE)
    async with a_running_queue(carrier, projects_at_once=2) as queue:
        for job in (*hanging, healthy):
            queue.put(job)
        assert await carrier.has_begun(3) == [*hanging[:2], healthy]


async def test_a_waiting_project_that_turns_to_another_host_has_its_turn_there() -> None:
    carrier, running, before, after = Carrier(), a_job("a"), a_job("b"), a_job("b", host=THERE)
    async with a_running_queue(carrier, projects_at_once=1) as queue:
        queue.put(running)
        await carrier.has_begun(1)
        queue.put(before)
        queue.put(after)
        assert await carrier.has_begun(2) == [running, after]
        for job in (running, after):
            carrier.let_go(job)
        await queue.drained()
    assert len(carrier.begun) == 2


def test_a_push_that_hangs_keeps_its_place_for_five_seconds_and_no_longer() -> None:
    carrier, hanging, healthy = Carrier(), [a_job(name) for name in "abc"], a_job("d")

    with virtual_time() as time:

        async def begun() -> float:
            async with a_running_queue(carrier, projects_at_once=3) as queue:
                for job in (*hanging, healthy):
                    queue.put(job)
                await carrier.has_begun(3)
                await asyncio.sleep(4.9)
                assert carrier.begun == hanging
                await carrier.has_begun(4)
                assert queue.is_busy(hanging[0].project.root)
                return time.now()

        assert time.run(begun()) == pytest.approx(PATIENCE)
    assert carrier.begun[3] is healthy


def test_one_that_gave_its_place_up_and_ends_later_frees_none_that_another_has() -> None:
    carrier, jobs = Carrier(), [a_job(name) for name in "abc"]

    async def one_at_a_time() -> None:
        async with a_running_queue(carrier, projects_at_once=1) as queue:
            for job in jobs:
                queue.put(job)
            await carrier.has_begun(2)
            carrier.let_go(jobs[0])
            await asyncio.sleep(PATIENCE - 0.1)
            assert carrier.begun == jobs[:2]

    run_virtually(one_at_a_time())


async def test_an_idle_queue_is_drained() -> None:
    await PushQueue(Carrier().carry).drained()


async def test_what_is_dropped_and_put_again_while_it_waits_is_still_carried_out_one_at_a_time() -> None:
    carrier = Carrier()
    others = [a_job(name) for name in "ab"]
    first, second, third = (a_job("app") for _ in range(3))
    async with a_running_queue(carrier, projects_at_once=2) as queue:
        for job in others:
            queue.put(job)
        await carrier.has_begun(2)
        queue.put(first)
        queue.drop(first.project.root)
        queue.put(second)
        carrier.let_go(others[0])
        await carrier.has_begun(3)
        carrier.let_go(others[1])  # the other worker is free for whatever else has a turn
        queue.put(third)
        for _ in range(20):
            await asyncio.sleep(0)
        assert carrier.begun == [*others, second]
        assert queue.is_busy(first.project.root)
        carrier.let_go(second)
        await carrier.has_begun(4)
        assert carrier.begun[-1] is third


async def test_a_queue_from_which_everything_was_dropped_is_drained() -> None:
    carrier, running, waiting = Carrier(), a_job("a"), a_job("b")
    async with a_running_queue(carrier, projects_at_once=1) as queue:
        queue.put(running)
        queue.put(waiting)
        await carrier.has_begun(1)
        queue.drop(waiting.project.root)
        carrier.let_go(running)
        await asyncio.wait_for(queue.drained(), 10)
    assert carrier.begun == [running]


async def test_a_queue_that_lives_answers_also_where_all_places_are_taken() -> None:
    carrier = Carrier()
    async with a_running_queue(carrier, projects_at_once=1) as queue:
        queue.put(a_job("shop"))
        queue.put(a_job("blog"))
        await carrier.has_begun(1)
        await queue.pulse()
        assert len(carrier.begun) == 1


async def test_a_queue_that_does_not_run_answers_nobody() -> None:
    queue = PushQueue(Carrier().carry)
    asked = asyncio.create_task(queue.pulse())
    await asyncio.sleep(0)
    assert not asked.done()
    asked.cancel()
