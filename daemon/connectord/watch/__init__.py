"""Watching directories: hints that something may have changed, for all projects at once."""

from connectord.watch.watcher import Target, Watcher

__all__ = ["Target", "Watcher"]
