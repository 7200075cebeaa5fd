"""Which program would open an authorization link, or why links are only printed. None is opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from connectord.browser import Browser, OpenBrowser, session_browser
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.doctor.hosts import run_apart


def check_browser(around: Around) -> Iterator[Finding]:
    """The browser of the desktop's session, as the daemon finds it."""
    setting = OpenBrowser(around.settings().open_browser)
    yield of_browser(run_apart(session_browser(around.environ, setting)), setting)


def of_browser(browser: Browser, setting: OpenBrowser) -> Finding:
    """What was found."""
    if setting is OpenBrowser.NEVER:
        return ok('links are only printed, by the setting open_browser = "never"')
    if not browser.commands:
        return attention(
            f"links are only printed: {browser.why}",
            "Open them yourself, on any machine: connectord status has them. Or name a program in BROWSER.",
        )
    missing = [command[0] for command in browser.commands if not command or shutil.which(command[0]) is None]
    if len(missing) == len(browser.commands):
        return broken(f"{missing[0]} is to open links, and isn't there", "Name one that is there in BROWSER.")
    program = next(command for command in browser.commands if command[0] not in missing)
    when = "as soon as they are given" if setting is OpenBrowser.ALWAYS else "when you ask for it"
    return ok(f"{' '.join(program)} opens links, {when}")
