"""When Python looks for garbage in a daemon that holds half a million objects and makes hardly any."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

AT_THE_START: Final = (2_000_000, 20, 100)
"""Python's own (700, 10, 10) are for programs whose objects die young. Nearly all that a start makes stays, and each
look at it is in vain: with a thousand projects a fifth of the start. What is garbage is freed by its count all the
same; only cycles wait, and a start leaves less than a thousand objects in them."""

THRESHOLDS: Final = (5_000, 10, 10)
"""Afterwards there is little to look through, since the start's is left out; and what requests leave in cycles, some
ten thousand objects a minute with a hundred projects, must not add up to tens of megabytes."""


@contextmanager
def seldom_collecting() -> Iterator[Callable[[], None]]:
    """Look for cycles seldom until the block ends, and hardly at all until what this yields is called.

    What is there by then is left out of all later looks: with a thousand projects each would keep the event loop for
    0.4 s. So a project that is forgotten later leaves its cycles, some hundred KB, and never more than there were.
    """
    before = gc.get_threshold()
    gc.set_threshold(*AT_THE_START)

    def started() -> None:
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)

    try:
        yield started
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
