"""Projects that were pushed long ago, written into a state by the connectord that is measured: an older one knows no
newer database. Run by its own Python, so this imports nothing else of ours.

`python remember.py FILE` with JSON on stdin: a list of (root, host, app, connectors directory, entries), each entry a
list of (type, scopes, granted scopes, file name, text).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from connectord.store import BaseEntry, BaseKey, SqliteStore

Entry = tuple[str, list[str], list[str], str, str]
Remembered = tuple[str, str, str, str, list[Entry]]


def main(file: Path, projects: list[Remembered]) -> None:
    """Register the projects, and accept their entries."""
    store = SqliteStore(file)
    for root, host, app, directory, entries in projects:
        store.add_project(Path(root), time.time())
        store.accept(BaseKey(host, app, Path(directory)), {entry[0]: _entry(*entry) for entry in entries})
    store.close()


def _entry(name: str, scopes: list[str], granted: list[str], file_name: str, text: str) -> BaseEntry:
    return BaseEntry(
        name,
        tuple(scopes),
        seen_scopes=frozenset(granted),
        authorized=True,
        file_name=file_name,
        file_text=text,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin))
