"""How long git has been in the middle of something, as one project's looks saw it (P4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectord.project import GitBusy

AFTERMATH_SECONDS: Final = 2.0
"""git lets go of its lock before it moves HEAD: only a while later its files say all of what it did."""


class GitWorkWatch:
    """Remembers when git was first seen at work, and when last. `clock` doesn't jump."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._last: tuple[str, float] | None = None

    def look(self, busy: GitBusy | None) -> str | None:
        """Take a look in; what git is at, for a while after it has finished, too."""
        now = self._clock()
        if busy is not None:
            self._last = str(busy), now
            self._since = now if self._since is None else self._since
        elif self._last is not None and now - self._last[1] >= AFTERMATH_SECONDS:
            self._since = self._last = None
        return self._last[0] if self._last else None

    def seconds(self) -> float:
        """For how long it has been at work."""
        return 0.0 if self._since is None else self._clock() - self._since
