"""Text from the service made fit for a sentence: one line, short, printable, without markup or secrets (P13)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 300
"""Characters of the service's own text that a sentence may carry."""

SIGN_IN: Final = "Sign in: connectord login"
"""What to do where nobody is signed in."""

HIDDEN: Final = "[hidden]"

# Anything that looks like a token of Base44, whoever it belongs to: a JWT, or a workspace API key.
_TOKENS: Final = re.compile(r"eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?|b44k_[\w-]+")
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SHORTEST_SECRET: Final = 4
_REQUEST_ID: Final = re.compile(r"\brequest (id )?[^\s),;]+")
"""How the errors of answers.py name a request: "(400, request 1b2c…)", "the request id 1b2c…"."""


def plain(text: str, *, secrets: Iterable[str] = (), limit: int = LONGEST) -> str:
    """`text` on one line: control characters become spaces, secrets are hidden, the rest is cut off."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    text = _TOKENS.sub(HIDDEN, text)
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def without_request_id(sentence: str) -> str:
    """What two tries of the same have in common."""
    return _REQUEST_ID.sub("", sentence)


def is_web_page(content_type: str, body: bytes) -> bool:
    """Whether a body is markup: a proxy's or a load balancer's page where JSON was due."""
    return "html" in content_type.lower() or body.lstrip()[:1] == b"<"


def web_page_words(body: bytes) -> str:
    """A web page in a few words, its title if it has one."""
    title = _TITLE.search(body[:65536].decode("utf-8", "replace"))
    words = plain(html.unescape(title[1]), limit=100) if title else ""
    return f'a web page ("{words}")' if words else "a web page"
