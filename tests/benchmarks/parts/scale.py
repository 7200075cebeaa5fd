"""One project, a hundred, a thousand: how soon all are watched, what that takes, and whether a save feels it."""

from __future__ import annotations

import random
import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import Daemon, a_daemon
from tests.benchmarks.parts.idle import memory, watch
from tests.benchmarks.parts.save import one_save
from tests.benchmarks.proc import usage
from tests.benchmarks.sample import VARIANTS
from tests.benchmarks.stage import Stage, a_stage, with_setting


def measure(bench: Bench) -> None:
    """All numbers of projects."""
    for projects in bench.sizes.projects:
        bench.say(f"making {projects} projects of {bench.sizes.many} connectors")
        with a_stage(projects, bench.sizes.many) as stage:
            stage.remember()
            _starts(bench, stage)
            with a_daemon(stage.user) as daemon:
                daemon.ready(stage.roots)
                watch(bench, daemon.name, daemon.pid, [bench.sizes.idle_many], projects=projects)
                _saves(bench, stage, daemon)
                memory(bench, daemon.name, usage(daemon.pid), "after saves", projects=projects)
            with with_setting(stage.user, f"rescan_every = {bench.sizes.rescan_every}"), a_daemon(stage.user) as daemon:
                daemon.ready(stage.roots)
                time.sleep(bench.sizes.rescan_every * bench.sizes.rescans)
                memory(bench, daemon.name, usage(daemon.pid), f"after {bench.sizes.rescans} rescans", projects=projects)


def _starts(bench: Bench, stage: Stage) -> None:
    took, processor = [], []
    for number in range(bench.sizes.starts):
        with a_daemon(stage.user) as daemon:
            took.append((daemon.ready(stage.roots) - daemon.spawned) * 1000)
            used = usage(daemon.pid)
            processor.append(used.processor)
            bench.say(
                f"start {number + 1} of {bench.sizes.starts} with {len(stage.samples)} projects: {took[-1]:.0f} ms"
            )
    bench.note(daemon.name, "start to ready", "ms", took, projects=len(stage.samples))
    bench.note(daemon.name, "processor until ready", "s", processor, projects=len(stage.samples))
    memory(bench, daemon.name, used, "ready", projects=len(stage.samples))


def _saves(bench: Bench, stage: Stage, daemon: Daemon) -> None:
    chance, took = random.Random(1), []
    variants = {sample.root: VARIANTS[0] for sample in stage.samples}
    for _ in range(bench.sizes.saves):
        sample = chance.choice(stage.samples)
        variants[sample.root] = variant = next(one for one in VARIANTS if one != variants[sample.root])
        took.append(one_save(stage, daemon, sample, (sample.types[-1], variant), chance.uniform(0.05, 0.25)).request)
    bench.note(daemon.name, "save to request", "ms", took, projects=len(stage.samples))
