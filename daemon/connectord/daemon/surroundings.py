"""What the daemon runs in, handed in by whoever starts it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectord.control import News
from connectord.settings import Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings, environment, places, and where the news go.

    `clock` counts seconds and doesn't jump, `now` is the time of day in seconds since the epoch. `background` has no
    reader of its own: then nothing is a project by being around the current folder.
    """

    settings: Settings
    environ: Mapping[str, str]
    home: Path
    state_dir: Path
    runtime_dir: Path
    publish: Callable[[News], None]
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.Random)

    def at(self) -> datetime:
        """The time of day for a person."""
        return datetime.fromtimestamp(self.now(), UTC)
