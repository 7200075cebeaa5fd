"""One run of watchfiles over a fixed set of directories, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final, Protocol

from watchfiles import Change, watch

from connectord.watch.layout import Layout, Seen

STEP_MS: Final = 20
"""How often watchfiles looks whether something came in. Half of it costs twice as much: 0.3 % of a core when idle."""

CAP_MS: Final = 200
OPEN_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 2.0


class StopEvent(Protocol):
    """What watchfiles asks whether to end."""

    def is_set(self) -> bool:
        """Whether to end."""
        ...


Source = Callable[[tuple[str, ...], StopEvent], Iterator[set[tuple[Change, str]]]]
"""Batches of changes in some directories. It asks the stop event as soon as it is subscribed and often from then on."""


def file_events(directories: tuple[str, ...], stop: StopEvent) -> Iterator[set[tuple[Change, str]]]:
    """The changes as the system tells them, unfiltered and from these directories only, not from those below.

    With `ignore_permission_denied` watchfiles would ignore every error, that of a reached limit too.
    """
    return watch(
        *directories,
        watch_filter=None,
        step=STEP_MS,
        debounce=CAP_MS,
        stop_event=stop,
        recursive=False,
        force_polling=False,
        ignore_permission_denied=False,
    )


class Subscription:
    """Hands what is seen in the directories `watched` to `on_seen`, and the error that ended it to `on_end`.

    `layout` says whom a change concerns; it may be replaced by one of the same directories at any time.
    """

    def __init__(
        self,
        layout: Layout,
        watched: frozenset[tuple[str, tuple[int, int]]],
        *,
        source: Source,
        on_seen: Callable[[Seen], None],
        on_end: Callable[[Subscription, Exception | None], None],
    ) -> None:
        self.layout = layout
        self.watched = watched
        self._source = source
        self._on_seen = on_seen
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[Exception | None] = self._loop.create_future()
        self._asked = False
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    async def open(self) -> None:
        """Return once everything that happens from now on will be seen. Raises what the source raised."""
        self._thread.start()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                begun: set[asyncio.Future[Any]] = {self._subscribed, self._ended}
                await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self._stop = True
            raise
        if not self._subscribed.done():
            raise self._ended.result() or OSError("The watching ended before it began")
        self._ended.add_done_callback(lambda ended: self._on_end(self, ended.result()))

    def stop(self) -> None:
        """End it soon."""
        self._stop = True

    async def close(self) -> None:
        """End it and wait for its thread; one that hangs on a dead disk is left to itself."""
        self._stop = True
        await asyncio.wait({self._ended}, timeout=CLOSE_SECONDS)
        if self._ended.done():
            self._thread.join()  # telling that was the last thing it did

    def _run(self) -> None:
        error: Exception | None = None
        try:
            directories = tuple(sorted(name for name, _ in self.watched))
            for changes in self._source(directories, SimpleNamespace(is_set=self._asked_to_stop)):
                if seen := self.layout.seen(changes):
                    self._post(self._on_seen, seen)
        except Exception as raised:  # noqa: BLE001  (whatever it is, it ends the watching, and is judged in events.py)
            error = raised
        except BaseException as raised:  # noqa: BLE001  (a panic of Rust's comes as one)
            error = RuntimeError(str(raised))
        self._post(self._ended.set_result, error)

    def _asked_to_stop(self) -> bool:
        # The first question comes after everything was subscribed: nothing else tells when that is.
        if not self._asked:
            self._asked = True
            self._post(self._subscribed.set_result, None)
        return self._stop

    def _post(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left who could be told
            self._loop.call_soon_threadsafe(call, *arguments)
