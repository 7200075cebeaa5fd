"""A save after a pause: whether the connection to Base44 is still there, which over TLS is worth two round trips."""

from __future__ import annotations

import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import Daemon
from tests.benchmarks.parts.save import one_save
from tests.benchmarks.stage import Stage, a_stage, at_rest


def measure(bench: Bench) -> None:
    """Seconds to minutes."""
    with a_stage(1, min(bench.sizes.connectors)) as stage:
        stage.remember()
        with at_rest(stage) as daemon:
            for seconds in bench.sizes.pauses:
                _pauses(bench, stage, daemon, seconds)


def _pauses(bench: Bench, stage: Stage, daemon: Daemon, seconds: float) -> None:
    edits, opened, took = stage.sample.edits(), [], []
    for _ in range(bench.sizes.pause_times):
        one_save(stage, daemon, stage.sample, next(edits), quiet=0.0)
        before = stage.base44.receipts()[-1].client
        time.sleep(seconds)
        took.append(one_save(stage, daemon, stage.sample, next(edits), quiet=0.0).request)
        opened.append(float(stage.base44.receipts()[-1].client != before))
    bench.note(daemon.name, "save to request after a pause", "ms", took, seconds=int(seconds))
    bench.note(daemon.name, "connections opened for it", "", opened, seconds=int(seconds))
