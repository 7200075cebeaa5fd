"""What Linux knows of a process: memory, processor time, context switches. Source: proc(5)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICK: Final = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """A process, or several added up. Processor time in seconds (to 10 ms), memory in MiB.

    `resident` counts pages that are shared with other processes in full, `proportional` by share; `peak` is the
    greatest that `resident` ever was. `switches` are those of threads that still live.
    """

    processor: float = 0.0
    resident: float = 0.0
    proportional: float = 0.0
    peak: float = 0.0
    switches: int = 0
    threads: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.processor + other.processor,
            self.resident + other.resident,
            self.proportional + other.proportional,
            self.peak + other.peak,
            self.switches + other.switches,
            self.threads + other.threads,
        )


def usage(pid: int) -> Usage:
    """Of a process and all that it has started."""
    total = _usage(pid)
    for child in children(pid):
        total += usage(child)
    return total


def children(pid: int) -> list[int]:
    """The processes that it has started and that still run."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for file in files for word in _text(file).split()]


def _usage(pid: int) -> Usage:
    place = Path(f"/proc/{pid}")
    # The name in parentheses may have blanks in it; user and system time are the 12th and 13th field behind it.
    fields = _text(place / "stat").rpartition(")")[2].split()
    if not fields:
        return Usage()
    status, rollup = _text(place / "status"), _text(place / "smaps_rollup")
    return Usage(
        processor=(int(fields[11]) + int(fields[12])) * _TICK,
        resident=_number(status, "VmRSS") / 1024,
        proportional=_number(rollup, "Pss") / 1024,
        peak=_number(status, "VmHWM") / 1024,
        switches=sum(_switches(_text(file)) for file in place.glob("task/*/status")),
        threads=_number(status, "Threads"),
    )


def _switches(status: str) -> int:
    return _number(status, "voluntary_ctxt_switches") + _number(status, "nonvoluntary_ctxt_switches")


def _number(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return ""
