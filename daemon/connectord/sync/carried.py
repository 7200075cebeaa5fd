"""Which push job is being carried out here: for what is said of it from deep within, as a retry of one request is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from connectord.sync.queue import PushJob

_CARRIED: Final[ContextVar[PushJob | None]] = ContextVar("carried", default=None)


@contextmanager
def carrying(job: PushJob) -> Iterator[None]:
    """This job is being carried out in the block, and in every task that begins in it."""
    before = _CARRIED.set(job)
    try:
        yield
    finally:
        _CARRIED.reset(before)


def carried() -> PushJob | None:
    """The job that the caller works for; None where it works for none."""
    return _CARRIED.get()
