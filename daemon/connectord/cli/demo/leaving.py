"""Leaving the demo by a signal: the stage is taken down on the way out, whichever it was and however often it comes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def leave_in_order() -> None:
    """Make SIGTERM, and the end of the terminal unless `nohup` says to outlive it, raise SystemExit, once."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


_put_off: list[int] | None = None


@contextmanager
def not_now() -> Iterator[None]:
    """Put a signal off until the block's end: what begins in it is known by then to whoever takes it down."""
    global _put_off  # noqa: PLW0603  (a signal's handler has no other place to look)
    _put_off = []
    try:
        yield
    finally:
        came, _put_off = _put_off, None
    for number in came:
        _leave(number, None)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    if _put_off is not None:
        _put_off.append(number)
        return
    # The kernel and the shell both tell of a terminal that went away; the second must not cut the taking down short.
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)
