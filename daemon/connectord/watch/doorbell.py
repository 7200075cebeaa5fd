"""Waiting for file events without looking for them: Linux's inotify as the doorbell of watchfiles.

watchfiles looks into its queue at every step, whether anything came or not: fifty times a second, or saves are noticed
late. Before each look it asks its stop event, so that one may wait here until the kernel rings. What has happened is
still told by watchfiles alone; a bell only says when to ask. Where none can be hung, the steps go on as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import sys
import threading
from collections.abc import Iterable
from typing import Final, Self

# From <sys/inotify.h>: modified, attributes, moved from, moved to, created, deleted, deleted itself, moved itself.
# Opening and closing are none of these: reading a project would ring for itself.
_CHANGES: Final = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_READ_BYTES: Final = 65536


class Doorbell:
    """Rings when something changes in some directories, or when `ring` is called. Only one thread may `wait`."""

    def __init__(self, inotify: int) -> None:
        self._inotify = inotify
        self._pressed = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        for descriptor in (self._inotify, self._pressed):
            self._poll.register(descriptor, select.POLLIN)
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def hang(cls, directories: Iterable[str]) -> Self | None:
        """A bell for these directories; None where the system has none, no more of them, or not for all of these."""
        if sys.platform != "linux":
            return None
        libc = ctypes.CDLL(None)
        inotify = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if inotify < 0:
            return None
        with contextlib.ExitStack() as otherwise:
            otherwise.callback(os.close, inotify)
            if any(libc.inotify_add_watch(inotify, os.fsencode(name), _CHANGES) < 0 for name in directories):
                return None
            try:
                bell = cls(inotify)
            except OSError:  # no descriptor is left for its button
                return None
            otherwise.pop_all()
            return bell

    def wait(self, seconds: float) -> bool:
        """Wait until it rings, so many seconds at most; whether it did. After `ring` it always does."""
        rung = bool(self._poll.poll(seconds * 1000))
        with contextlib.suppress(BlockingIOError):
            while rung and len(os.read(self._inotify, _READ_BYTES)) > _READ_BYTES // 2:
                pass  # what it says is told by watchfiles; what comes after this rings again
        return rung

    def ring(self) -> None:
        """Wake whoever waits, for good. May be called in any thread, and when it is closed already."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._pressed, 1)

    def close(self) -> None:
        """Take it down."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._inotify)
                os.close(self._pressed)
