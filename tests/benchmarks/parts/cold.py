"""Starts of one project: the very first, a usual one, and one with nothing of the program in memory."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import Daemon, a_daemon
from tests.benchmarks.parts.idle import memory
from tests.benchmarks.proc import usage
from tests.benchmarks.stage import Stage, a_stage


def measure(bench: Bench) -> None:
    """Each kind of start, so many times."""
    with a_stage(1, bench.sizes.many) as stage:
        _starts(bench, stage, "the first: everything is pushed", lambda: _forget(stage), pushes=True)
        _forget(stage)
        stage.remember()
        _starts(bench, stage, "usual: nothing is pushed", lambda: None)
        _starts(bench, stage, "usual, the program read from the disk", _evict)


def _starts(bench: Bench, stage: Stage, start: str, before: Callable[[], None], *, pushes: bool = False) -> None:
    took, settled, processor = [], [], []
    for _ in range(bench.sizes.colds):
        before()
        with a_daemon(stage.user, *([stage.sample.root] if pushes else [])) as daemon:
            took.append((daemon.ready(stage.roots) - daemon.spawned) * 1000)
            if pushes:
                settled.append((daemon.done() - daemon.spawned) * 1000)
            used = usage(daemon.pid)
            processor.append(used.processor * 1000)
    bench.note(Daemon.name, "start to ready", "ms", took, start=start)
    if settled:
        bench.note(Daemon.name, "start to settled", "ms", settled, start=start)
    bench.note(Daemon.name, "processor until then", "ms", processor, start=start)
    memory(bench, Daemon.name, used, "started", start=start)
    bench.note(Daemon.name, "peak memory", "MiB", [used.peak], start=start)


def _forget(stage: Stage) -> None:
    shutil.rmtree(stage.user.state, ignore_errors=True)


def _evict() -> None:
    """Ask the kernel to drop what it keeps of Python's and the packages' files; what others have mapped stays."""
    time.sleep(0.1)
    os.sync()  # only clean pages go
    for folder in {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}:
        for file in Path(folder).rglob("*") if Path(folder).name != "usr" else ():
            if file.is_file():
                descriptor = os.open(file, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
