"""Thousands of saves, as a runaway program makes them: what they cost, and how soon it is over."""

from __future__ import annotations

import time
from itertools import islice

from tests.benchmarks.base44 import granted
from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import Daemon
from tests.benchmarks.parts.idle import memory
from tests.benchmarks.proc import usage
from tests.benchmarks.sample import Sample
from tests.benchmarks.stage import Stage, a_stage, at_rest

AS_FAST_AS_POSSIBLE = 0


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
    for _ in range(bench.sizes.bursts):
        stage.base44.forget_requests()
        before, started = usage(daemon.pid), time.monotonic()
        wanted = _burst(stage.sample, list(islice(edits, bench.sizes.burst)), rate)
        ended = time.monotonic()
        behind.append(max(0.0, _settled(stage, daemon, wanted) - ended) * 1000)
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


def _settled(stage: Stage, daemon: Daemon, wanted: dict[str, list[str]]) -> float:
    """When Base44 had everything; at once where it has already."""
    done = time.monotonic()
    while not _has(stage, wanted):
        done = daemon.done()
    return done


def _has(stage: Stage, wanted: dict[str, list[str]]) -> bool:
    there = stage.base44.scopes_of(stage.sample.app_id)
    return all(there[name] == scopes for name, scopes in wanted.items())
