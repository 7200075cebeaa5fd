"""The daemon: builds the parts, lets them run, and ends them in order."""

from connectord.daemon.daemon import Daemon
from connectord.daemon.surroundings import Surroundings

__all__ = ["Daemon", "Surroundings"]
