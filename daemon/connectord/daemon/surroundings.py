"""What the daemon runs in, handed in by whoever starts it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectord.browser import Browser, OpenBrowser, session_browser
from connectord.control import News
from connectord.service.sd_notify import ServiceNotifier
from connectord.settings import Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings, environment, places, and where the news go.

    `clock` counts seconds and doesn't jump, `now` is the time of day in seconds since the epoch. `sleep` is how the
    daemon waits until it does what it does now and then (rescans, upkeep, the look at the clocks). `find_browser` is
    asked whenever a link is to be opened. `service` is the line to the service manager.
    """

    settings: Settings
    environ: Mapping[str, str]
    home: Path
    state_dir: Path
    runtime_dir: Path
    publish: Callable[[News], None]
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)
    find_browser: Callable[[Mapping[str, str], OpenBrowser], Awaitable[Browser]] = session_browser
    service: ServiceNotifier = field(default_factory=ServiceNotifier)

    def at(self) -> datetime:
        """The time of day for a person."""
        return datetime.fromtimestamp(self.now(), UTC)
