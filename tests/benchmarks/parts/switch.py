"""A branch is switched and every file changes at once: until Base44 has all of it, and with how many requests."""

from __future__ import annotations

import subprocess
import time
from itertools import cycle, islice
from typing import Final

from tests.benchmarks.base44 import granted
from tests.benchmarks.bench import Bench
from tests.benchmarks.contender import Contender, settle
from tests.benchmarks.parts.save import RIVAL_QUIET
from tests.benchmarks.sample import VARIANTS, Sample
from tests.benchmarks.stage import Stage, a_stage, at_rest, with_setting

QUIET = 0.3

TO_SETTLED: Final = "switch to settled"
SIXTEEN: Final = "switch to settled, 16 at a time"
"""The same with twice as many requests under way as usual (`sets_at_once`)."""


def measure(bench: Bench) -> None:
    """All round trips, everybody."""
    for round_trip in bench.sizes.round_trips:
        with a_stage(1, bench.sizes.many) as stage:
            _branches(stage.sample)
            stage.base44.round_trip(round_trip)
            stage.remember()
            with at_rest(stage) as daemon:
                _note(bench, daemon, _switches(stage, daemon, bench.sizes.switches, quiet=QUIET), stage, round_trip)
            with with_setting(stage.user, "sets_at_once = 16"), at_rest(stage) as daemon:
                took, _ = _switches(stage, daemon, bench.sizes.switches, quiet=QUIET)
                bench.note(daemon.name, SIXTEEN, "ms", took, **_conditions(stage, round_trip))
            for rival in bench.rivals:
                with rival(stage.user, stage.sample) as watching:
                    switches = _switches(stage, watching, bench.sizes.rival_switches, quiet=RIVAL_QUIET)
                    _note(bench, watching, switches, stage, round_trip)


Switches = tuple[list[float], list[int]]
"""How long each took, in milliseconds, and how many requests."""


def _switches(stage: Stage, contender: Contender, times: int, *, quiet: float) -> Switches:
    took, requests = [], []
    for variant in islice(cycle(reversed(VARIANTS)), times):
        stage.base44.forget_requests()
        before = time.monotonic()
        git(stage.sample, "checkout", "-q", variant)
        took.append((_settled(stage, contender, variant) - before) * 1000)
        settle(contender, quiet)
        requests.append(len(stage.base44.receipts()))
    git(stage.sample, "checkout", "-q", VARIANTS[0])
    return took, requests


def _note(bench: Bench, contender: Contender, switches: Switches, stage: Stage, round_trip: int) -> None:
    took, requests = switches
    bench.note(contender.name, TO_SETTLED, "ms", took, **_conditions(stage, round_trip))
    bench.note(contender.name, "requests for one switch", "", requests, **_conditions(stage, round_trip))


def _conditions(stage: Stage, round_trip: int) -> dict[str, int | str]:
    return {"connectors": len(stage.sample.types), "round trip": round_trip}


def _settled(stage: Stage, contender: Contender, variant: str) -> float:
    """When it had said that it is done and Base44 had everything."""
    wanted = {name: [*granted(name, variant)] for name in stage.sample.types}
    while True:
        done = contender.done()
        if stage.base44.scopes_of(stage.sample.app_id) == wanted:
            return done


def _branches(sample: Sample) -> None:
    """A repository with a branch for each variant."""
    git(sample, "init", "-q", "-b", VARIANTS[0])
    git(sample, "config", "user.email", "dev@example.com")
    git(sample, "config", "user.name", "Dev")
    for variant in VARIANTS:
        if variant != VARIANTS[0]:
            git(sample, "checkout", "-q", "-b", variant)
        for connector_type in sample.types:
            sample.save(connector_type, variant)
        git(sample, "add", "-A")
        git(sample, "commit", "-q", "-m", variant)
    git(sample, "checkout", "-q", VARIANTS[0])


def git(sample: Sample, *words: str) -> None:
    """Run git in a sample. Raises CalledProcessError."""
    subprocess.run(["git", *words], cwd=sample.root, check=True, stdin=subprocess.DEVNULL)
