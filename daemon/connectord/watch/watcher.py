"""One supervised watcher for all projects. It only ever says: look again at this project.

Facts about watchfiles 1.3 that shape it: paths can't be added while it runs, so it is restarted when the set of
places changes; a watched directory that is deleted, moved or replaced goes silent for good, so each place is watched
together with the directory above it; a file name that isn't UTF-8 raises out of it, so it is supervised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, awatch

STEP_MS = 10
CAP_MS = 400
FIRST_RESTART_SECONDS = 0.1
LAST_RESTART_SECONDS = 30.0

TROUBLE = (OSError, RuntimeError, ValueError, ExceptionGroup)
"""What awatch raises: a place that vanished, the watch limit, its own errors, and what its task group wraps."""


@dataclass(frozen=True, slots=True)
class Target:
    """A project to watch: `places` are the directories that matter now, `relevant` tells the paths that do."""

    root: Path
    places: Callable[[], Iterable[Path]]
    relevant: Callable[[Path], bool]


class Watcher:
    """Watches all targets and calls `on_hint` with the root of a project that may have changed.

    `on_trouble` hears of what went wrong; the watcher goes on by itself and hints at every project after a restart,
    since whatever happened in between was not seen.
    """

    def __init__(self, *, on_hint: Callable[[Path], None], on_trouble: Callable[[Exception], None]) -> None:
        self._on_hint = on_hint
        self._on_trouble = on_trouble
        self._targets: dict[Path, Target] = {}
        self._stop = asyncio.Event()

    def add(self, target: Target) -> None:
        """Watch one more project from now on."""
        self._targets[target.root] = target
        self.refresh()

    def remove(self, root: Path) -> None:
        """Watch it no longer."""
        self._targets.pop(root, None)
        self.refresh()

    def refresh(self) -> None:
        """Look at the places again: one may have appeared, moved or been replaced."""
        self._stop.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        pause = FIRST_RESTART_SECONDS
        while True:
            try:
                await self._watch_places()
                pause = FIRST_RESTART_SECONDS
            except TROUBLE as error:
                self._on_trouble(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_RESTART_SECONDS)

    async def _watch_places(self) -> None:
        self._stop = asyncio.Event()
        places = self._places()
        if not places:
            await self._stop.wait()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(places))
            # The first step of _follow subscribes; only then is a look sure to miss nothing that follows it.
            await asyncio.sleep(0)
            self._hint(self._targets)

    async def _follow(self, places: Mapping[Path, tuple[int, int]]) -> None:
        changes = awatch(
            *places,
            watch_filter=self._relevant,
            step=STEP_MS,
            debounce=CAP_MS,
            stop_event=self._stop,
            recursive=False,
            ignore_permission_denied=True,
        )
        async for batch in changes:
            paths = {Path(path) for _, path in batch}
            self._hint(root for root, target in self._targets.items() if any(map(target.relevant, paths)))
            if not paths.isdisjoint(places) or self._places() != places:
                return

    def _relevant(self, change: Change, path: str) -> bool:
        del change  # kinds and their order mean nothing: a vim save is "added and deleted"
        return any(target.relevant(Path(path)) for target in self._targets.values())

    def _hint(self, roots: Iterable[Path]) -> None:
        for root in list(roots):
            self._on_hint(root)

    def _places(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for target in self._targets.values():
            for place in target.places():
                identity = _identity(place)
                if identity is not None:
                    found[place] = identity
        return found


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        stat = place.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino)
