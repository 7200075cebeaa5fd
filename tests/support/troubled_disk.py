"""Runs connectord with a state database on a bad disk: `troubled_disk.py FILE … -m connectord ARGUMENTS`.

FILE has a pragma, which SQLite is told before whatever else it is asked: with `max_page_count = 1` there is no room for
a page more than there are, with `query_only = 1` nothing can be written. So the errors are SQLite's own, and nobody
needs the right to mount anything.
"""

from __future__ import annotations

import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import Any


class TroubledConnection(sqlite3.Connection):
    """A connection that reads FILE before each statement."""

    pragma: Path

    def execute(self, sql: str, /, *parameters: Any) -> sqlite3.Cursor:
        """The statement, on the disk as it is now."""
        super().execute(f"PRAGMA {self.pragma.read_text(encoding='ascii')}")
        return super().execute(sql, *parameters)


def main() -> None:
    """Change how connections are made before anybody makes one."""
    TroubledConnection.pragma = Path(sys.argv[1])
    sqlite3.connect = partial(sqlite3.connect, factory=TroubledConnection)  # type: ignore[assignment]  # the trouble
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]
    from connectord.cli import main as connectord  # noqa: PLC0415  (after the change)

    connectord()


if __name__ == "__main__":
    main()
