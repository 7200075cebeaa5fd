"""P1: whatever happens to the files of some projects, who looks again at each hint ends with what is there."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.support.upheaval import Upheaval, what_is_there
from tests.support.watch import quick_poller

from connectord.errors import ConnectordError
from connectord.project import Project, read_project
from connectord.project.places import places_of_unread, watch_places
from connectord.watch import Place, Target, Watcher

STORMS = int(os.environ.get("CONNECTORD_STORM", "1"))
"""How many upheavals of each kind; the storm before a release is `CONNECTORD_STORM=15`."""

BURSTS = 40
LARGEST_BURST = 8


class Onlooker:
    """Looks at its project at hints, as the daemon does, and at no other time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.saw: object = None
        self._project: Project | None = None

    def places(self) -> Iterable[Place]:
        return places_of_unread(self.root) if self._project is None else watch_places(self._project)

    def look(self) -> bool:
        """Look at what is there; whether other places matter from now on."""
        self.saw, before = what_is_there(self.root), self._project
        try:
            project = read_project(self.root, {})
        except ConnectordError:  # the last one stays in force
            return False
        if project.root == self.root:
            self._project = project
        return self._project != before


class Onlookers:
    """All of them at one watcher."""

    def __init__(self, roots: Iterable[Path], polling: str | None) -> None:
        self._ones = {root: Onlooker(root) for root in roots}
        self._hinted: asyncio.Queue[Path] = asyncio.Queue()
        self._looked = asyncio.Event()
        self._watcher = Watcher(on_hint=self._hinted.put_nowait, poller=quick_poller, polling=polling, first_retry=0.05)
        for one in self._ones.values():
            self._watcher.add(Target(one.root, one.places))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watcher.run())
            group.create_task(self._look())

    async def _look(self) -> None:
        while True:
            root = await self._hinted.get()
            if await asyncio.to_thread(self._ones[root].look):
                self._watcher.refresh(root)
            self._looked.set()

    async def know_what_is_there(self) -> bool:
        """Wait until what they saw at their last look is what is there. Only hints make them look."""
        while True:
            self._looked.clear()
            there = await asyncio.to_thread(lambda: {root: what_is_there(root) for root in self._ones})
            if all(one.saw == there[root] for root, one in self._ones.items()):
                return True
            await self._looked.wait()


@pytest.mark.parametrize("polling", [None, "the test says so"], ids=["events", "polling"])
@pytest.mark.parametrize("seed", range(STORMS))
async def test_p1_after_any_upheaval_a_hint_comes_when_all_is_said_and_done(
    seed: int, polling: str | None, tmp_path: Path
) -> None:
    upheaval, rng = Upheaval(tmp_path, seed), random.Random(seed)
    onlookers = Onlookers(upheaval.roots, polling)
    watching = asyncio.create_task(onlookers.run())
    try:
        for burst in range(BURSTS):
            for _ in range(rng.randint(1, LARGEST_BURST)):
                await asyncio.to_thread(upheaval.strike)
            if burst % 3:
                upheaval.open_doors()
            async with asyncio.timeout(10):
                assert await onlookers.know_what_is_there(), upheaval.done
    except TimeoutError:
        pytest.fail("\n".join(["No hint came after:", *upheaval.done[-2 * LARGEST_BURST :]]))
    finally:
        upheaval.open_doors()
        watching.cancel()
        await asyncio.wait([watching])
