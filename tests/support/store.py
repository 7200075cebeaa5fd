"""Rows and faults for tests of the store, and the writer that is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from connectord.store import (
    OPEN,
    AuthorizationRow,
    BaseEntry,
    BaseKey,
    Change,
    HistoryRow,
    HoldRow,
    JobRow,
    SqliteStore,
)

ROOT = Path("/home/her/shop")
KEY = BaseKey("https://app.base44.com", "0123456789abcdef01234567", ROOT / "base44/connectors")


def happened(message: str, project: Path | None = ROOT, at: float = 1000.0) -> HistoryRow:
    return HistoryRow(None, at, project, "pushed", message)


def a_link(
    name: str = "slack",
    url: str = "https://consent/1",
    state: str = OPEN,
    project: Path = ROOT,
    deadline: float = 1120.0,
    *,
    dead: bool = False,
) -> AuthorizationRow:
    return AuthorizationRow(
        project, name, url, None, ("chat:write",), deadline - 120, deadline, state, False, KEY.app_id, KEY.api_url, dead
    )


def a_hold(reason: str = "mass-removal", project: Path = ROOT) -> HoldRow:
    return HoldRow(project, reason, ("slack", "github"), 1000.0)


def a_job(name: str, project: Path = ROOT, queued_at: float = 1000.0) -> JobRow:
    return JobRow(name, project, "save", ("slack",), queued_at)


class Faults:
    """A fault hook: raises an error of SQLite's at the named points while `code` is set, and lists what it passed."""

    def __init__(self, *points: str) -> None:
        self.points = points or ("write.begin",)
        self.code: int | None = None
        self.passed: list[str] = []

    def __call__(self, point: str) -> None:
        self.passed.append(point)
        if self.code is not None and point in self.points:
            raise broken(self.code)


def broken(code: int) -> sqlite3.OperationalError:
    """An error as the module raises it."""
    error = sqlite3.OperationalError("made up by a test")
    error.sqlite_errorcode = code
    return error


def numbered(number: int) -> Change:
    """A change that leaves its number in every table, so that half of one shows."""
    entry, odd = BaseEntry("slack", (f"scope-{number}",), file_text="x" * (number % 3000)), f"odd-{number % 7}"
    url = f"https://consent/{number}"
    return Change(
        KEY,
        {"slack": entry, odd: replace(entry, type=odd) if number % 2 else None},
        jobs=(a_job(f"job-{number}", queued_at=number),),
        authorizations=(a_link(url=url),),
        holds=(HoldRow(ROOT, "mass-removal", (f"type-{number}",), number),),
        history=(happened(f"one {number}", at=number), happened(f"two {number}", at=number)),
    )


def numbers_in(store: SqliteStore) -> set[int]:
    """The last number in each table; the same everywhere if no change was cut in two."""
    found = [
        store.base(KEY)["slack"].scopes[0].rpartition("-")[2],
        store.jobs(ROOT, 1)[0].id.rpartition("-")[2],
        store.open_authorizations()[0].url.rpartition("/")[2],
        store.holds(ROOT)[0].types[0].rpartition("-")[2],
        *[row.message.split()[1] for row in store.history(limit=2)],
    ]
    return {int(number) for number in found}


def write_for_ever(path: Path, first: int, said: Callable[[str], object]) -> None:
    """Record numbered changes, saying each number when it is done; takes the log over now and then."""
    store = SqliteStore(path)
    number = first
    while True:
        store.record(numbered(number))
        said(f"{number}\n")
        if number % 50 == 0:
            store.checkpoint()
            store.prune(float(number))
        number += 1


def die_at(point: str, times: int) -> Callable[[str], None]:
    """A fault hook that kills its own process the n-th time it comes to a point."""
    left = [times]

    def fault(passed: str) -> None:
        left[0] -= passed == point
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


if __name__ == "__main__":
    where, begin, *how = sys.argv[1:]
    if how:
        dying = SqliteStore(Path(where), fault=die_at(how[0], int(how[1])))
        for count in range(int(begin), int(begin) + 10):
            dying.record(numbered(count))
    else:
        write_for_ever(Path(where), int(begin), lambda line: os.write(1, line.encode()))
