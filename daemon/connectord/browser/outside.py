"""Starting a browser outside of the daemon's systemd unit, where the daemon runs in one.

As a child it would live in the unit's sandbox, which breaks the browser's own (no new privileges, no namespaces), and
would be killed with the next restart of the daemon. So systemd starts it, in a unit of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Final

# KillMode: xdg-open ends when it has started a browser, which is not to end with it. --wait: its exit code counts.
_SYSTEMD_RUN: Final = ("systemd-run", "--user", "--quiet", "--wait", "--collect", "--property=KillMode=process")
_NAMES: Final = ("BROWSER", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "PATH", "WAYLAND_DISPLAY", "XAUTHORITY")


def outside_of_unit(command: Sequence[str], environ: Mapping[str, str], pid: int | None = None) -> list[str]:
    """The command that starts `command` outside; `command` itself where this process is no unit's main process."""
    own = str(os.getpid() if pid is None else pid)
    # Programs of a terminal inherit the variable; only the unit's own process has that pid.
    if environ.get("SYSTEMD_EXEC_PID") != own or shutil.which("systemd-run", path=environ.get("PATH")) is None:
        return list(command)
    session = (name for name in environ if name in _NAMES or name.startswith("XDG_"))
    return [*_SYSTEMD_RUN, *(f"--setenv={name}={environ[name]}" for name in session), "--", *command]
