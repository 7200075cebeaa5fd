"""Threads that nobody waits for at the end: a disk that hangs would otherwise keep a command from leaving."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class UnjoinedThreads(ThreadPoolExecutor):
    """A daemon thread for each piece of work, so that none waits behind one that hangs.

    It is a ThreadPoolExecutor only because asyncio takes no other for its default; there is no pool.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin the work at once."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as caught:  # noqa: BLE001  (it is for whoever awaits the future)
                future.set_exception(caught)

        threading.Thread(target=run, name="work", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nothing: what must be finished is awaited by whoever began it."""
        del wait, cancel_futures
