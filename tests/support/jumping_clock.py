"""Runs connectord with a time of day that jumps: `jumping_clock.py FILE … -m connectord ARGUMENTS`.

FILE has the seconds by which the clock is wrong; it is read whenever somebody asks for the time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main() -> None:
    """Turn the clock before anything keeps a reference to the honest one."""
    honest, wrong_by = time.time, Path(sys.argv[1])
    time.time = lambda: honest() + float(wrong_by.read_text(encoding="ascii"))
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]
    from connectord.cli import main as connectord  # noqa: PLC0415  (after the clock was turned)

    connectord()


if __name__ == "__main__":
    main()
