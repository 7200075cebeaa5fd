"""Asking targets for their places, in threads: a disk that hangs keeps its own targets waiting and no others."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from connectord.watch.mounts import remote_devices
from connectord.watch.target import Found, Target, find_places

PATIENCE: Final = 0.5
"""Seconds without an answer, after which another thread goes on with the other targets."""

Answer = tuple[Found, ...] | Exception


class Surveyor:
    """Finds out what is there of targets. Who answers too late is handed to `on_late` as soon as it does."""

    def __init__(self, on_late: Callable[[Path, Answer], None], *, patience: float = PATIENCE) -> None:
        self._on_late = on_late
        self._patience = patience
        self._hanging: set[Path] = set()

    async def survey(self, targets: Collection[Target]) -> Mapping[Path, Answer]:
        """What is there of each target, or the defect of one that can't say. Those that still hang are left out."""
        asked = [target for target in targets if target.root not in self._hanging]
        answers: dict[Path, Answer] = {}
        waiting, answered = {target.root for target in asked}, asyncio.Event()

        def take(root: Path, answer: Answer) -> None:
            if root in waiting:
                waiting.remove(root)
                answers[root] = answer
                answered.set()
            else:
                self._hanging.discard(root)
                self._on_late(root, answer)

        left = deque(asked)
        _ask_in_thread(left, take)
        while waiting:
            answered.clear()
            try:
                async with asyncio.timeout(self._patience):
                    await answered.wait()
            except TimeoutError:
                if not left:
                    break
                _ask_in_thread(left, take)
        self._hanging |= waiting
        waiting.clear()
        return answers


def _ask_in_thread(left: deque[Target], take: Callable[[Path, Answer], None]) -> None:
    """Ask the targets that are left, one after another, in a thread that nobody waits for."""
    loop = asyncio.get_running_loop()

    def post(root: Path, answer: Answer) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left who could be told
            loop.call_soon_threadsafe(take, root, answer)

    if left:
        threading.Thread(target=partial(_ask, left, post), name="survey", daemon=True).start()


def _ask(left: deque[Target], post: Callable[[Path, Answer], None]) -> None:
    remote = remote_devices()
    while True:
        try:
            target = left.popleft()
        except IndexError:  # another thread took the last one
            return
        try:
            post(target.root, tuple(find_places(target, remote)))
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            post(target.root, error)
