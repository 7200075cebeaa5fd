"""Watching directories: hints that something may have changed, for all projects at once."""

from connectord.watch.clock_watch import ClockWatch
from connectord.watch.state import WatchKind, WatchState
from connectord.watch.target import Place, Target
from connectord.watch.watcher import Watcher

__all__ = ["ClockWatch", "Place", "Target", "WatchKind", "WatchState", "Watcher"]
