"""kill -9 at random moments, at every request and at every write: it ends as if nothing had happened (P9)."""

from __future__ import annotations

import os
import queue
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator
from tests.support.project import a_connector, saved_atomically
from tests.support.running import RunningDaemon
from tests.support.storm import Storm, a_storm, dies_or_settles, started, until

STORMS = int(os.environ.get("CONNECTORD_STORM", "1"))
"""How many editing sessions; each is killed eight times. The storm before a release is `CONNECTORD_STORM=15`."""

KILLS = 8
TYPES = ("slack", "github", "linear", "notion", "hubspot", "dropbox", "airtable", "discord")
SCOPES = ("a", "b", "c", "d")


class Editing:
    """Somebody who works on the files of a project, by a seed."""

    def __init__(self, storm: Storm, seed: int) -> None:
        self.rng = random.Random(seed)
        self._storm = storm
        self._names: dict[str, str] = {}
        self._broken: set[str] = set()

    def edit(self) -> None:
        """One thing that people do to files, or a consent that they give."""
        name = self.rng.choice(TYPES)
        doing = self.rng.choice((self.write, self.write, self.write, self.break_, self.rename, self.give_consent))
        doing(name)

    def write(self, name: str) -> None:
        scopes = self.rng.sample(SCOPES, self.rng.randint(0, len(SCOPES)))
        file = self._names.setdefault(name, name)
        text = f'{{"type": "{name}", "scopes": {scopes!r}}}'.replace("'", '"')
        if self.rng.random() < 0.5:
            saved_atomically(self._storm.project.connectors_dir / f"{file}.jsonc", text)
        else:
            a_connector(self._storm.project, f"{file}.jsonc", text)
        self._broken.discard(name)

    def break_(self, name: str) -> None:
        if name in self._names:
            a_connector(self._storm.project, f"{self._names[name]}.jsonc", '{"type": "' + name)
            self._broken.add(name)

    def rename(self, name: str) -> None:
        if name in self._names:
            old, new = self._names[name], f"{name}-{self.rng.randrange(1000)}"
            folder = self._storm.project.connectors_dir
            (folder / f"{old}.jsonc").rename(folder / f"{new}.jsonc")
            self._names[name] = new

    def give_consent(self, name: str) -> None:
        del name
        if not self._broken:
            self._storm.consent()

    def mend(self) -> None:
        """Write everything that is broken anew."""
        for name in sorted(self._broken):
            self.write(name)


def work_and_kill(editing: Editing, daemon: RunningDaemon) -> None:
    """Edit for a random while, at a random pace, and pull the plug."""
    rng = editing.rng
    begun = started(daemon) if rng.random() < 0.8 else True
    end = time.monotonic() + rng.uniform(0, 1.0)
    while begun and (left := end - time.monotonic()) > 0:
        editing.edit()
        try:
            line = daemon.lines.get(timeout=min(left, rng.uniform(0, 0.2)))
        except queue.Empty:
            continue
        assert line is not None, "it ended by itself"
        daemon.heard.append(line)
    daemon.process.kill()
    daemon.process.wait()


@pytest.mark.parametrize("seed", range(STORMS))
def test_p9_killed_at_random_moments_of_an_editing_session_it_converges(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, seed: int
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own)
    editing = Editing(storm, seed)
    editing.write("slack")
    for _ in range(KILLS):
        with storm.life() as daemon:
            work_and_kill(editing, daemon)
        editing.edit()
    editing.mend()
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        storm.consent_to_shown()
        status = storm.until_state("synced")
        assert daemon.end() == 0
    assert {one.type: one.state for one in status.connectors} == dict.fromkeys(storm.wanted(), "synced")
    storm.check_the_end()
    assert storm.repeated_sets() == []


def a_job(emulator: RunningEmulator, folder: Path, home: Path) -> Storm:
    """Three sets, of which one needs a consent, Stripe, and a list at the end."""
    settings = "authorization_poll = 60\nbackoff_first = 0.1\nbackoff_cap = 0.5\n"
    storm = a_storm(emulator, folder, home, settings=settings, slack=["a"], github=["b"], linear=["c"], stripe=[])
    emulator.connect("slack", ["a", "b"])
    emulator.connect("github", ["a", "b"])
    return storm


def check_the_job(storm: Storm, *, already_done: bool = False) -> None:
    """Start it once more, without faults, and see that nothing is missing or was done twice."""
    before = len(storm.sent("PUT"))
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        if already_done:
            assert len(storm.sent("PUT")) == before
        storm.consent()
        assert daemon.end() == 0
    storm.check_the_end()
    assert storm.repeated_sets() == []
    assert list(storm.emulator.state()["stripe"]) == [storm.emulator.app_id]
    storm.emulator.forget_requests()
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        assert storm.sent("PUT") == storm.sent("POST") == []


@pytest.mark.parametrize("carried_out", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize("number", range(1, 9))
def test_p9_killed_at_each_request_of_a_job_it_converges(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, number: int, carried_out: bool
) -> None:
    storm = a_job(emulator, tmp_path, a_home_of_its_own)
    if number > 1:
        emulator.fault(count=number - 1)
    emulator.fault(delay=60, count=1, carried_out=carried_out)
    with storm.life() as daemon:
        until(lambda: emulator.admin("faults", "GET")["faults"] == [], f"request number {number}")
        daemon.process.kill()
        daemon.process.wait()
    check_the_job(storm)


def test_a_job_has_the_requests_at_which_it_is_killed(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_job(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        # What Base44 has is asked for beside the push, and may still be under way.
        until(lambda: len(operations(emulator)) >= len(OF_A_JOB), "all of its requests")
    assert operations(emulator) == OF_A_JOB


OF_A_JOB = ["list", "poll", "set", "set", "set", "stripe-install", "stripe-status", "stripe-status"]


def operations(emulator: RunningEmulator) -> list[str]:
    return sorted(one["operation"] for one in emulator.requests())


@pytest.mark.parametrize("point", ["schema", "write"])
@pytest.mark.parametrize("moment", ["begin", "commit", "committed"])
def test_p9_killed_at_each_write_of_a_job_it_converges(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, point: str, moment: str
) -> None:
    deaths = 0
    while True:
        storm = a_job(emulator, tmp_path / str(deaths), a_home_of_its_own)
        with storm.life(CONNECTORD_FAULT_POINT=f"{point}.{moment}:{deaths + 1}") as daemon:
            if not dies_or_settles(storm, daemon):
                break
        deaths += 1
        check_the_job(storm)
    assert deaths >= {"schema": 1, "write": 8}[point]


def test_p9_a_kill_between_the_intent_and_its_request_costs_one_repeated_set_and_no_more(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    emulator.connect("slack", ["a", "b"])
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
    a_connector(storm.project, "slack", ["b"])
    # Its first write says that it has begun, its second one what it is about to send.
    with storm.life(CONNECTORD_FAULT_POINT="write.committed:2") as daemon:
        assert dies_or_settles(storm, daemon)
    assert [put["body"]["scopes"] for put in storm.sent("PUT")] == [["a"]]
    a_connector(storm.project, "slack", ["a"])
    for _ in range(2):
        with storm.life() as daemon:
            assert started(daemon)
            assert storm.settled().settled
            assert daemon.end() == 0
    assert [put["body"]["scopes"] for put in storm.sent("PUT")] == [["a"], ["a"]]
    assert storm.repeated_sets() == []


def test_a_repeated_set_that_no_kill_explains_is_found(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    emulator.connect("slack", ["a"])
    for _ in range(2):
        assert storm.sent("PUT") == [] or storm.repeated_sets() == []
        with storm.life() as daemon:
            assert started(daemon)
            assert storm.settled().settled
            assert daemon.end() == 0
        with closing(sqlite3.connect(storm.state / "state.db")) as connection:
            connection.execute("UPDATE base_entries SET unsure = 1")
            connection.commit()
    assert [put["type"] for put in storm.repeated_sets()] == ["slack"]


@pytest.mark.parametrize("how", ["killed", "told that it failed"])
def test_p9_a_file_that_is_taken_back_after_an_unanswered_set_is_sent_again(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, how: str
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    emulator.connect("slack", ["a", "b"])
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        spoilt = {"delay": 60} if how == "killed" else {"status": 500, "count": 3}
        emulator.fault(route="set", carried_out=True, **spoilt)
        a_connector(storm.project, "slack", ["b"])
        until(lambda: storm.there()["slack"] == ["b"], "the set")
        if how == "killed":
            daemon.process.kill()
            daemon.process.wait()
        else:
            daemon.expect(event="retry.scheduled")
        emulator.admin("faults", "DELETE")
        a_connector(storm.project, "slack", ["a"])
        if how != "killed":
            assert storm.settled().settled
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        storm.until_state("synced")
    storm.check_the_end()
