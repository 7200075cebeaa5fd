"""connectord as it is installed: `connectord run` in a process of its own, and the other commands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.contender import WITHIN, Line, Lines, fields

from connectord.control.client import Client

PROGRAM_VARIABLE: Final = "CONNECTORD_PROGRAM"
PROGRAM: Final = Path(os.environ.get(PROGRAM_VARIABLE) or Path(sys.executable).with_name("connectord"))
"""What is measured: the one beside this Python, unless another version's is named."""

ENDED_WITHIN: Final = 60.0
"""Seconds, after which it is killed: an older version may take minutes, and what was measured of it still holds."""
"""Seconds; a version of before took more than half a minute with a thousand projects."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a home of their own, and a Base44 at `url`."""

    home: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """As a fresh login shell's."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "BASE44_API_URL": self.url,
            "CONNECTORD_STATE_DIR": str(self.state),
            "CONNECTORD_RUNTIME_DIR": str(self.home / "run"),
        }

    @property
    def state(self) -> Path:
        """Where the daemon keeps its state."""
        return self.home / "state"


class Daemon:
    """A daemon that runs. `spawned` is the monotonic time right before its process began."""

    name = "connectord"

    def __init__(self, user: User, process: subprocess.Popen[str], spawned: float) -> None:
        assert process.stdout is not None
        self.user = user
        self.spawned = spawned
        self._process = process
        self._lines = Lines(process.stdout)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def done(self, within: float = WITHIN) -> float:
        """When it said that a push is finished."""
        return self.expect("push.finished", within=within).at

    def expect(self, *events: str, within: float = WITHIN) -> Line:
        """The next line about one of these events."""
        return self._lines.expect(lambda text: fields(text).get("event") in events, within)

    def ready(self, roots: Collection[Path]) -> float:
        """Wait until it has looked at all of these projects and watches them; when that was (to 20 ms)."""
        missing, last = {str(root) for root in roots}, self.spawned
        while missing:
            line = self.expect("project.watching")
            missing.discard(fields(line.text)["project"])
            last = line.at
        client = Client(self.user.home / "run", timeout=WITHIN)
        while client.daemon().watching == "down":
            time.sleep(0.02)
            last = time.monotonic()
        return last


@contextmanager
def a_daemon(user: User, *projects: Path) -> Iterator[Daemon]:
    """`connectord run` for the registered projects and these, until the block ends."""
    errors = (user.home / "stderr").open("ab")
    spawned = time.monotonic()
    process = subprocess.Popen(
        [PROGRAM, "run", "--json", *projects],
        env=user.environment,
        cwd=user.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    with errors, process:
        try:
            yield Daemon(user, process, spawned)
        finally:
            process.terminate()
            try:
                process.wait(ENDED_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                sys.stderr.write(f"{PROGRAM} didn't end within {ENDED_WITHIN:.0f} s, and was killed\n")
