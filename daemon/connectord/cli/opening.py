"""The setting `open_browser`, for the commands that open links."""

from __future__ import annotations

from connectord.browser import OpenBrowser
from connectord.cli.output import Output
from connectord.settings import SettingsError, read_settings


def open_browser_setting(output: Output) -> OpenBrowser:
    """What is set. Where the settings can't be read nothing is opened: links are printed, and why is said."""
    try:
        return OpenBrowser(read_settings().open_browser)
    except SettingsError as error:
        output.warn(f"{error.what} No browser is opened until that is mended.")
        return OpenBrowser.NEVER
