"""A real `connectord run` in a process of its own, and what it says."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.support.forks import Forked, Nursery

WITHIN = 20.0

nurseries: list[Nursery] = []
"""Where daemons and commands are forked; while there is none, they are started from nothing."""


@dataclass
class RunningDaemon:
    """The process, its JSON lines as they come, and what was on stderr once it has ended."""

    process: subprocess.Popen[str] | Forked
    lines: queue.Queue[dict[str, Any] | None] = field(default_factory=queue.Queue)
    heard: list[dict[str, Any]] = field(default_factory=list)
    errors: str = ""

    def expect(self, **wanted: object) -> dict[str, Any]:
        """Wait for a line with these fields that was not expected before; lines before it are passed over."""
        deadline = time.monotonic() + WITHIN
        while True:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            assert line is not None, f"it ended before it said {wanted}; it said {self.heard}"
            self.heard.append(line)
            if all(line.get(key) == value for key, value in wanted.items()):
                return line

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.heard if line["event"] == event]

    def rest(self) -> list[dict[str, Any]]:
        """What it said that nobody expected, once it has ended."""
        lines: list[dict[str, Any]] = []
        while (line := self.lines.get(timeout=WITHIN)) is not None:
            lines.append(line)
        return lines

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(WITHIN)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a user with this home."""
    return {**os.environ, "HOME": str(home), **more}


@contextmanager
def running_daemon(project: Path, home: Path, *before: str, **environ: str) -> Iterator[RunningDaemon]:
    """`connectord run PROJECT`, ended by its pid at the end of the block if it still runs.

    `before` are words before the command, of a program that becomes the daemon by exec.
    """
    arguments, environ = ["run", str(project)], environment(home, **environ)
    with tempfile.TemporaryFile() as errors, _begun(before, arguments, environ, errors) as process:
        daemon = RunningDaemon(process)
        reading = threading.Thread(target=daemon.read, daemon=True)
        reading.start()
        try:
            yield daemon
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reading.join(WITHIN)
            errors.seek(0)
            daemon.errors = errors.read().decode()
            sys.stderr.write(daemon.errors)  # pytest shows it where the test fails


def _begun(
    before: tuple[str, ...], arguments: list[str], environ: dict[str, str], errors: IO[bytes]
) -> AbstractContextManager[subprocess.Popen[str] | Forked]:
    if nurseries and not before:
        return nurseries[-1].fork(arguments, environ, errors)
    command = [*before, sys.executable, "-m", "connectord", *arguments]
    pipe, closed = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, env=environ, stdout=pipe, stderr=errors, stdin=closed, text=True)
