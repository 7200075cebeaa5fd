"""Where connectord keeps what it writes for itself; daemon and commands find it the same way.

The log is in the state directory, the lock and the socket in the runtime directory. Who writes there makes them,
with `control/private.py`.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import platformdirs

from connectord.errors import ConnectordError

STATE_VARIABLE = "CONNECTORD_STATE_DIR"
RUNTIME_VARIABLE = "CONNECTORD_RUNTIME_DIR"


class NoRuntimeDirectory(ConnectordError):
    """The platform has no place of this user's own for a socket."""

    code = "NO_RUNTIME_DIRECTORY"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"There is no safe place for the daemon's socket: {reason}.",
            todo=(f"Set {RUNTIME_VARIABLE} to a folder of your own.",),
        )


def state_dir() -> Path:
    """For what outlives the daemon: `CONNECTORD_STATE_DIR`, else XDG on Linux and the platform's place elsewhere."""
    named = os.environ.get(STATE_VARIABLE)
    return _absolute(named or platformdirs.user_state_dir("connectord", appauthor=False))


def runtime_dir() -> Path:
    """For what lives as long as the daemon: `CONNECTORD_RUNTIME_DIR`, else `XDG_RUNTIME_DIR` or the platform's place.

    Raises NoRuntimeDirectory.
    """
    named = os.environ.get(RUNTIME_VARIABLE)
    return _absolute(named or _platform_runtime_dir())


def _platform_runtime_dir() -> str:
    # Without XDG_RUNTIME_DIR (ssh, cron) platformdirs warns on stderr that it takes /run/user or a folder in /tmp.
    # That place is as good: whose it is and who may look in is checked before it is used.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return platformdirs.user_runtime_dir("connectord", appauthor=False)
        except PermissionError as error:
            raise NoRuntimeDirectory(str(error)) from error


def _absolute(place: str) -> Path:
    return Path(os.path.abspath(place))  # noqa: PTH100  (resolve() would hide whose symlink it is)
