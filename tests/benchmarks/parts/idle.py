"""Nothing happens: what it costs to leave it on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import a_daemon
from tests.benchmarks.proc import Usage, switched, usage
from tests.benchmarks.stage import a_stage


def measure(bench: Bench) -> None:
    """One project; the daemon and the watchers that know nothing but to wait."""
    with a_stage(1, bench.sizes.many) as stage:
        stage.remember()
        with a_daemon(stage.user) as daemon:
            daemon.ready(stage.roots)
            watch(bench, daemon.name, daemon.pid, [bench.sizes.idle] * bench.sizes.idle_times, projects=1)
        for rival in bench.rivals:
            with rival(stage.user, stage.sample) as watching:
                watch(bench, watching.name, watching.pid, [bench.sizes.idle], projects=1)


def watch(bench: Bench, who: str, pid: int, times: Sequence[float], **conditions: int | str) -> None:
    """Look at a process that has nothing to do, after a rest, for so many seconds each time."""
    time.sleep(bench.sizes.rest)
    looks = [_while_idle(pid, seconds) for seconds in times]
    bench.note(who, "processor when idle", "% of a core", [percent for percent, _ in looks], **conditions)
    bench.note(who, "context switches when idle", "a second", [switches for _, switches in looks], **conditions)
    memory(bench, who, usage(pid), "idle", **conditions)


def memory(bench: Bench, who: str, used: Usage, when: str, **conditions: int | str) -> None:
    """Note what a process uses now."""
    bench.note(who, "resident memory", "MiB", [used.resident], when=when, **conditions)
    bench.note(who, "proportional memory", "MiB", [used.proportional], when=when, **conditions)
    bench.note(who, "threads", "", [used.threads], when=when, **conditions)


def _while_idle(pid: int, seconds: float) -> tuple[float, float]:
    """Percent of a core, and context switches per second."""
    before, started = usage(pid), time.monotonic()
    time.sleep(seconds)
    after, passed = usage(pid), time.monotonic() - started
    return (after.processor - before.processor) / passed * 100, switched(before, after) / passed
