"""kill -9 at every request and every write of a removal, and a state that is lost: it ends as if nothing had been (P9).

One project goes through all of it: its file is deleted while the daemon is off, a daemon dies at the removal, the next
one ends it, the file comes back and is set anew. The larger storm is `CONNECTORD_STORM=2` and more.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator
from tests.support.project import a_connector
from tests.support.storm import QUICK, a_storm, dies_or_settles, started, until

STORM = int(os.environ.get("CONNECTORD_STORM", "1"))
MOMENTS = ("begin", "commit", "committed") if STORM > 1 else ("begin", "committed")
"""A write that was begun and one that waits for its commit are lost alike, so one of them is enough."""

REQUESTS = ("list", "list", "remove", "stripe-status")
"""What a start with a removal asks of Base44, in any order: what it has, and again right before the removal."""


class Removing:
    """A project that loses its file of GitHub again and again."""

    def __init__(self, emulator: RunningEmulator, folder: Path, home: Path) -> None:
        settings = f"{QUICK}removal_grace = 0.1\n"
        self.storm = a_storm(emulator, folder, home, settings=settings, slack=["a"], github=["b"], linear=["c"])
        for name in ("slack", "github", "linear"):
            emulator.connect(name, ["a", "b", "c"])
        self.rounds = 0
        with self.storm.life() as daemon:
            assert started(daemon)
            assert self.storm.settled().settled
            assert daemon.end() == 0

    def delete(self) -> None:
        """While no daemon lives."""
        self.rounds += 1
        self.storm.project.connectors_dir.joinpath("github.jsonc").unlink()
        self.storm.emulator.forget_requests()

    def check(self, *, requests: int = 1) -> None:
        """Start it once more, without faults: it is removed and told once, and what comes back is set anew."""
        storm = self.storm
        with storm.life() as daemon:
            assert started(daemon)
            assert storm.settled().settled
            storm.until_state("synced")
            assert "github" not in storm.there()
            assert len(storm.sent("DELETE")) == requests
            assert self.told() == ["github"] * self.rounds
            assert storm.sent("PUT") == []
            storm.emulator.connect("github", ["a", "b", "c"])
            a_connector(storm.project, "github", ["b"])
            assert storm.settled().settled
            assert [one["type"] for one in storm.sent("PUT")] == ["github"]
            assert daemon.end() == 0
        assert storm.database_check() == "ok"

    def told(self) -> list[str]:
        """The types that the history says were removed."""
        entries = self.storm.client.history(self.storm.project.root, limit=1000)
        return [one.type for one in entries if one.result == "removed" and one.type]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("moment", MOMENTS)
def test_p9_killed_at_each_write_of_a_removal_it_is_removed_once(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, moment: str
) -> None:
    it = Removing(emulator, tmp_path, a_home_of_its_own)
    while True:
        it.delete()
        with it.storm.life(CONNECTORD_FAULT_POINT=f"write.{moment}:{it.rounds}") as daemon:
            if not dies_or_settles(it.storm, daemon):
                break
        it.check()
    assert it.rounds > 5


@pytest.mark.timeout(180)
@pytest.mark.parametrize("carried_out", [False, True], ids=["before it took effect", "after it took effect"])
def test_p9_killed_at_each_request_of_a_removal_it_is_removed_once(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, carried_out: bool
) -> None:
    it = Removing(emulator, tmp_path, a_home_of_its_own)
    for number in range(len(REQUESTS)):
        it.delete()
        if number:
            emulator.fault(count=number)
        emulator.fault(delay=60, count=1, carried_out=carried_out)
        with it.storm.life() as daemon:
            until(lambda: emulator.admin("faults", "GET")["faults"] == [], f"request number {number}")
            daemon.process.kill()
            daemon.process.wait()
        unanswered = [one["operation"] for one in emulator.requests() if one["status"] is None]
        in_vain = "remove" in unanswered and not carried_out
        it.check(requests=2 if in_vain else 1)


@pytest.mark.parametrize("carried_out", [False, True], ids=["before it took effect", "after it took effect"])
def test_p9_a_file_that_comes_back_after_a_kill_at_its_removal_is_set_anew(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, carried_out: bool
) -> None:
    it = Removing(emulator, tmp_path, a_home_of_its_own)
    it.delete()
    emulator.fault(route="remove", delay=60, count=1, carried_out=carried_out)
    with it.storm.life() as daemon:
        until(lambda: emulator.admin("faults", "GET")["faults"] == [], "the removal")
        daemon.process.kill()
        daemon.process.wait()
    a_connector(it.storm.project, "github", ["b"])
    with it.storm.life() as daemon:
        assert started(daemon)
        assert it.storm.settled().settled
        it.storm.consent()
        it.storm.until_state("synced")
        assert it.told() == []
        assert daemon.end() == 0
    assert [one["type"] for one in it.storm.sent("PUT")] == ["github"]
    assert len(it.storm.sent("DELETE")) == 1
    assert it.storm.there() == it.storm.wanted()


def test_a_removal_has_the_requests_at_which_it_is_killed(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    it = Removing(emulator, tmp_path, a_home_of_its_own)
    it.delete()
    with it.storm.life() as daemon:
        assert started(daemon)
        assert it.storm.settled().settled
        assert daemon.end() == 0
    assert sorted(one["operation"] for one in emulator.requests()) == sorted(REQUESTS)


@pytest.mark.parametrize("how", ["straight through", "killed"])
def test_p2_without_its_state_everything_is_adopted_or_untracked_and_nothing_removed(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, how: str
) -> None:
    it = Removing(emulator, tmp_path, a_home_of_its_own)
    it.delete()
    for file in it.storm.state.glob("state.db*"):
        file.unlink()
    if how == "killed":
        with it.storm.life(CONNECTORD_FAULT_POINT="write.committed:4") as daemon:
            assert dies_or_settles(it.storm, daemon)
    with it.storm.life() as daemon:
        assert started(daemon)
        assert it.storm.settled().settled
        it.storm.until_state("synced")
        assert {one["type"] for one in it.storm.sent("PUT")} == {"linear", "slack"}
        until(lambda: it.storm.status().untracked == ("github",), "the report of what is untracked")
        it.storm.project.connectors_dir.joinpath("linear.jsonc").unlink()  # what it knows again is removed again
        until(lambda: it.told() == ["linear"], "the removal of what was adopted")
        assert daemon.end() == 0
    assert [one["path"].rpartition("/")[0].rpartition("/")[2] for one in it.storm.sent("DELETE")] == ["linear"]
    assert set(it.storm.there()) == {"github", "slack"}
