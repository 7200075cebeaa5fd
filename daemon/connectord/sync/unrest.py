"""What a project shows only for a moment, while something else is at work on it: nobody's wish, so nothing is sent.

A checkout takes `.env` or `.app.jsonc` away and puts it back: until then another app is nobody's wish. A rebase shows
another branch's files for some hundredths of a second before it stops at a conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectord.project.model import Project, Snapshot
from connectord.sync.reconcile import base_key
from connectord.sync.wake import Wake

GIT_LOOK_SECONDS: Final = 0.1
"""git's lock is gone within this, most of the time; nobody tells when (its directory isn't watched)."""


class Unrest:
    """How long one project's looks have found it pointing elsewhere or git at work. `clock` doesn't jump.

    Either is believed after `cap` seconds: a person's rebase may last for hours, and they save files meanwhile.
    """

    def __init__(self, cap: float, look_again: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._cap = cap
        self._clock = clock
        self._wake = Wake(look_again, clock)
        self._turned_since: float | None = None
        self._git_since: float | None = None

    def keeps(self, last: Project | None, project: Project, snapshot: Snapshot) -> bool:
        """Whether nothing of this look should be believed yet; then the project is looked at again by itself."""
        now = self._clock()
        turned = last is not None and base_key(project) != base_key(last)
        self._turned_since = _since(self._turned_since, turned, now)
        self._git_since = _since(self._git_since, snapshot.git.busy is not None, now)
        turning = self._remaining(self._turned_since, now)
        git = self._remaining(self._git_since, now)
        self._wake.within([turning or None, min(git, GIT_LOOK_SECONDS) or None])
        return turning > 0 or git > 0

    def _remaining(self, since: float | None, now: float) -> float:
        return 0.0 if since is None else max(0.0, since + self._cap - now)


def _since(before: float | None, lasts: bool, now: float) -> float | None:
    if not lasts:
        return None
    return now if before is None else before
