"""Leaving the demo by a signal: the stage is taken down on the way out, whichever it was and however often it comes."""

from __future__ import annotations

import signal
from types import FrameType


def leave_in_order() -> None:
    """Make SIGTERM, and the end of the terminal unless `nohup` says to outlive it, raise SystemExit, once."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    # The kernel and the shell both tell of a terminal that went away; the second must not cut the taking down short.
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)
