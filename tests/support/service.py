"""A service manager without one: programs that are recorded, and answer what the test says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connectord.service.definition import Whose
from connectord.service.installation import Installation
from connectord.service.manager import Kind, Person, Ran, RunState, ServiceStatus
from connectord.service.sd_notify import ServiceNotifier

HERE = Installation(
    "/opt/my apps/50%/bin/python", {"BASE44_API_URL": "https://base44.test", "PATH": "/usr/bin:/bin"}, "1.2.3"
)


def a_person(home: Path, ours: Installation = HERE, **environ: str) -> Person:
    return Person(os.getuid(), "ann", home, environ, ours)


@dataclass
class Programs:
    """Stands for run_program. `answers` are by the beginning of the command, the longest that fits counts."""

    answers: dict[str, Ran | str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    environs: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(self, words: Sequence[str], environ: Mapping[str, str]) -> Ran:
        command = " ".join(words)
        self.ran.append(command)
        self.environs.append(environ)
        fits = [beginning for beginning in self.answers if command.startswith(beginning)]
        answer = self.answers[max(fits, key=len)] if fits else ""
        return Ran(0, answer, "") if isinstance(answer, str) else answer


class Heard(ServiceNotifier):
    """A line to a service manager that is here: what was said, in order."""

    def __init__(self, watchdog: float | None = None) -> None:
        super().__init__("@here", watchdog)
        self.said: list[str] = []
        self._news = asyncio.Event()

    async def until(self, assignment: str, *, count: int = 1) -> None:
        """Wait until it was said so often. The test's limit is it."""
        while self.said.count(assignment) < count:
            self._news.clear()
            await self._news.wait()

    def _send(self, assignment: str) -> None:
        self.said.append(assignment)
        self._news.set()


@dataclass
class FakeManager:
    """A service manager that does what it is asked."""

    found: ServiceStatus
    changes: bool = True
    asked: list[str] = field(default_factory=list)

    def status(self) -> ServiceStatus:
        return self.found

    def write(self) -> bool:
        self.asked.append("write")
        self.found = replace(self.found, whose=Whose.CURRENT)
        return self.changes

    def start(self, *, anew: bool) -> ServiceStatus:
        self.asked.append("start anew" if anew else "start")
        self.found = replace(self.found, state=RunState.RUNNING, enabled=True, pid=self.found.pid or 77)
        return self.found

    def remove(self) -> None:
        self.asked.append("remove")
        self.found = replace(self.found, whose=Whose.NONE, state=RunState.STOPPED, enabled=False, pid=None)


def a_service(**more: Any) -> ServiceStatus:
    """A service that is as it should be, but for what is said."""
    well = ServiceStatus(
        Kind.SYSTEMD,
        Path("/home/ann/.config/systemd/user/connectord.service"),
        Whose.CURRENT,
        RunState.RUNNING,
        enabled=True,
        python="/opt/app/bin/python",
        pid=77,
        says="Looking after 1 project: 1 synced",
        lingering=False,
    )
    return replace(well, **more)
