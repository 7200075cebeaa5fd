"""Sample projects: as many connectors as wanted, each a file as people write them, and the saving of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.emulator.catalogue import CATALOGUE

TYPES: Final = tuple(name for name, known in CATALOGUE.items() if not known.config_fields)
"""The types that can be set with scopes alone; there are more than the forty of the largest sample."""

VARIANTS: Final = ("first", "second")
"""Saves of one file take turns between two texts, so that each changes something that Base44 has to be told."""

ENDS: Final = ("third", "fourth")
"""What a burst of saves ends with, by turns: Base44 can't have it by chance, from the middle of the burst."""

_TEXT: Final = """\
// What the app {app} may do with {type}. Each scope is one that somebody asked for.
{{
  "type": "{type}",
  "scopes": [
    "{type}.read", // lists and single entries
    "{type}.write",
    "{type}.{variant}", // the line that is edited
  ],
}}
"""


def scopes(connector_type: str, variant: str) -> list[str]:
    """The scopes that a file says."""
    return [f"{connector_type}.read", f"{connector_type}.write", f"{connector_type}.{variant}"]


def app_id(number: int) -> str:
    """The app of the n-th project; 24 hexadecimal digits, as Base44's own."""
    return f"{number:024x}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A project on disk, linked to an app of its own."""

    root: Path
    app_id: str
    types: tuple[str, ...]

    @property
    def connectors(self) -> Path:
        """The connectors directory."""
        return self.root / "base44" / "connectors"

    def file(self, connector_type: str) -> Path:
        """A connector's file."""
        return self.connectors / f"{connector_type}.jsonc"

    def text(self, connector_type: str, variant: str) -> str:
        """A connector file's text. No two projects have the same: what is kept once for all would cost nothing."""
        return _TEXT.format(app=self.app_id, type=connector_type, variant=variant)

    def save(self, connector_type: str, variant: str) -> float:
        """Save one file as most editors do, in place; the monotonic time right before."""
        content, file = self.text(connector_type, variant).encode(), self.file(connector_type)
        before = time.monotonic()
        file.write_bytes(content)
        return before

    def edits(self) -> Iterator[tuple[str, str]]:
        """Endless (type, variant): every connector in its turn, and each time another text than the time before."""
        while True:
            for variant in reversed(VARIANTS):
                for connector_type in self.types:
                    yield connector_type, variant


def a_sample(root: Path, number: int, connectors: int) -> Sample:
    """Write the n-th project with so many connectors, all of them as in the first variant."""
    sample = Sample(root, app_id(number), TYPES[:connectors])
    sample.connectors.mkdir(parents=True)
    (root / "base44" / "config.jsonc").write_text('{ "name": "sample" }\n', encoding="utf-8")
    (root / "base44" / ".app.jsonc").write_text(f'{{ "id": "{sample.app_id}" }}\n', encoding="utf-8")
    for connector_type in sample.types:
        sample.file(connector_type).write_text(sample.text(connector_type, VARIANTS[0]), encoding="utf-8")
    return sample
