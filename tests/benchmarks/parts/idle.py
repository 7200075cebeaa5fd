"""Nothing happens: what it costs to leave it on."""

from __future__ import annotations

import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import a_daemon
from tests.benchmarks.proc import Usage, usage
from tests.benchmarks.stage import a_stage


def measure(bench: Bench) -> None:
    """One project; the daemon and the watchers that know nothing but to wait."""
    with a_stage(1, bench.sizes.many) as stage:
        stage.remember()
        with a_daemon(stage.user) as daemon:
            daemon.ready(stage.roots)
            watch(bench, daemon.name, daemon.pid, bench.sizes.idle_times, projects=1)
        for rival in bench.rivals:
            with rival(stage.user, stage.sample) as watching:
                watch(bench, watching.name, watching.pid, 1, projects=1)


def watch(bench: Bench, who: str, pid: int, times: int, **conditions: int | str) -> None:
    """Look at a process that has nothing to do, after a rest, for so many minutes."""
    time.sleep(bench.sizes.rest)
    looks = [_while_idle(pid, bench.sizes.idle) for _ in range(times)]
    bench.note(who, "processor when idle", "% of a core", [look.processor * 100 for look in looks], **conditions)
    bench.note(who, "context switches when idle", "a second", [look.switches for look in looks], **conditions)
    memory(bench, who, usage(pid), "idle", **conditions)


def memory(bench: Bench, who: str, used: Usage, when: str, **conditions: int | str) -> None:
    """Note what a process uses now."""
    bench.note(who, "resident memory", "MiB", [used.resident], when=when, **conditions)
    bench.note(who, "proportional memory", "MiB", [used.proportional], when=when, **conditions)
    bench.note(who, "threads", "", [used.threads], when=when, **conditions)


def _while_idle(pid: int, seconds: float) -> Usage:
    """Processor seconds and context switches, each per second."""
    before, started = usage(pid), time.monotonic()
    time.sleep(seconds)
    after, passed = usage(pid), time.monotonic() - started
    return Usage(
        processor=(after.processor - before.processor) / passed,
        switches=round((after.switches - before.switches) / passed),
    )
