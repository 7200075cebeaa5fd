"""Each way in which Base44 can misbehave, alone and all mixed: it converges, stays polite, and says how things are."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.emulator import RunningEmulator
from tests.support.project import a_connector
from tests.support.storm import QUICK, Storm, a_storm, started, until

STORMS = int(os.environ.get("CONNECTORD_STORM", "1"))
"""How many seeds of mixed faults."""

POLITE: Final = 24
"""Requests in any second, for three connectors that fail: a tight loop makes hundreds."""

PASSING: Final[dict[str, dict[str, Any]]] = {
    "401": {"status": 401},
    "408": {"status": 408},
    "429": {"status": 429},
    "429 for a second": {"status": 429, "retry_after": 1},
    "500": {"status": 500},
    "502 in HTML": {"status": 502, "body": "html"},
    "503 for an hour": {"status": 503, "retry_after": 3600},
    "504": {"status": 504},
    "reset": {"reset": True},
    "reset, but carried out": {"reset": True, "carried_out": True},
    "500, but carried out": {"status": 500, "carried_out": True},
    "truncated": {"body": "truncated"},
    "HTML for a reply": {"body": "html"},
    "empty": {"body": "empty"},
}
"""What ends by itself, as far as a client can know."""

LASTING: Final = {"400": 400, "403": 403, "404": 404, "422": 422}
"""What is the request's fault: sent again when the file changes, and not before."""

FINE: Final[dict[str, Any]] = {}
SLOW: Final = {"delay": 0.3}

FATES: Final = 400
"""More requests than a mixed storm sends."""

TURNS: Final = 4
CONSENTED: Final = ("slack", "github", "notion", "hubspot")
"""Four connectors of people who said yes to everything long ago; the fifth asks for a consent in each turn."""

WITHIN_LIMITS: Final = QUICK.replace("authorization_poll = 0.1", "authorization_poll = 1")
"""Sixty polls a minute, of the seventy that are documented."""

HALTS: Final = {403: "halted", 404: "halted"}


def three(emulator: RunningEmulator, folder: Path, home: Path) -> Storm:
    """Three connectors that were consented to long ago, in files that nobody has pushed yet."""
    storm = a_storm(emulator, folder, home, slack=["a"], github=["b"], linear=["c"])
    for name in ("slack", "github", "linear"):
        emulator.connect(name, ["a", "b", "c", "d"])
    return storm


def puts(storm: Storm) -> int:
    return len(storm.sent("PUT"))


@pytest.mark.parametrize("name", PASSING)
def test_p8_a_fault_that_passes_is_tried_again_politely_and_converges(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, name: str
) -> None:
    storm = three(emulator, tmp_path, a_home_of_its_own)
    emulator.fault(route="set", **PASSING[name])
    with storm.life() as daemon:
        daemon.expect(event="retry.scheduled")
        failing, sent = storm.status(), puts(storm)
        until(lambda: puts(storm) >= sent + 3, "another try")  # told once only, so the requests are what shows it
        emulator.admin("faults", "DELETE")
        storm.until_state("synced")
        assert daemon.end() == 0
    assert failing.state in {"syncing", "offline", "signed-out"}, "it failed and said that all is well"
    assert failing.error or failing.state == "syncing"
    assert storm.busiest(1) <= POLITE
    storm.check_the_end()


@pytest.mark.parametrize("status", LASTING.values(), ids=LASTING)
def test_p8_a_refusal_is_not_repeated_until_the_file_changes(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, status: int
) -> None:
    storm = three(emulator, tmp_path, a_home_of_its_own)
    emulator.fault(route="set", type="slack", status=status)
    with storm.life() as daemon:
        assert started(daemon)
        storm.settled()
        sent = puts(storm)
        a_connector(storm.project, "github", ["b", "d"])
        storm.settled()
        refused = storm.status()
        assert [one["type"] for one in storm.sent("PUT")[sent:]] == ["github"]
        emulator.admin("faults", "DELETE")
        a_connector(storm.project, "slack", ["a", "d"])
        assert storm.settled().settled
        storm.until_state("synced")
        assert daemon.end() == 0
    assert refused.state == HALTS.get(status, "needs-action")
    assert {one.type: one.state for one in refused.connectors}["slack"] == "failed"
    storm.check_the_end()


@pytest.mark.parametrize("status", [403, 404])
def test_an_app_that_comes_back_goes_on_by_a_word(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, status: int
) -> None:
    storm = three(emulator, tmp_path, a_home_of_its_own)
    emulator.fault(status=status)
    with storm.life() as daemon:
        assert started(daemon)
        waited = storm.settled()
        halted = storm.status()
        emulator.admin("faults", "DELETE")
        storm.client.push(storm.project.root)
        assert storm.settled().settled
        storm.until_state("synced")
    assert (waited.settled, waited.why, halted.state) == (False, "halted", "halted")
    assert halted.error
    storm.check_the_end()


def test_p12_a_reply_that_never_comes_is_told_at_the_first_time_and_tried_again(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = three(emulator, tmp_path, a_home_of_its_own)
    emulator.fault(route="set", type="slack", delay=60, count=1)
    with storm.life() as daemon:
        assert "did not answer within 10 s, when asked to set slack" in daemon.expect(event="retry.scheduled")["error"]
        waiting = storm.status()
        assert storm.settled().settled
    assert waiting.state == "syncing", "the others were answered, so nobody is offline"
    assert len(storm.sent("PUT")) == 4
    storm.check_the_end()


def mixed(rng: random.Random) -> list[dict[str, Any]]:
    """A fate for each of the next requests, whichever they are; in three of ten something goes wrong."""
    kinds = [fault for name, fault in PASSING.items() if name != "401"] + [SLOW]
    tens = [[*rng.choices(kinds, k=3), *[FINE] * 7] for _ in range(FATES // 10)]
    return [fate for ten in tens for fate in rng.sample(ten, 10)]


@pytest.mark.parametrize("seed", range(STORMS))
def test_p8_with_all_faults_mixed_in_three_of_ten_requests_it_converges_within_the_limits(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, seed: int
) -> None:
    rng = random.Random(seed)
    fates = mixed(rng)
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, settings=WITHIN_LIMITS)
    emulator.settings(limits=True)
    for name in CONSENTED:
        emulator.connect(name, ["a", "b", "c", "d"])
    for fate in fates:
        emulator.fault(**fate, count=1)
    with storm.life() as daemon:
        assert started(daemon)
        for turn in range(TURNS):
            for name in CONSENTED:
                a_connector(storm.project, name, rng.sample("abcd", 2))
            a_connector(storm.project, "linear", [f"{turn}"])
            assert storm.settled().settled
            storm.consent()
        storm.until_state("synced")
        assert emulator.admin("faults", "GET")["faults"], "the fates didn't last to the end"
        emulator.admin("faults", "DELETE")
        assert daemon.end() == 0
    sent = Counter(one["operation"] for one in emulator.requests())
    failed = sum(1 for fate in fates[: sent.total()] if fate not in (FINE, SLOW))
    assert sent["set"] <= TURNS * (len(CONSENTED) + 1) + failed, "a set was sent again without a reason"
    assert sent["list"] + sent["stripe-status"] <= 2 + failed
    assert storm.busiest(60, "poll") <= 70
    assert storm.busiest(1) <= POLITE
    storm.check_the_end()
