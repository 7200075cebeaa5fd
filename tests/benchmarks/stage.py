"""Where a benchmark plays: a user, a Base44, projects of theirs, and what it is to measure."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import remember
from tests.benchmarks.base44 import Emulator, a_base44, granted
from tests.benchmarks.contender import WITHIN
from tests.benchmarks.daemon import PROGRAM, Daemon, User, a_daemon
from tests.benchmarks.sample import VARIANTS, Sample, a_sample, scopes
from tests.support.emulator import write_credentials

from connectord.store import STATE_FILE

ASKED_LAST: Final = "stripe-status"
"""The operation that a start ends with, for each project."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Projects of one user, all signed in to one Base44."""

    user: User
    base44: Emulator
    samples: tuple[Sample, ...]

    @property
    def sample(self) -> Sample:
        """The first project."""
        return self.samples[0]

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where the projects are."""
        return tuple(sample.root for sample in self.samples)

    def remember(self) -> None:
        """Register the projects, and let the daemon's state say that all of them were pushed long ago."""
        rows = [_row(sample, self.user.url) for sample in self.samples]
        command = [str(PROGRAM.with_name("python")), remember.__file__, str(_private(self.user.state) / STATE_FILE)]
        subprocess.run(command, input=json.dumps(rows), text=True, check=True, cwd=self.user.home)


@contextmanager
def at_rest(stage: Stage) -> Iterator[Daemon]:
    """A daemon that knows of the stage's projects, watches them, and has asked Base44 what it asks at a start."""
    with a_daemon(stage.user) as daemon:
        daemon.ready(stage.roots)
        _until_asked(stage)
        yield daemon


@contextmanager
def with_setting(user: User, line: str) -> Iterator[None]:
    """A line in the user's settings, until the block ends."""
    settings = user.home / ".config" / "connectord" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(line + "\n", encoding="utf-8")
    try:
        yield
    finally:
        settings.unlink()


def _until_asked(stage: Stage) -> None:
    end = time.monotonic() + WITHIN
    while {one.app_id for one in stage.base44.receipts() if one.operation == ASKED_LAST} < {
        sample.app_id for sample in stage.samples
    }:
        if time.monotonic() > end:
            raise TimeoutError("Base44 was not asked what it has")
        time.sleep(0.05)
    time.sleep(0.1)


@contextmanager
def a_stage(projects: int, connectors: int) -> Iterator[Stage]:
    """So many projects with so many connectors each, until the block ends."""
    # Below the usual place for temporary files, whatever disk that is; a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, a_base44(projects, connectors) as base44:
        user = User(Path(folder) / "home", base44.url)
        user.home.mkdir()
        write_credentials(user.home, base44.tokens())
        samples = (a_sample(Path(folder) / f"p{number}", number, connectors) for number in range(projects))
        yield Stage(user, base44, tuple(samples))


def _row(sample: Sample, url: str) -> remember.Remembered:
    entries = [_entry(sample, name) for name in sample.types]
    return str(sample.root), url, sample.app_id, str(sample.connectors), entries


def _entry(sample: Sample, name: str) -> remember.Entry:
    asked = VARIANTS[0]
    return name, scopes(name, asked), [*granted(name, asked)], sample.file(name).name, sample.text(name, asked)


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
