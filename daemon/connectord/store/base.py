"""Base, the common ancestor of file and remote: what Base44 last accepted from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

KEPT_TEXT_BYTES: Final = 64 * 1024
"""A file's text is kept up to this size (UTF-8); a larger one can't be restored from here."""


@dataclass(frozen=True, slots=True)
class BaseKey:
    """Whose base it is. Another app or another directory has a base of its own, so neither can remove the other's."""

    api_url: str
    app_id: str
    connectors_dir: Path


@dataclass(frozen=True, slots=True)
class BaseEntry:
    """One connector as Base44 accepted it.

    `scopes` and `connection_config` are what was asked for. `seen_scopes` is what Base44 said it granted when it was
    last looked at after the push (None: not looked at yet), since granted is rarely what was asked. `authorized` says
    whether it was ever seen working; until then its absence from Base44's list means nothing. `file_name` and
    `file_text` are what was pushed, for a restore (P6); a text over KEPT_TEXT_BYTES becomes None. `unsure` is from
    before another content was sent until Base44 answered that: what it has may be either, so it is sent again (P9).
    `told` is what a person was last told of its state on Base44 ("expired", "changed"), until that is over (P11).
    """

    type: str
    scopes: tuple[str, ...] = ()
    connection_config: Mapping[str, Any] | None = field(default=None, hash=False)
    seen_scopes: frozenset[str] | None = None
    authorized: bool = False
    file_name: str | None = None
    file_text: str | None = field(default=None, repr=False)
    unsure: bool = False
    told: str | None = None

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The scopes that were asked for and not granted, as far as was seen (defect 10)."""
        seen = self.seen_scopes
        return () if seen is None else tuple(scope for scope in self.scopes if scope not in seen)

    def __post_init__(self) -> None:
        if self.file_text is not None and _is_long(self.file_text):
            object.__setattr__(self, "file_text", None)


def _is_long(text: str) -> bool:
    # No character takes more than four bytes: hardly any text has to be encoded to be known as short enough.
    return len(text) > KEPT_TEXT_BYTES // 4 and len(text.encode("utf-8", "surrogatepass")) > KEPT_TEXT_BYTES
