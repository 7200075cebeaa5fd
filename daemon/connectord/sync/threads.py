"""Reading the disk in threads that nobody has to wait for at the end.

A directory on a disk that hangs would otherwise keep the process from ending: Python joins the threads of its pools.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from connectord.sync.turnstile import Turnstile

AT_ONCE: Final = 2
"""So many read side by side. A hundred projects that are read together take no longer one after another, and each
thread more keeps the event loop from its next turn for 5 ms (Python's switch interval)."""

PATIENCE: Final = 0.2
"""Seconds; what takes longer waits for a disk, which costs the others nothing."""

T = TypeVar("T")
P = ParamSpec("P")


class _DaemonThreads(Executor):
    """Gives every piece of work a daemon thread of its own."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as caught:  # noqa: BLE001  (it is the awaiting task's)
                future.set_exception(caught)

        threading.Thread(target=run, name="read", daemon=True).start()
        return future


_THREADS = _DaemonThreads()
_turnstiles: WeakKeyDictionary[asyncio.AbstractEventLoop, Turnstile] = WeakKeyDictionary()


async def in_thread(work: Callable[[], T], *, on_begin: Callable[[], None] = lambda: None) -> T:
    """Run `work` in a daemon thread when its turn comes, which `on_begin` hears of; cancelled, its result is nobody's.

    The loop may choose to run it in place.
    """
    loop = asyncio.get_running_loop()
    async with _turnstiles.setdefault(loop, Turnstile(AT_ONCE, patience=PATIENCE)).place():
        on_begin()
        return await loop.run_in_executor(_THREADS, work)
