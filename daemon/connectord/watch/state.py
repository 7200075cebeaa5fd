"""How the watching goes, for status and log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WatchKind(StrEnum):
    """How changes come to be known."""

    EVENTS = "events"  # the system tells (inotify, FSEvents): at once
    POLLING = "polling"  # every place is looked at again and again: within a second or a few
    DOWN = "down"  # not at all: it isn't running


@dataclass(frozen=True, slots=True)
class WatchState:
    """How changes come to be known. `why` is a sentence wherever that isn't plainly by events.

    `polled` are the directories that are looked at again and again beside the events.
    """

    kind: WatchKind
    why: str = ""
    polled: tuple[str, ...] = ()
