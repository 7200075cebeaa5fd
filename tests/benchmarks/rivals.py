"""What people use instead: a file watcher that runs the real CLI, entr (from the system) or chokidar-cli (from npm)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock
from tests.benchmarks.contender import WITHIN, Lines, settle
from tests.benchmarks.daemon import User
from tests.benchmarks.sample import Sample
from tests.support.real_cli import VERSION as CLI_VERSION
from tests.support.real_cli import real_cli_command, real_cli_environment

CHOKIDAR_VERSION: Final = "3.0.0"
CACHE: Final = Path(__file__).parents[2] / ".pytest_cache" / f"chokidar-cli-{CHOKIDAR_VERSION}"
INSTALLED_WITHIN: Final = 120.0
DONE: Final = "push done"
ENTR_DEAF: Final = 0.5
"""Seconds after a run in which entr may pass a change over, so as not to run because of what its own run did."""

Rival = Callable[[User, Sample], AbstractContextManager["Watching"]]


class Watching:
    """A watcher that runs the CLI whenever a file of the sample changes."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.name = name
        self._process = process
        self._lines = Lines(process.stdout)

    @property
    def pid(self) -> int:
        """The watcher's process."""
        return self._process.pid

    def done(self, within: float = WITHIN) -> float:
        """When a run of the CLI had ended."""
        return self._lines.expect(lambda text: text.startswith(DONE), within).at

    def began(self) -> None:
        """Wait for its word that it watches."""
        self._lines.expect(lambda text: text.startswith("Watching"))


def missing() -> str | None:
    """What the machine lacks for the comparison; None if it lacks nothing."""
    lacking = [name for name in ("entr", "node", "npm") if shutil.which(name) is None]
    return f"{', '.join(lacking)} not found" if lacking else None


def fetch() -> None:
    """Get what isn't there yet, so that nothing has to be got in the middle of a part. Raises what npm ends with."""
    real_cli_command([])
    _chokidar()


def versions() -> dict[str, str]:
    """What is compared with."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    said = subprocess.run(["entr"], capture_output=True, text=True, check=False).stderr
    entr = next((line.split()[-1] for line in said.splitlines() if line.startswith("release")), "?")
    return {"base44": CLI_VERSION, "node": node.lstrip("v"), "entr": entr, "chokidar-cli": CHOKIDAR_VERSION}


@contextmanager
def entr(user: User, sample: Sample) -> Iterator[Watching]:
    """`ls base44/connectors/* | entr -n push`; its first run, which it begins with, is over."""
    files = "\n".join(str(sample.file(connector_type)) for connector_type in sample.types)
    with _running("entr", ["entr", "-n", _script(user)], user, sample, files + "\n") as watching:
        watching.done()
        settle(watching, ENTR_DEAF)
        yield watching


@contextmanager
def chokidar(user: User, sample: Sample) -> Iterator[Watching]:
    """`chokidar 'base44/connectors/*' -c push`, with its own settings: it waits 400 ms for more changes."""
    command = [str(_chokidar()), "base44/connectors/*.jsonc", "-c", _script(user)]
    with _running("chokidar", command, user, sample) as watching:
        watching.began()
        yield watching


RIVALS: Final[tuple[Rival, ...]] = (entr, chokidar)


def cli_environment(user: User) -> dict[str, str]:
    """The CLI's environment: no telemetry, no browser."""
    return real_cli_environment(user.home, user.url)


@contextmanager
def _running(name: str, command: list[str], user: User, sample: Sample, given: str = "") -> Iterator[Watching]:
    process = subprocess.Popen(
        command,
        cwd=sample.root,
        env={**cli_environment(user), "SHELL": "/bin/sh"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdin is not None
            process.stdin.write(given)
            process.stdin.close()
            yield Watching(name, process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _script(user: User) -> str:
    """What they run: node itself, which is quicker than going through npx. Its output goes to a file."""
    script = user.home / "push.sh"
    command = " ".join(f"'{word}'" for word in real_cli_command(["connectors", "push", "-y"]))
    script.write_text(f"#!/bin/sh\n{command} >>'{user.home}/cli.log' 2>&1\necho {DONE}\n", encoding="utf-8")
    script.chmod(0o700)
    return str(script)


def _chokidar() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    done = CACHE / "complete"
    with FileLock(CACHE / "lock", timeout=INSTALLED_WITHIN):
        if not done.exists():
            words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(CACHE)]
            package = f"chokidar-cli@{CHOKIDAR_VERSION}"
            subprocess.run([*words, package], check=True, timeout=INSTALLED_WITHIN, stdin=subprocess.DEVNULL)
            done.touch()
    return CACHE / "node_modules" / ".bin" / "chokidar"
