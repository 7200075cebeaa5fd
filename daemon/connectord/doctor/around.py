"""What the checks look at: this user's environment and places, and the answers that several of them want.

What an answer needs is loaded with the question: a package that is broken must not keep the doctor from saying so.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connectord.doctor.asked import Asked
from connectord.errors import ConnectordError
from connectord.places import runtime_dir, state_dir

if TYPE_CHECKING:
    from connectord.base44 import Ping
    from connectord.control.models import Status
    from connectord.doctor.targets import Target
    from connectord.settings import Settings
    from connectord.store import Inspection

PROC = Path("/proc")


class Around:
    """One user on one machine.

    `folder` is where the command was called, `proc` where Linux tells of processes and limits. `now` is the time of
    day in seconds since the epoch. `show_notice`: the person asked for a notice to be shown.
    The others are asked once, by whichever check is first, and raise the ConnectordError that they end in.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path,
        folder: Path,
        *,
        platform: str = sys.platform,
        proc: Path = PROC,
        now: Callable[[], float] = time.time,
        show_notice: bool = False,
    ) -> None:
        self.environ = environ
        self.home = home
        self.folder = folder
        self.platform = platform
        self.proc = proc
        self.now = now
        self.show_notice = show_notice
        self.state = state_dir()
        self.status = Asked(_status)
        self.settings = Asked(_settings)
        self.database = Asked(lambda: _database(self.state))
        self.targets = Asked(lambda: _targets(self))
        self.pings = Asked(lambda: _pings(self))

    def roots(self) -> tuple[Path, ...]:
        """The folders of the projects: those that the daemon looks after now, else those that are registered."""
        try:
            return tuple(Path(project.path) for project in self.status().projects)
        except ConnectordError:
            return tuple(project.root for project in self.database().projects)


def _status() -> Status:
    from connectord.control.client import Client  # noqa: PLC0415  (see above, here and below)

    return Client(runtime_dir()).status()


def _settings() -> Settings:
    from connectord.settings import read_settings  # noqa: PLC0415

    return read_settings()


def _database(state: Path) -> Inspection:
    from connectord.store import STATE_FILE, inspect  # noqa: PLC0415

    return inspect(state / STATE_FILE)


def _targets(around: Around) -> tuple[Target, ...]:
    from connectord.doctor.targets import targets  # noqa: PLC0415

    return targets(around.folder, around.roots(), around.environ)


def _pings(around: Around) -> Mapping[str, Ping | ConnectordError]:
    from connectord.doctor.hosts import ping_all  # noqa: PLC0415

    return ping_all(around.targets())
