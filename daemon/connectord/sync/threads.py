"""Blocking work in a thread that nobody has to wait for at the end.

A directory on a disk that hangs would otherwise keep the process from ending: Python joins the threads of its pools.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

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


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread; cancelled, its result is nobody's. The loop may choose to run it in place."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
