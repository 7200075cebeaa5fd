"""Where the keys and the mistakes of a TOML document stand: tomllib tells of values, and forgets where they were."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

Key = tuple[str, ...]
"""A key with the tables that it lies in."""

_MOST_LINES: Final = 200
"""Of one entry: each line more is a look at all of them, and no setting is longer. What comes after it has no spot."""

_WHERE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Spot:
    """A line and a column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


def spots_of_keys(text: str) -> dict[Key, Spot]:
    """Where each key of a document begins, tables and the keys in them too: the entry that names it first.

    An entry is a document of its own, so as many lines belong to it as it takes to be one.
    """
    found: dict[Key, Spot] = {}
    table: Key = ()
    for spot, entry in _entries(text):
        keys = tuple(_keys(tomllib.loads(entry)))
        if entry.lstrip().startswith("["):
            table = max(keys, key=len)
        else:
            keys = tuple((*table, *key) for key in keys)
        for key in keys:
            found.setdefault(key, spot)
    return found


def spot_of_mistake(error: tomllib.TOMLDecodeError, text: str) -> tuple[Spot, str]:
    """Where a document stops being TOML, and tomllib's sentence on it without the place."""
    sentence, where = str(error), _WHERE.search(str(error))
    lines = text.split("\n")
    end = Spot(len(lines), len(lines[-1]) + 1)
    if where is None:
        return end, sentence
    spot = Spot(int(where[1]), int(where[2])) if where[1] else end
    return spot, sentence[: where.start()]


def _entries(text: str) -> Iterator[tuple[Spot, str]]:
    begin: Spot | None = None
    entry: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if begin is None:
            bare = line.lstrip()
            if not bare or bare.startswith("#"):
                continue
            begin = Spot(number, len(line) - len(bare) + 1)
        entry.append(line)
        if _is_document("\n".join(entry)):
            yield begin, "\n".join(entry)
            begin, entry = None, []
        elif len(entry) == _MOST_LINES:
            return


def _is_document(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _keys(table: Mapping[str, object], above: Key = ()) -> Iterator[Key]:
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _keys(value, (*above, key))
