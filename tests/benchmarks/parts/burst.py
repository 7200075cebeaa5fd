"""Thousands of saves, as a runaway program makes them: what they cost, and how soon it is over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from tests.benchmarks.base44 import Receipt, granted
from tests.benchmarks.bench import Bench
from tests.benchmarks.contender import Contender, settle
from tests.benchmarks.daemon import Daemon
from tests.benchmarks.parts.idle import memory
from tests.benchmarks.proc import usage
from tests.benchmarks.sample import ENDS, Sample
from tests.benchmarks.stage import Stage, a_stage, at_rest

AS_FAST_AS_POSSIBLE: Final = 0

QUIET: Final = 0.5
"""Seconds of silence after which nothing more comes of a burst."""


class Asked(Protocol):
    """A Base44 that tells what came."""

    def scopes_of(self, app_id: str) -> dict[str, list[str]]:
        """What one app's connectors are granted now, by type."""
        ...

    def receipts(self) -> Sequence[Receipt]:
        """The requests that came since they were forgotten."""
        ...


def measure(bench: Bench) -> None:
    """As quickly as the disk takes them, and at a rate that goes on for a while."""
    for rate in (AS_FAST_AS_POSSIBLE, bench.sizes.burst_rate):
        with a_stage(1, bench.sizes.many) as stage:
            stage.remember()
            with at_rest(stage) as daemon:
                _bursts(bench, stage, daemon, rate)


def _bursts(bench: Bench, stage: Stage, daemon: Daemon, rate: int) -> None:
    edits = stage.sample.edits()
    lasted, behind, requests, processor = [], [], [], []
    for number in range(bench.sizes.bursts):
        end = [(connector_type, ENDS[number % 2]) for connector_type in stage.sample.types]
        stage.base44.forget_requests()
        before, started = usage(daemon.pid), time.monotonic()
        wanted = _burst(stage.sample, [*islice(edits, bench.sizes.burst - len(end)), *end], rate)
        ended = time.monotonic()
        behind.append((settled(stage.base44, daemon, stage.sample.app_id, wanted) - ended) * 1000)
        settle(daemon, QUIET)
        processor.append(usage(daemon.pid).processor - before.processor)
        lasted.append(ended - started)
        requests.append(len(stage.base44.receipts()))
    conditions = {"saves": bench.sizes.burst, "rate": rate or "as fast as possible"}
    bench.note(daemon.name, "length of the burst", "s", lasted, **conditions)
    bench.note(daemon.name, "last save to settled", "ms", behind, **conditions)
    bench.note(daemon.name, "requests for one burst", "", requests, **conditions)
    bench.note(daemon.name, "processor for one burst", "s", processor, **conditions)
    memory(bench, daemon.name, usage(daemon.pid), "after bursts", **conditions)
    bench.note(daemon.name, "peak memory", "MiB", [usage(daemon.pid).peak], **conditions)


def _burst(sample: Sample, edits: list[tuple[str, str]], rate: int) -> dict[str, list[str]]:
    """Save all of these; what Base44 has to have in the end, by type."""
    started, last = time.monotonic(), {}
    for number, (connector_type, variant) in enumerate(edits):
        if rate:
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        sample.save(connector_type, variant)
        last[connector_type] = [*granted(connector_type, variant)]
    return last


def settled(base44: Asked, daemon: Contender, app_id: str, wanted: Mapping[str, list[str]]) -> float:
    """When the push was done with which Base44 had all that is `wanted`. Raises TimeoutError where it doesn't come.

    Many pushes were done during the burst, which the daemon has said and nobody has heard yet.
    """
    done = 0.0
    while not _has(base44, app_id, wanted):
        done = daemon.done()
    came = max(one.at for one in base44.receipts())
    while done < came:
        done = daemon.done()
    return done


def _has(base44: Asked, app_id: str, wanted: Mapping[str, list[str]]) -> bool:
    there = base44.scopes_of(app_id)
    return all(there[name] == scopes for name, scopes in wanted.items())
