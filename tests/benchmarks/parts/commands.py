"""Each command as a whole process: time and processor; and the CLI's where it has the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemon import PROGRAM, a_daemon
from tests.benchmarks.rivals import cli_environment
from tests.benchmarks.stage import a_stage
from tests.support.real_cli import real_cli_command

COMMANDS: Final = (
    "--version", "--help", "status", "status --json", "wait", "history", "projects list", "pause", "resume",
    "whoami", "list-available", "push -y",
)  # fmt: skip
SAME_IN_THE_CLI: Final = ("--version", "whoami", "connectors list-available", "connectors push -y")
FLOORS: Final = {"python -c pass": [sys.executable, "-c", "pass"], "node -e 0": ["node", "-e", "0"]}
"""What the languages themselves take, those that are there."""

LONGEST_SECONDS: Final = 60.0
"""What takes longer is ended, and the benchmark with it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: milliseconds by the clock, and of the processor."""

    wall: float
    processor: float


def measure(bench: Bench) -> None:
    """With a daemon beside them that has one project."""
    with a_stage(1, bench.sizes.many) as stage:
        stage.remember()
        folder, ours = stage.sample.root, stage.user.environment
        with a_daemon(stage.user) as daemon:
            daemon.ready(stage.roots)
            for command in COMMANDS:
                words = [str(PROGRAM), *command.split()]
                _runs(bench, folder, ours, words, who="connectord", command=command)
            if bench.rivals:
                for command in SAME_IN_THE_CLI:
                    words = real_cli_command(command.split())
                    _runs(bench, folder, cli_environment(stage.user), words, who="base44", command=command)
        for name, words in floors().items():
            _runs(bench, folder, ours, words, who="the language alone", command=name)


def floors() -> dict[str, list[str]]:
    """Of the languages that this machine has."""
    return {name: words for name, words in FLOORS.items() if shutil.which(words[0]) is not None}


def _runs(bench: Bench, folder: Path, environ: Mapping[str, str], words: list[str], **named: str) -> None:
    for _ in range(bench.sizes.warm):
        _run(words, folder, environ)
    runs = [_run(words, folder, environ) for _ in range(bench.sizes.commands)]
    bench.note(unit="ms", what="time of a command", values=[one.wall for one in runs], **named)
    bench.note(unit="ms", what="processor of a command", values=[one.processor for one in runs], **named)


def _run(words: list[str], folder: Path, environ: Mapping[str, str]) -> Ran:
    started = time.monotonic()
    process = subprocess.Popen(
        words, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    # The real CLI has been seen turning round for ever, with nothing to wait for.
    patience = threading.Timer(LONGEST_SECONDS, process.kill)
    patience.start()
    with process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        patience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}: {said.decode(errors='replace')}")
    return Ran(wall * 1000, (used.ru_utime + used.ru_stime) * 1000)
