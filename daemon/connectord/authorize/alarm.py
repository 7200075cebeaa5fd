"""An APScheduler job that rings once at a time, whatever the clock on the wall does meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

AT_LEAST_EVERY: Final = 10.0
"""Seconds; while it is set it rings so often at least, even where nobody knows of anything to do."""

LATE: Final = 0.5
"""Seconds; so much later than due means that the wall's clock was set back, by which alone APScheduler goes."""

SHORTEST: Final = 0.005
"""Seconds from one ring to the next: sooner, APScheduler would still count the first and drop the second."""

_ID: Final = "polls"


class Alarm:
    """Calls `ring` when it is due, which says in how many seconds again (None: when it is set again)."""

    def __init__(self, ring: Callable[[], float | None]) -> None:
        self._ring = ring
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._overdue: asyncio.TimerHandle | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin, in the running loop."""
        # It warns of a ring that comes while another is on its way, which is no news: max_instances is there for that.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()

    async def stop(self) -> None:
        """End for good."""
        self._stopped = True
        self._forget_overdue()
        self._scheduler.pause()
        try:
            await asyncio.sleep(0)  # a ring on its way, cut off, would be logged as an error, traceback and all
        finally:
            self._scheduler.shutdown(wait=False)

    def set(self, seconds: float) -> None:
        """Ring in so many seconds, instead of whenever it was set to. Nothing happens once it has stopped."""
        if self._stopped:
            return
        seconds = min(max(seconds, 0.0), AT_LEAST_EVERY)
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        if self._scheduler.get_job(_ID):
            self._scheduler.modify_job(_ID, next_run_time=at)
        else:
            self._scheduler.add_job(
                self._rung,
                "interval",
                id=_ID,
                seconds=AT_LEAST_EVERY,
                next_run_time=at,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._forget_overdue()
        self._overdue = asyncio.get_running_loop().call_later(seconds + LATE, self.set, 0.0)

    def _forget_overdue(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    async def _rung(self) -> None:
        # A coroutine: what is none, APScheduler runs in a thread.
        again_in = self._ring()
        if again_in is not None:
            self.set(max(again_in, SHORTEST))
        elif not self._stopped:
            self._forget_overdue()
            self._scheduler.remove_job(_ID)
