"""The environment of the person's desktop session, for a process that was started before it or outside of it.

A systemd user service begins with the boot or the login, without a display; the desktop tells systemd of its own later
(`systemctl --user import-environment`), which `show-environment` prints.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

from connectord.browser.browser import Browser
from connectord.browser.find import OpenBrowser, find_browser, has_display

PATIENCE: Final = 2.0
"""Seconds for an answer of systemd, which has it in memory."""

_NAMES: Final = frozenset({"BROWSER", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"})


async def session_browser(environ: Mapping[str, str], setting: OpenBrowser) -> Browser:
    """The browser of the person's desktop session, as it is now."""
    return find_browser(await desktop_environ(environ), setting=setting)


async def desktop_environ(
    environ: Mapping[str, str],
    platform: str = sys.platform,
    ask: Callable[[Mapping[str, str]], str] | None = None,
) -> dict[str, str]:
    """This environment, with what names the desktop session where it has none itself.

    `ask` gives what `systemctl --user show-environment` prints, and an empty text where there is no systemd.
    """
    if platform != "linux" or has_display(environ):
        return dict(environ)
    shown = await asyncio.to_thread(ask or _show_environment, environ)
    session = {name: value for name, value in shown_variables(shown).items() if _is_of_session(name)}
    # What this process was given by hand counts more, a display included.
    return {**session, **environ}


def shown_variables(text: str) -> dict[str, str]:
    """The variables in what `show-environment` prints: a line each, in the shell's `$'...'` where need be."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: _unquoted(value) for name, equals, value in pairs if name and equals}


def _is_of_session(name: str) -> bool:
    return name in _NAMES or name.startswith("XDG_")


def _unquoted(value: str) -> str:
    if value.startswith("$'") and value.endswith("'") and len(value) > len("$''"):
        return value[2:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return value


def _show_environment(environ: Mapping[str, str]) -> str:
    """What systemd knows of the session; nothing where it can't be asked, which a missing display says then."""
    # The user's bus is found through the runtime directory, which a bare environment lacks.
    reachable = {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}", **environ}
    try:
        answer = subprocess.run(
            ["systemctl", "--user", "show-environment"],  # noqa: S607  (systemd is where the system has it)
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
            env=reachable,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode(errors="replace")
