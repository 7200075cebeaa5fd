"""Opening a link in the person's browser, where there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from connectord.sync import is_web_link

PATIENCE = 2.0
"""Seconds until a starter that is still running counts as the browser itself."""


@dataclass(frozen=True, slots=True)
class Browser:
    """The command that opens a link, found once. No command means that links are printed instead."""

    command: tuple[str, ...]

    async def open(self, link: str) -> str | None:
        """Open an http(s) link and return None, or the reason why it was not opened."""
        if not is_web_link(link):
            return "it is no web address"
        if not self.command:
            return "there is no browser here"
        return await asyncio.to_thread(_start, self._command_for(link))

    def _command_for(self, link: str) -> list[str]:
        if any("%s" in word for word in self.command):  # as xdg-open and Python's webbrowser read BROWSER
            return [word.replace("%s", link) for word in self.command]
        return [*self.command, link]


def find_browser(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Browser:
    """The browser of this session: `BROWSER`, the desktop's own, or none (over SSH, without a display)."""
    environ = os.environ if environ is None else environ
    if environ.get("BROWSER"):
        return Browser(tuple(environ["BROWSER"].split(os.pathsep)[0].split()))
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return Browser(())
    if platform == "darwin":
        return Browser(("open",))
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME"):
        return Browser(_starter(environ))
    return Browser(())


def _starter(environ: Mapping[str, str]) -> tuple[str, ...]:
    names = ("wslview", "xdg-open") if environ.get("WSL_DISTRO_NAME") else ("xdg-open",)
    return next(((name,) for name in names if shutil.which(name, path=environ.get("PATH"))), ())


def _start(command: list[str]) -> str | None:
    try:
        # Not asyncio's subprocess: closing the loop would take a browser that it started along.
        process = subprocess.Popen(  # noqa: S603  (the link was checked, and there is no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        code = process.wait(PATIENCE)
    except OSError as error:
        return f"{command[0]} could not be started ({error.strerror})"
    except subprocess.TimeoutExpired:
        return None
    return f"{command[0]} ended with code {code}" if code else None
