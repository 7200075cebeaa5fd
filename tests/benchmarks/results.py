"""Results as files: one JSON document for each part, so that a part can be measured again by itself."""

from __future__ import annotations

import os
import platform
import re
import timeit
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from tests.benchmarks.figures import Measurement

_LOOP: Final = "for number in range(200_000): number * number % 7"

NO_CONDITIONS: Final[Mapping[str, int | str]] = {}


class Machine(BaseModel):
    """What was measured on. `load` is the one-minute load before and after.

    `pace` is how many milliseconds a loop that is always the same took, at the quickest and the slowest moment of the
    part: a machine that is somebody's share of a larger one does the same work in half the time in other hours.
    """

    model_config = ConfigDict(frozen=True)

    processor: str
    cores: int
    kernel: str
    python: str
    load: tuple[float, float]
    pace: tuple[float, float] | None = None


class Result(BaseModel):
    """One part's measurements. `beside` are the versions of what was measured beside it, by name."""

    model_config = ConfigDict(frozen=True)

    part: str
    at: datetime
    commit: str
    machine: Machine
    beside: dict[str, str] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...]

    def find(
        self, *, who: str | None = None, what: str | None = None, conditions: Mapping[str, int | str] = NO_CONDITIONS
    ) -> list[Measurement]:
        """The measurements that are about this."""
        return [one for one in self.measurements if one.fits(who, what, conditions)]


def this_machine(load_before: float, paces: Sequence[float]) -> Machine:
    """The machine below, at the end of a measurement, with the paces that were taken meanwhile."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=(load_before, os.getloadavg()[0]),
        pace=(min(paces), max(paces)),
    )


def pace() -> float:
    """How many milliseconds the loop takes now; the best of three, so that nothing else counts."""
    return round(min(timeit.repeat(_LOOP, number=1, repeat=3)) * 1000, 1)


def now() -> datetime:
    """For `Result.at`."""
    return datetime.now(UTC).replace(microsecond=0)


def save(result: Result, folder: Path) -> Path:
    """Write a result below `folder`; it takes the place of the part's last one."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.part}.json"
    text = result.model_dump_json(indent=1)
    # Values in one line: they are raw material, and a diff of two runs should be readable.
    file.write_text(re.sub(r'("values": )\[([^\]]*)\]', _in_one_line, text) + "\n", encoding="utf-8")
    return file


def load(folder: Path) -> dict[str, Result]:
    """All results in `folder`, by part; none where there is no such folder."""
    found = (Result.model_validate_json(file.read_bytes()) for file in sorted(folder.glob("*.json")))
    return {result.part: result for result in found}


def _in_one_line(match: re.Match[str]) -> str:
    return f"{match[1]}[{', '.join(match[2].split())}]".replace(",,", ",")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # no Linux
        return platform.processor() or "unknown"
    found = re.search(r"model name\s*: (.+)", text)
    return found[1] if found else platform.machine()
