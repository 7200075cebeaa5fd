"""Opening links in the person's browser: which links, in which browser, and why not where there is none."""

from connectord.browser.browser import Browser
from connectord.browser.desktop_session import desktop_environ, session_browser
from connectord.browser.find import OpenBrowser, find_browser, in_ci
from connectord.browser.web_link import is_web_link

__all__ = ["Browser", "OpenBrowser", "desktop_environ", "find_browser", "in_ci", "is_web_link", "session_browser"]
