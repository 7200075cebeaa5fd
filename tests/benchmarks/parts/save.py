"""One file is saved: until Base44 has the request, until everything is settled, and how many requests that takes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.bench import Bench
from tests.benchmarks.contender import Contender, settle
from tests.benchmarks.sample import Sample, scopes
from tests.benchmarks.stage import Stage, a_stage, at_rest

RIVAL_QUIET = 0.7
"""Seconds of silence after which a rival has really finished; chokidar waits for 0.4 s before it begins."""


@dataclass(frozen=True, slots=True)
class Saved:
    """One save: milliseconds until its request was there and until its push was done, and all requests it caused."""

    request: float
    settled: float
    requests: int


def measure(bench: Bench) -> None:
    """All sizes of projects, all round trips, everybody."""
    for connectors in bench.sizes.connectors:
        for round_trip in bench.sizes.round_trips:
            with a_stage(1, connectors) as stage:
                _side_by_side(bench, stage, connectors=connectors, round_trip=round_trip)


def _side_by_side(bench: Bench, stage: Stage, *, connectors: int, round_trip: int) -> None:
    edits, conditions = stage.sample.edits(), {"connectors": connectors, "round trip": round_trip}
    stage.base44.round_trip(round_trip)
    stage.remember()
    with at_rest(stage) as daemon:
        _note(bench, daemon.name, saves(bench, stage, daemon, edits, bench.sizes.saves), conditions)
    for rival in bench.rivals:
        with rival(stage.user, stage.sample) as watching:
            done = saves(bench, stage, watching, edits, bench.sizes.rival_saves, quiet=RIVAL_QUIET)
            _note(bench, watching.name, done, conditions)


def saves(
    bench: Bench,
    stage: Stage,
    contender: Contender,
    edits: Iterator[tuple[str, str]],
    times: int,
    *,
    quiet: float | None = None,
) -> list[Saved]:
    """Save so often, each time when the save before is over for `quiet` seconds (by chance where it isn't given)."""
    chance = random.Random(1)
    # Some that nobody counts go first: they open the connection and fill every cache.
    everything = []
    for _ in range(bench.sizes.warm + times):
        rest = chance.uniform(0.05, 0.25) if quiet is None else quiet
        everything.append(one_save(stage, contender, stage.sample, next(edits), rest))
    return everything[bench.sizes.warm :]


def one_save(stage: Stage, contender: Contender, sample: Sample, edit: tuple[str, str], quiet: float) -> Saved:
    """Save one file (its type and variant) and wait until it is pushed."""
    connector_type, variant = edit
    stage.base44.forget_requests()
    before = sample.save(connector_type, variant)
    wanted = tuple(scopes(connector_type, variant))
    while True:
        done = contender.done()
        # Without this a run that had begun before the save would be taken for the one that carried it.
        came = [one.at for one in stage.base44.receipts() if one.type == connector_type and one.scopes == wanted]
        if came:
            break
    settle(contender, quiet)
    return Saved((came[0] - before) * 1000, (done - before) * 1000, len(stage.base44.receipts()))


def _note(bench: Bench, who: str, done: list[Saved], conditions: dict[str, int]) -> None:
    bench.note(who, "save to request", "ms", [one.request for one in done], **conditions)
    bench.note(who, "save to settled", "ms", [one.settled for one in done], **conditions)
    bench.note(who, "requests for one save", "", [one.requests for one in done], **conditions)
