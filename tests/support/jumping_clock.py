"""Runs connectord with a time of day that jumps: `jumping_clock.py FILE … -m connectord ARGUMENTS`.

FILE has the seconds by which the clock is wrong, and may be replaced at any time. Whoever asks gets the wrong time,
APScheduler's `datetime.now` too; what doesn't jump on a real machine (time.monotonic) doesn't jump here.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import time_machine

LOOK_EVERY = 0.02
"""Seconds."""


def follow(wrong_by: Path, clock: time_machine.Traveller) -> None:
    """Shift the clock whenever the file says something else."""
    never, shifted = threading.Event(), 0.0
    while not never.wait(LOOK_EVERY):
        wanted = float(wrong_by.read_text(encoding="ascii"))
        if wanted != shifted:
            clock.shift(wanted - shifted)
            shifted = wanted


def main() -> None:
    """Take the clock over before anything keeps a reference to the honest one."""
    wrong_by = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]
    with time_machine.travel(time.time(), tick=True) as clock:
        threading.Thread(target=follow, args=(wrong_by, clock), daemon=True).start()
        from connectord.cli import main as connectord  # noqa: PLC0415  (after the clock was taken over)

        connectord()


if __name__ == "__main__":
    main()
