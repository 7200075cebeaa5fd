"""What a save and idling cost (P14), counted and not timed, so that it holds on any machine."""

from __future__ import annotations

import asyncio
import gc
import heapq
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.base44 import Emulator, a_base44
from tests.benchmarks.sample import Sample, a_sample
from tests.support.daemon import InProcess, a_daemon
from tests.support.emulator import write_credentials
from tests.support.watch import at_rest

from connectord.control import NewsKind
from connectord.control.board import Board
from connectord.daemon.collector import AT_THE_START, THRESHOLDS, seldom_collecting
from connectord.daemon.engine import Engine
from connectord.project import Project, connector_file, read_project, reader
from connectord.project.json_text import parse
from connectord.project.regular_file import read_bytes
from connectord.settings import Settings
from connectord.store.database import Database
from connectord.sync.push import ProjectPush
from connectord.sync.reconcile import base_key
from connectord.watch.subscription import Subscription
from connectord.watch.target import find_places

CONNECTORS = 40
PROJECTS = 12
SOON = 60.0


@dataclass
class Costs:
    """What was counted since `begin`."""

    counted: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        self.counted.clear()

    def of(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            self.counted[name] += 1
            return call(*arguments, **named)

        return counting


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Costs:
    found = Costs()
    monkeypatch.setattr(reader, "read_bytes", found.of("files read", read_bytes))
    monkeypatch.setattr(connector_file, "parse", found.of("files parsed", parse))
    monkeypatch.setattr(reader.SnapshotReader, "read", found.of("snapshots", reader.SnapshotReader.read))
    monkeypatch.setattr(Database, "write", found.of("transactions", Database.write))
    return found


@pytest.fixture
def costs_of_starts(costs: Costs, monkeypatch: pytest.MonkeyPatch) -> Costs:
    monkeypatch.setattr(ProjectPush, "look", costs.of("comparisons with base", ProjectPush.look))
    monkeypatch.setattr(Board, "status", costs.of("statuses", Board.status))
    monkeypatch.setattr("connectord.watch.surveying.find_places", costs.of("looks for places", find_places))
    monkeypatch.setattr("connectord.watch.events.Subscription", costs.of("subscriptions", Subscription))
    return costs


@pytest.fixture
def searches(costs: Costs, monkeypatch: pytest.MonkeyPatch) -> Costs:
    monkeypatch.setattr(sys, "meta_path", [ModuleSearch(costs), *sys.meta_path])
    return costs


class ModuleSearch:
    """Finds nothing, and counts how often it is asked to."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs

    def find_spec(self, *_: object) -> None:
        self._costs.counted["modules searched for"] += 1


@pytest.fixture(scope="module")
def base44() -> Iterator[Emulator]:
    with a_base44(1, CONNECTORS) as emulator:
        yield emulator


@dataclass
class Life:
    """A daemon that has pushed everything once, and what it looks after."""

    daemon: InProcess
    sample: Sample

    @property
    def engine(self) -> Engine:
        """What looks after the projects."""
        assert self.daemon.daemon._engine is not None
        return self.daemon.daemon._engine

    async def until(self, fits: Callable[[], bool]) -> None:
        """Let everything else run until it `fits`, which nobody tells."""
        while not fits():  # noqa: ASYNC110  (as it says)
            await asyncio.sleep(0)

    async def push(self, change: Callable[[], object]) -> None:
        """Change something, and wait until it is pushed."""
        before = len(self.daemon.news)
        change()
        await self.daemon.expect(lambda news: news.event is NewsKind.PUSH_FINISHED, after=before)

    def nothing_is_under_way(self) -> bool:
        """Whether nothing goes on beside the loop of the project either."""
        group = self.engine.followed[self.sample.root].loop._group
        return group is not None and not group._tasks

    async def compared(self, project: Project) -> None:
        """Wait until Base44 was asked what it has since the first push: that is told only where it is news."""
        store = self.daemon.daemon._store
        assert store is not None
        followed = self.engine.followed[project.root]
        while any(entry.seen_scopes is None for entry in store.base(base_key(project)).values()):
            await followed._changed.wait()


@asynccontextmanager
async def a_life(base44: Emulator, home: Path, folder: Path) -> AsyncIterator[Life]:
    write_credentials(home, base44.tokens())
    sample = a_sample(folder, 0, CONNECTORS)
    project = read_project(sample.root, {"BASE44_API_URL": base44.url})
    # Where there is no desktop it is looked for less and less often, once a minute in the end: not counted here.
    async with a_daemon(project, home=home, settings=Settings(notify="log")) as daemon:
        life = Life(daemon, sample)
        await life.push(lambda: None)
        await life.compared(project)
        yield life


@pytest.fixture(autouse=True)
def at_this_base44(base44: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE44_API_URL", base44.url)
    base44.forget_requests()


async def test_p14_saving_one_of_forty_is_one_request_one_parse_and_three_transactions(
    base44: Emulator, costs: Costs, a_home_of_its_own: Path, tmp_path: Path
) -> None:
    async with a_life(base44, a_home_of_its_own, tmp_path / "app") as life:
        costs.begin()
        base44.forget_requests()
        await life.push(lambda: life.sample.save("slack", "second"))
        await life.until(life.nothing_is_under_way)
        assert [one.operation for one in base44.receipts()] == ["set"]
        # What is about to be sent, what Base44 answered, that it is over.
        assert costs.counted == {"snapshots": 1, "files read": CONNECTORS, "files parsed": 1, "transactions": 3}


async def test_p14_changing_all_of_forty_is_a_request_and_a_transaction_for_each(
    base44: Emulator, searches: Costs, a_home_of_its_own: Path, tmp_path: Path
) -> None:
    def all_of_them() -> None:
        for connector_type in life.sample.types:
            life.sample.save(connector_type, "second")

    async with a_life(base44, a_home_of_its_own, tmp_path / "app") as life:
        searches.begin()
        base44.forget_requests()
        await life.push(all_of_them)
        await life.until(life.nothing_is_under_way)
        assert len([one for one in base44.receipts() if one.operation == "set"]) == CONNECTORS
        assert searches.counted["files parsed"] == CONNECTORS
        assert searches.counted["transactions"] == CONNECTORS + 2
        # httpcore asks for a package that isn't there a dozen times for each request.
        assert searches.counted["modules searched for"] < CONNECTORS


async def test_p14_a_save_that_changes_nothing_that_base44_has_to_know_is_no_request(
    base44: Emulator, costs: Costs, a_home_of_its_own: Path, tmp_path: Path
) -> None:
    async with a_life(base44, a_home_of_its_own, tmp_path / "app") as life:
        costs.begin()
        base44.forget_requests()
        file = life.sample.file("slack")
        file.write_text("// one more remark\n" + file.read_text())
        await life.engine.followed[life.sample.root].loop.looked()
        assert base44.receipts() == []
        assert (costs.counted["files parsed"], costs.counted["transactions"]) == (1, 1)


async def test_p14_projects_that_begin_together_are_watched_first_and_read_once(
    costs_of_starts: Costs, a_home_of_its_own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with several(a_home_of_its_own, tmp_path, monkeypatch) as samples:
        async with all_settled(samples, a_home_of_its_own):  # the first pushes everything
            costs_of_starts.begin()
        async with all_settled(samples, a_home_of_its_own) as life:
            entries = [one.board._entries.among(samples[0].types).values() for one in life.engine.followed.values()]
    counted = costs_of_starts.counted
    assert counted["files parsed"] == 2 * PROJECTS
    assert counted["snapshots"] == PROJECTS
    assert counted["comparisons with base"] == PROJECTS  # what sends nothing needs no job
    # Before and after they are subscribed to (P1); and the folder of the credentials.
    assert counted["looks for places"] <= 2 * (PROJECTS + 1)
    assert counted["subscriptions"] <= 2
    assert counted["statuses"] == 0  # there is nothing to be told of anybody
    assert [len(of_one) for of_one in entries] == [2] * PROJECTS
    assert len({id(entry) for of_one in entries for entry in of_one}) == PROJECTS  # one for all that works


async def test_p14_a_rescan_reads_each_project_once(
    costs_of_starts: Costs, a_home_of_its_own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = costs_of_starts.counted
    with several(a_home_of_its_own, tmp_path, monkeypatch) as samples:
        async with all_settled(samples, a_home_of_its_own) as life:
            costs_of_starts.begin()
            assert life.daemon.naps.end(270.0, 330.0) == 1
            await life.until(lambda: counted["snapshots"] == PROJECTS)
            await at_rest(life.engine.watcher)
            for followed in life.engine.followed.values():
                await followed.loop.looked()  # whatever else is to be read is read with it, or before
    assert counted["snapshots"] == 2 * PROJECTS
    assert counted["files parsed"] == 0
    assert counted["looks for places"] == 2 * (PROJECTS + 1)


@contextmanager
def several(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Sample]]:
    """Projects of two connectors, each with an app of its own, at a Base44 of theirs."""
    with a_base44(PROJECTS, 2) as base44:
        monkeypatch.setenv("BASE44_API_URL", base44.url)
        write_credentials(home, base44.tokens())
        yield [a_sample(folder / str(number), number, 2) for number in range(PROJECTS)]


@asynccontextmanager
async def all_settled(samples: Sequence[Sample], home: Path) -> AsyncIterator[Life]:
    """A daemon's life from when it has asked Base44 about every project, and waits."""
    projects = [read_project(sample.root, dict(os.environ)) for sample in samples]
    async with a_daemon(*projects, home=home, settings=Settings(notify="log")) as daemon:
        life = Life(daemon, samples[0])
        await daemon.expect(lambda news: news.event is NewsKind.PROJECT_WATCHING)
        await life.until(lambda: all(one.board.compared for one in life.engine.followed.values()))
        await life.until(lambda: not any(life.engine.queue.is_busy(sample.root) for sample in samples))
        await at_rest(life.engine.watcher)
        yield life


async def test_p14_garbage_is_looked_for_seldom_while_a_daemon_lives(
    base44: Emulator, a_home_of_its_own: Path, tmp_path: Path
) -> None:
    before = gc.get_threshold()
    async with a_life(base44, a_home_of_its_own, tmp_path / "app"):
        during, left_out = gc.get_threshold(), gc.get_freeze_count()
    assert (during, gc.get_threshold()) == (THRESHOLDS, before)
    assert left_out > 10_000
    assert gc.get_freeze_count() == 0


def test_p14_no_garbage_is_looked_for_before_a_start_is_over() -> None:
    with seldom_collecting() as started:
        during = gc.get_threshold()
        started()
        afterwards = gc.get_threshold()
    assert (during, afterwards) == (AT_THE_START, THRESHOLDS)


async def test_p14_a_daemon_that_waits_has_nothing_to_do_soon(
    base44: Emulator, a_home_of_its_own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own sleeps are the test's to end; whatever else would wake the loop is a timer of the loop's."""
    loop, passed = asyncio.get_running_loop(), 0.0
    async with a_life(base44, a_home_of_its_own, tmp_path / "app") as life:
        assert min(life.daemon.naps.asked) > 5.0
        # What a push leaves for the next seconds goes by itself; what comes again and again keeps this from ending.
        begun = loop.time
        monkeypatch.setattr(loop, "time", lambda: begun() + passed)
        while (nearest := next_timer()) < SOON:
            passed += max(nearest, 0.0)  # that much later it is now: nobody sleeps
            await asyncio.sleep(0)


def next_timer() -> float:
    """Seconds until the loop wakes up by itself; as good as never without a reason to."""
    loop: Any = asyncio.get_running_loop()
    waiting = [handle for handle in loop._scheduled if not handle.cancelled()]
    heapq.heapify(waiting)
    return float(waiting[0].when() - loop.time()) if waiting else SOON
