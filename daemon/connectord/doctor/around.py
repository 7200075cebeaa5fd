"""What the checks look at: this user's environment and places, and the answers that several of them want."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from connectord.base44 import Ping
from connectord.control.client import Client
from connectord.control.models import Status
from connectord.doctor.asked import Asked
from connectord.doctor.hosts import ping_all
from connectord.doctor.targets import Target, targets
from connectord.errors import ConnectordError
from connectord.places import runtime_dir, state_dir
from connectord.settings import Settings, read_settings
from connectord.store import STATE_FILE, Inspection, inspect

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
        self.status = Asked[Status](lambda: Client(runtime_dir()).status())
        self.settings = Asked[Settings](read_settings)
        self.database = Asked[Inspection](lambda: inspect(self.state / STATE_FILE))
        self.targets = Asked[tuple[Target, ...]](lambda: targets(self.folder, self.roots(), self.environ))
        self.pings = Asked[Mapping[str, Ping | ConnectordError]](lambda: ping_all(self.targets()))

    def roots(self) -> tuple[Path, ...]:
        """The folders of the projects: those that the daemon looks after now, else those that are registered."""
        try:
            return tuple(Path(project.path) for project in self.status().projects)
        except ConnectordError:
            return tuple(project.root for project in self.database().projects)
