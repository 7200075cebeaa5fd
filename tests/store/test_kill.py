"""P9: `kill -9` of a real process at any moment leaves each change wholly there, or not at all."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import store as support
from tests.support.store import numbered, numbers_in

from connectord.store import SqliteStore

REPOSITORY = Path(support.__file__).parents[2]
KILLS = 30 if os.environ.get("CONNECTORD_STORM") == "full" else int(os.environ.get("CONNECTORD_STORM") or 5)


def the_writer(path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.store", str(path), *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE
    )


def killed_after(path: Path, first: int, lines: int) -> int:
    """Let the writer say so many lines, kill it, and return the last number that it said."""
    with the_writer(path, str(first)) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    complete = [line for line in said if line.endswith(b"\n")]
    return int(complete[-1])


def check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_p9_a_writer_killed_at_random_moments_leaves_whole_changes_in_order(tmp_path: Path) -> None:
    path, chance, last = tmp_path / "state.db", random.Random(9), 0
    for _ in range(KILLS):
        said = killed_after(path, last + 1, chance.randrange(1, 300))
        check(path)
        store = SqliteStore(path)
        assert (store.trouble, store.opened_with) == (None, None)
        found = numbers_in(store)
        # It may have been killed between the commit and the word.
        assert found in ({said}, {said + 1})
        last = found.pop()
        messages = [row.message for row in store.history(limit=100)]
        expected = [f"{word} {number}" for number in range(last, 0, -1) for word in ("two", "one")]
        assert messages == expected[:100]
        store.close()


@pytest.mark.parametrize(("point", "survives"), [("write.begin", 2), ("write.commit", 2), ("write.committed", 3)])
def test_p9_a_death_at_a_fault_point_loses_no_more_than_the_change_under_way(
    tmp_path: Path, point: str, survives: int
) -> None:
    path = tmp_path / "state.db"
    with the_writer(path, "1", point, "3") as writer:
        assert writer.wait() == -signal.SIGKILL
    store = SqliteStore(path)
    assert numbers_in(store) == {survives}
    store.close()


@pytest.mark.parametrize("point", ["schema.begin", "schema.commit", "schema.committed"])
def test_p9_a_death_while_the_file_is_begun_is_no_damage(tmp_path: Path, point: str) -> None:
    path = tmp_path / "state.db"
    with the_writer(path, "1", point, "1") as writer:
        assert writer.wait() == -signal.SIGKILL
    store = SqliteStore(path)
    assert (store.trouble, store.opened_with) == (None, None)
    store.record(numbered(7))
    assert numbers_in(store) == {7}
    store.close()
