"""The second line of defence for P13: whatever looks like a token is masked in every line, wherever it came from."""

from __future__ import annotations

import re
from typing import Any, Final

MASK: Final = "***"

_TOKENS: Final = re.compile(
    r"""
      eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?                     # a JWT: its first part is a JSON object in base64
    | b44k_[\w-]+                                           # a workspace API key
    | (?<=Bearer[ ])[^\s"',;]+                              # an Authorization header
    | (?<=Basic[ ])[A-Za-z0-9+/=]{8,}
    """,
    re.VERBOSE,
)

_NAMED: Final = re.compile(
    r"""(?ix)
      (?P<name>["']?(?:access|refresh|id|device|service)[_-]?(?:token|code)["']?
             | ["']?(?:api|client)[_-]?(?:key|secret)["']?
             | ["']?(?:authorization|password)["']?)
      (?P<between>\s*[:=]\s*["']?)
      (?P<value>[^\s"'&,;}]{4,})
    """
)


# Everything that is ever said comes through here, a thousand projects' forty types at a start among it: what can't hold
# a token isn't searched for one.
_MARKS: Final = ("eyJ", "b44k_", "Bearer ", "Basic ")  # what each in _TOKENS begins with, or stands after
_SUSPICIOUS: Final = re.compile("|".join([*_MARKS, "[:=]"]))
_NAMES: Final = ("token", "code", "key", "secret", "authorization", "password")  # each name in _NAMED ends in one


def redact(text: str) -> str:
    """The text with every token in it masked. Authorization links stay: a person needs them (P10)."""
    if _SUSPICIOUS.search(text) is None:
        return text
    if any(mark in text for mark in _MARKS):
        text = _TOKENS.sub(MASK, text)
    # A letter that isn't ASCII may pass for one that is, by rules of `re` alone.
    folded = text.lower()
    if not text.isascii() or any(name in folded for name in _NAMES):
        text = _NAMED.sub(rf"\g<name>\g<between>{MASK}", text)
    return text


def redacted(value: Any) -> Any:
    """The value with every text in it redacted, however deep; numbers and the like as they are."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {redacted(key): redacted(one) for key, one in value.items()}
        case list() | tuple():
            return [redacted(one) for one in value]
        case _:
            return value
