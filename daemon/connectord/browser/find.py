"""Which browser a session has: `BROWSER`, the desktop's own, or none (CI, SSH, no display). Pure but for the PATH."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from connectord.browser.browser import Browser, Command

_STARTERS: Final[tuple[Command, ...]] = (("xdg-open",), ("gio", "open"))


class OpenBrowser(StrEnum):
    """When a link is opened (the setting `open_browser`)."""

    ASK = "ask"  # when a person asks for it: a click on a notice, `connectord authorize`
    ALWAYS = "always"  # also as soon as a link is given
    NEVER = "never"  # links are printed only


def find_browser(
    environ: Mapping[str, str] | None = None,
    platform: str = sys.platform,
    *,
    setting: OpenBrowser = OpenBrowser.ASK,
) -> Browser:
    """The browser of the session with this environment.

    A `BROWSER` counts over SSH too: who sets it there (an editor with a remote end) has a way to show it.
    """
    environ = os.environ if environ is None else environ
    why = _why_not(environ, platform, setting)
    if why is not None:
        return Browser((), why)
    commands = _named(environ) or _of_desktop(environ, platform)
    return Browser(commands, "neither xdg-open nor gio is installed", environ)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a pipeline: then links are printed and nothing is opened, terminal or not (seed 000)."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}


def _why_not(environ: Mapping[str, str], platform: str, setting: OpenBrowser) -> str | None:
    if setting is OpenBrowser.NEVER:
        return 'the setting open_browser is "never"'
    if in_ci(environ):
        return "CI is set, so nobody sits here"
    if environ.get("BROWSER"):
        return None
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return "this is an SSH session"
    if platform == "darwin" or environ.get("WSL_DISTRO_NAME"):
        return None
    return None if has_display(environ) else "there is no display here"


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a window can be shown in this session."""
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _named(environ: Mapping[str, str]) -> tuple[Command, ...]:
    """Those in `BROWSER`: commands with a colon between them, the best first."""
    return tuple(_words(command) for command in environ.get("BROWSER", "").split(os.pathsep) if command.strip())


def _words(command: str) -> Command:
    try:
        return tuple(shlex.split(command))
    except ValueError:  # a quotation mark that is none
        return tuple(command.split())


def _of_desktop(environ: Mapping[str, str], platform: str) -> tuple[Command, ...]:
    if platform == "darwin":
        return (("open",),)
    starters = (("wslview",), *_STARTERS) if environ.get("WSL_DISTRO_NAME") else _STARTERS
    return tuple(one for one in starters if shutil.which(one[0], path=environ.get("PATH")))
