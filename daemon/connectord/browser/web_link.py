"""Which links may be shown and opened at all. Starters of browsers obey more than web addresses."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_link(link: str) -> bool:
    """Whether it is http or https, with a host, and without control characters."""
    if not link.isprintable():
        return False
    try:
        parts = urlsplit(link)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
