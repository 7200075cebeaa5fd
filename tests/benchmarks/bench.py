"""How much is measured, and where what was measured goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.figures import Measurement
from tests.benchmarks.results import pace
from tests.benchmarks.rivals import Rival


@dataclass(frozen=True, slots=True)
class Sizes:
    """How often and with what; times in seconds, round trips in milliseconds."""

    connectors: tuple[int, ...] = (1, 10, 40)
    round_trips: tuple[int, ...] = (0, 50, 200)
    warm: int = 2
    saves: int = 100
    rival_saves: int = 10
    switches: int = 20
    rival_switches: int = 5
    rest: float = 15.0
    idle: float = 60.0
    idle_times: int = 3
    idle_many: float = 330.0  # there is a rescan in it: every 300 s, give or take a tenth
    rescan_every: float = 12.0
    rescans: int = 10
    burst: int = 10_000
    burst_rate: int = 500
    bursts: int = 3
    pauses: tuple[float, ...] = (1.0, 10.0, 70.0)
    pause_times: int = 3
    projects: tuple[int, ...] = (1, 100, 1000)
    starts: int = 5
    commands: int = 20
    colds: int = 10

    @property
    def many(self) -> int:
        """The connectors of the largest sample."""
        return max(self.connectors)


FULL = Sizes()
QUICK = Sizes(
    connectors=(2,), round_trips=(0,), warm=0, saves=2, rival_saves=1, switches=2, rival_switches=1, rest=0.0, idle=0.2,
    idle_times=1, idle_many=0.2, rescan_every=1.0, rescans=1, burst=50, burst_rate=1000, bursts=1, pauses=(0.0,),
    pause_times=1, projects=(1, 2), starts=1, commands=1, colds=1,
)  # fmt: skip
"""Every step once, for a look at the benchmarks themselves; the figures mean nothing."""


@dataclass
class Bench:
    """One part being measured. `say` tells a person how far it is."""

    sizes: Sizes
    say: Callable[[str], None]
    rivals: tuple[Rival, ...] = ()
    measurements: list[Measurement] = field(default_factory=list)
    paces: list[float] = field(default_factory=lambda: [pace()])

    def note(self, who: str, what: str, unit: str, values: Sequence[float], **conditions: int | str) -> None:
        """Keep values, with the machine's pace right after they were taken, and say what they come to."""
        self.paces.append(pace())
        rounded = tuple(round(value, 3) for value in values)
        one = Measurement(who=who, what=what, unit=unit, conditions=conditions, values=rounded)
        self.measurements.append(one)
        found = one.figures
        where = ", ".join(f"{name} {value}" for name, value in conditions.items())
        self.say(
            f"{who}: {what}{f' ({where})' if where else ''}: median {found.median:g} {unit}, p99 {found.p99:g}, "
            f"{found.least:g} to {found.most:g}, {found.count} times"
        )
