"""Where the session bus of this person may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

ADDRESS: Final = "DBUS_SESSION_BUS_ADDRESS"


def session_bus_addresses(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Addresses to try in this order: what the environment says, then the bus of systemd's user manager.

    The first may name a session that has ended (a tmux, a service started from another login); the second has the same
    address for ever, and is all that there is for a daemon that was started without a desktop's environment.
    """
    named = environ.get(ADDRESS, "")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    socket = Path(runtime) / "bus"
    of_systemd = f"unix:path={socket}" if runtime and socket.is_socket() else ""
    return tuple(dict.fromkeys(address for address in (named, of_systemd) if address))
