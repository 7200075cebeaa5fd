"""Reading the disk in threads that nobody has to wait for at the end.

A directory on a disk that hangs would otherwise keep the process from ending: Python joins the threads of its pools.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from connectord.sync.turnstile import Turnstile

AT_ONCE: Final = 2
"""So many read side by side. A hundred projects that are read together take no longer one after another, and each
thread more keeps the event loop from its next turn for 5 ms (Python's switch interval)."""

PATIENCE: Final = 0.2
"""Seconds; what takes longer waits for a disk, which costs the others nothing."""

IDLE_SECONDS: Final = 1.0
"""After so long without work a thread ends."""

T = TypeVar("T")
P = ParamSpec("P")


class _DaemonThreads(Executor):
    """Gives every piece of work a daemon thread, one that has nothing to do or a new one."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as caught:  # noqa: BLE001  (it is the awaiting task's)
                future.set_exception(caught)

        self._work.put(run)
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._run, name="read", daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            try:
                self._work.get(timeout=IDLE_SECONDS)()
            except Empty:
                if self._idle.acquire(blocking=False):
                    return
            else:
                self._idle.release()


@dataclass(frozen=True)
class _Reading:
    """How one event loop reads."""

    turnstile: Turnstile = field(default_factory=lambda: Turnstile(AT_ONCE, patience=PATIENCE))
    threads: _DaemonThreads = field(default_factory=_DaemonThreads)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reading] = WeakKeyDictionary()


async def in_thread(work: Callable[[], T], *, on_begin: Callable[[], None] = lambda: None) -> T:
    """Run `work` in a daemon thread when its turn comes, which `on_begin` hears of; cancelled, its result is nobody's.

    The loop may choose to run it in place.
    """
    loop = asyncio.get_running_loop()
    reading = _of_loops.get(loop) or _of_loops.setdefault(loop, _Reading())
    async with reading.turnstile.place():
        on_begin()
        return await loop.run_in_executor(reading.threads, work)
