"""When Python looks for garbage in a daemon that holds a million objects and makes hardly any."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (50_000, 20, 100)
"""Python's own (700, 10, 10) are for programs whose objects die young. Here nearly all that a start makes stays, and
each look at it is in vain: a fifth of the start with a thousand projects. What is garbage is freed by its count all the
same; only cycles wait, and the memory of a start is no other."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for cycles less often until the block ends."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
