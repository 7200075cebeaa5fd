"""What `connectord service` asks of a service manager, whichever it is, and what it answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from connectord.service.definition import Whose
from connectord.service.installation import Installation

PATIENCE = 120.0
"""Seconds for a command of the service manager. A start has a limit of its own in the unit, which is shorter."""


class Kind(StrEnum):
    """The service managers that are known."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"


class RunState(StrEnum):
    """How the service is, as its manager sees it."""

    RUNNING = "running"
    STARTING = "starting"  # not ready yet, or waiting for its next try
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"  # it ended by itself, and isn't tried again


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The service as it is now.

    `python` is what the file runs, `environment` what it sets, `pid` the process that runs now. `says` is the daemon's
    own line, or why it failed. `lingering` is whether it outlives the last session of its user; None where there is
    no such thing.
    """

    kind: Kind
    file: Path
    whose: Whose
    state: RunState
    enabled: bool
    python: str | None = None
    pid: int | None = None
    says: str = ""
    lingering: bool | None = None
    confined: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended."""

    code: int
    out: str
    err: str


Run = Callable[[Sequence[str], Mapping[str, str]], Ran]
"""Runs a program with this environment to its end. One that isn't there has the shell's exit code 127."""


class ServiceManager(Protocol):
    """systemd or launchd, for this user. Each raises kinds of ServiceError."""

    def status(self) -> ServiceStatus:
        """How the service is."""

    def write(self) -> bool:
        """Make the file what this installation needs; whether it had to be written."""

    def start(self, *, anew: bool) -> ServiceStatus:
        """Let it start with the session from now on, and start it, or start it `anew`. Returns when it is ready."""

    def remove(self) -> None:
        """Stop it, and leave nothing of it behind."""


def run_program(words: Sequence[str], environ: Mapping[str, str]) -> Ran:
    """Run a program of the system's and wait for it."""
    try:
        ended = subprocess.run(  # noqa: S603  (fixed programs, no shell)
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(124, "", f"{words[0]} has not ended after {PATIENCE:.0f} s.")
    except OSError as error:
        return Ran(127, "", f"{words[0]}: {error.strerror}")
    return Ran(ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Person:
    """Whose service it is: who they are, their home, and what their shell has set."""

    uid: int
    name: str
    home: Path
    environ: Mapping[str, str]
    ours: Installation
