"""Threads that nobody waits for at the end: a disk that hangs would otherwise keep a process from leaving."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, TypeVar

IDLE_SECONDS: Final = 1.0
"""After so long without work a thread ends."""

IN_RUST: Final = "watch"
"""The name of the threads that wait in watchfiles. One that comes back from there while Python is taken down aborts the
process: whoever leaves looks for them first."""

T = TypeVar("T")
P = ParamSpec("P")


class UnjoinedThreads(ThreadPoolExecutor):
    """Gives every piece of work a daemon thread, one that has nothing to do or a new one: none waits behind another.

    It is a ThreadPoolExecutor only because asyncio takes no other for its default; there is no pool.
    """

    def __init__(self, name: str = "work") -> None:
        super().__init__()
        self._name = name
        self._to_do: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = threading.Semaphore(0)

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

        self._to_do.put(run)
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nothing: what must be finished is awaited by whoever began it."""
        del wait, cancel_futures

    def _run(self) -> None:
        while True:
            try:
                self._to_do.get(timeout=IDLE_SECONDS)()
            except Empty:
                if self._idle.acquire(blocking=False):
                    return
            else:
                self._idle.release()
