"""One run of watchfiles over a fixed set of directories, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from watchfiles import Change, watch

from connectord.unjoined import IN_RUST
from connectord.watch.doorbell import Doorbell
from connectord.watch.flow import Flow
from connectord.watch.layout import Layout, Seen

STEP_MS: Final = 5
"""How often watchfiles looks whether something came in, while something does. What has come in is told with the second
look after it at the latest, so that what goes on without a pause is told all the time: when it is over is for others
to say, who can wait for it (sync/timing.py). A batch that is held back until a limit would look like an end.
"""

IDLE_SECONDS: Final = 0.02
"""How often it looks while nothing comes in, where no bell tells: 0.15 % of a core."""

AWAKE_SECONDS: Final = 1.0
"""How long after a ring or a change watchfiles looks at every step: its own thread may come by its turn later."""

LONGEST_WAIT: Final = 5.0
"""Seconds after which watchfiles looks without a ring: nothing is trusted for ever."""

OPEN_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 2.0


class Asked(Protocol):
    """What watchfiles asks whether to end."""

    def is_set(self) -> bool:
        """Whether to end."""
        ...


class Bell(Protocol):
    """What it is worth waiting for (see Doorbell)."""

    def wait(self, seconds: float) -> bool:
        """Wait for a ring, so many seconds at most; whether there was one."""
        ...


class StopEvent(Asked, Protocol):
    """What a source asks whether to end."""

    def when_set(self, call: Callable[[], None]) -> None:
        """Have something called when somebody wants the end, in the thread of whoever does."""
        ...


Source = Callable[[tuple[str, ...], StopEvent], Iterator[set[tuple[Change, str]]]]
"""Batches of changes in some directories. It asks the stop event as soon as it is subscribed and often from then on."""


def file_events(directories: tuple[str, ...], stop: StopEvent) -> Iterator[set[tuple[Change, str]]]:
    """The changes as the system tells them, unfiltered and from these directories only, not from those below.

    With `ignore_permission_denied` watchfiles would ignore every error, that of a reached limit too.
    """
    # Before watchfiles: a change that it has seen must have rung.
    bell = Doorbell.hang(directories)
    if bell is None:
        yield from _changes(directories, PatientStop(stop, Clockwork()))
        return
    stop.when_set(bell.ring)
    try:
        yield from _changes(directories, PatientStop(stop, bell))
    finally:
        bell.close()


def _changes(directories: tuple[str, ...], stop: PatientStop) -> Iterator[set[tuple[Change, str]]]:
    batches = watch(
        *directories,
        watch_filter=None,
        step=STEP_MS,
        debounce=0,
        stop_event=stop,
        recursive=False,
        force_polling=False,
        ignore_permission_denied=False,
    )
    for batch in batches:
        stop.stay_awake()
        yield batch


class Clockwork:
    """What is waited for where no bell can be hung: time."""

    def wait(self, seconds: float) -> bool:
        """Wait a little less than a moment, `seconds` at most. It never rings."""
        time.sleep(min(seconds, IDLE_SECONDS - STEP_MS / 1000))
        return False


class PatientStop:
    """A stop event that keeps whoever asks waiting until there is a reason to go on: a ring, or one not long ago."""

    def __init__(self, stop: Asked, bell: Bell, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._bell = bell
        self._clock = clock
        self._awake_until = clock()

    def is_set(self) -> bool:
        """Whether to end."""
        if self._stop.is_set():
            return True
        if self._clock() >= self._awake_until and self._bell.wait(LONGEST_WAIT):
            self.stay_awake()
        return self._stop.is_set()

    def stay_awake(self) -> None:
        """Something happens: keep nobody waiting for a while."""
        self._awake_until = self._clock() + AWAKE_SECONDS


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
        self._stop = _Stop(self._tell_subscribed)
        self._flow = Flow()
        self._thread = threading.Thread(target=self._run, name=IN_RUST, daemon=True)

    async def open(self) -> None:
        """Return once everything that happens from now on will be seen. Raises what the source raised."""
        self._thread.start()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                begun: set[asyncio.Future[Any]] = {self._subscribed, self._ended}
                await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self.stop()
            raise
        if not self._subscribed.done():
            raise self._ended.result() or OSError("The watching ended before it began")
        self._ended.add_done_callback(lambda ended: self._on_end(self, ended.result()))

    def stop(self) -> None:
        """End it soon."""
        self._stop.set()

    async def close(self) -> None:
        """End it and wait for its thread; one that hangs on a dead disk is left to itself."""
        self.stop()
        await asyncio.wait({self._ended}, timeout=CLOSE_SECONDS)
        if self._ended.done():
            self._thread.join()  # telling that was the last thing it did

    def _run(self) -> None:
        error: Exception | None = None
        try:
            directories = tuple(sorted(name for name, _ in self.watched))
            for changes in self._source(directories, self._stop):
                if seen := self.layout.seen(changes, flood=self._flow.is_flood(changes)):
                    self._post(self._on_seen, seen)
        except Exception as raised:  # noqa: BLE001  (whatever it is, it ends the watching, and is judged in events.py)
            error = raised
        except BaseException as raised:  # noqa: BLE001  (a panic of Rust's comes as one)
            error = RuntimeError(str(raised))
        self._post(self._ended.set_result, error)

    def _tell_subscribed(self) -> None:
        self._post(self._subscribed.set_result, None)

    def _post(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left who could be told
            self._loop.call_soon_threadsafe(call, *arguments)


class _Stop:
    """Whether somebody wants the end. The first question comes after everything was subscribed: nothing else tells
    when that is.
    """

    def __init__(self, on_first_question: Callable[[], None]) -> None:
        self._on_first_question: Callable[[], None] | None = on_first_question
        self._wanted = threading.Event()
        self._calls: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        if (tell := self._on_first_question) is not None:
            # Let go of: through it the subscription that has this one would keep itself alive, and what it watched.
            self._on_first_question = None
            tell()
        return self._wanted.is_set()

    def when_set(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        if self._wanted.is_set():  # by another thread, which may not have seen this call
            call()

    def set(self) -> None:
        self._wanted.set()
        for call in self._calls:
            call()
