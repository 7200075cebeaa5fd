"""Base, the common ancestor of file and remote: what Base44 last accepted from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


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
    whether it was ever seen working; until then its absence from Base44's list means nothing.
    """

    type: str
    scopes: tuple[str, ...] = ()
    connection_config: Mapping[str, Any] | None = field(default=None, hash=False)
    seen_scopes: frozenset[str] | None = None
    authorized: bool = False


class Store(Protocol):
    """Where base lives. A change is one transaction: all of it or nothing."""

    def base(self, key: BaseKey) -> Mapping[str, BaseEntry]:
        """The base of one project, by connector type; empty where nothing was ever accepted."""

    def accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        """Take over what Base44 answered: an entry replaces the one of its type, None forgets it."""


class MemoryStore:
    """A store that lives as long as the process."""

    def __init__(self) -> None:
        self._bases: dict[BaseKey, dict[str, BaseEntry]] = {}

    def base(self, key: BaseKey) -> Mapping[str, BaseEntry]:
        """The base of one project, by connector type."""
        return dict(self._bases.get(key, {}))

    def accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        """Take over what Base44 answered."""
        changed = dict(self._bases.get(key, {}))
        for connector_type, entry in entries.items():
            if entry is None:
                changed.pop(connector_type, None)
            else:
                changed[connector_type] = entry
        self._bases[key] = changed
