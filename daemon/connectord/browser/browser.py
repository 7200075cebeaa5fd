"""A browser as the commands that open a link in it. Never a shell, and only web addresses."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectord.browser.outside import outside_of_unit
from connectord.browser.web_link import is_web_link

PATIENCE: Final = 2.0
"""Seconds until a starter that is still running counts as the browser itself."""

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Browser:
    """The commands that open a link, the best first. Without one, links are printed instead, and `why` says why.

    `environ` is what they are started with: it names the desktop session.
    """

    commands: tuple[Command, ...] = ()
    why: str = "there is no browser here"
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def open(self, link: str) -> str | None:
        """Open an http(s) link and return None, or the reason why it was not opened."""
        if not is_web_link(link):
            return "it is no web address"
        if not self.commands:
            return self.why
        return await asyncio.to_thread(self._open, link)

    def _open(self, link: str) -> str | None:
        """Try one command after the other."""
        failures = []
        for command in self.commands:
            failure = _start(_with(command, link), self.environ)
            if failure is None:
                return None
            failures.append(failure)
        return "; ".join(failures)


def _with(command: Command, link: str) -> list[str]:
    if any("%s" in word for word in command):  # as xdg-open and Python's webbrowser read BROWSER
        return [word.replace("%s", link) for word in command]
    return [*command, link]


def _start(command: list[str], environ: Mapping[str, str]) -> str | None:
    try:
        # Not asyncio's subprocess: closing the loop would take a browser that it started along.
        process = subprocess.Popen(  # noqa: S603  (the link was checked, and there is no shell)
            outside_of_unit(command, environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_without_secrets(environ),
        )
        code = process.wait(PATIENCE)
    except (OSError, ValueError) as error:  # ValueError: a word with a null character
        return f"{command[0]} could not be started ({getattr(error, 'strerror', None) or error})"
    except subprocess.TimeoutExpired:
        # Nobody waits for the browser's end, but somebody must take note of it.
        threading.Thread(target=process.wait, name="browser", daemon=True).start()
        return None
    return f"{command[0]} ended with code {code}" if code else None


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """A browser needs no key of Base44's (P13)."""
    return {name: value for name, value in environ.items() if not name.startswith("BASE44_")}
