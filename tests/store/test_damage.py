"""What somebody does to the file while it is in use: it shows at the latest at the end, and nothing known is lost."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.store import KEY, numbered, numbers_in

from connectord.store import SqliteStore, StoreTrouble, TroubleKind


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def noise_over(file: Path) -> None:
    with file.open("r+b") as open_file:
        open_file.write(random.Random(7).randbytes(file.stat().st_size))


def garbage(path: Path) -> None:
    noise_over(path)


def a_letter(path: Path) -> None:
    path.write_text("this is a letter to my aunt")


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def garbage_in_the_log(path: Path) -> None:
    noise_over(log_of(path))


def an_emptied_log(path: Path) -> None:
    os.truncate(log_of(path), 0)


def half_a_log(path: Path) -> None:
    os.truncate(log_of(path), log_of(path).stat().st_size // 2)


def a_deleted_log(path: Path) -> None:
    log_of(path).unlink()


def deleted(path: Path) -> None:
    path.unlink()


def everything_deleted(path: Path) -> None:
    for file in path.parent.glob("state.db*"):
        file.unlink()


DONE_TO_IT: list[Callable[[Path], None]] = [
    garbage,
    a_letter,
    emptied,
    deleted,
    everything_deleted,
    garbage_in_the_log,
    an_emptied_log,
    half_a_log,
    a_deleted_log,
]


@pytest.mark.parametrize("folded", [False, True], ids=["in the log", "in the file"])
@pytest.mark.parametrize("spoil", DONE_TO_IT)
def test_after_an_end_in_order_the_file_is_sound_and_has_what_was_known(
    tmp_path: Path, spoil: Callable[[Path], None], folded: bool
) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    for number in range(100):
        store.record(numbered(number))
    if folded:
        assert store.checkpoint() is True
        store.record(numbered(100))
    spoil(path)
    store.record(numbered(201))
    store.record(numbered(202))
    store.close()
    assert store.trouble is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    again = SqliteStore(path)
    assert (again.opened_with, again.trouble) == (None, None)
    assert again.base(KEY)["slack"].scopes == ("scope-202",)
    assert [row.url for row in again.open_authorizations()] == ["https://consent/202"]
    again.close()


def test_damage_that_shows_only_at_the_end_is_told_and_set_aside(tmp_path: Path) -> None:
    path, told = tmp_path / "state.db", list[StoreTrouble | None]()
    store = SqliteStore(path, on_trouble=told.append, now=lambda: 0.0)
    store.record(numbered(1))
    assert store.checkpoint() is True
    garbage(path)
    noise = path.read_bytes()
    store.close()
    assert [trouble and trouble.kind for trouble in told] == [TroubleKind.SET_ASIDE, None]
    assert (tmp_path / "state.db.aside-19700101T000000Z").read_bytes() == noise


def test_an_emptied_file_is_noticed_by_the_next_change(tmp_path: Path) -> None:
    path, told = tmp_path / "state.db", list[StoreTrouble | None]()
    store = SqliteStore(path, on_trouble=told.append)
    store.record(numbered(1))
    assert store.checkpoint() is True
    emptied(path)
    store.record(numbered(2))
    assert "removed or replaced" in str(told[0])
    assert (store.trouble, numbers_in(store)) == (None, {2})
    store.close()


def test_a_log_that_was_cut_off_is_damage_and_no_trouble_for_good(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    for number in range(100):
        store.record(numbered(number))
    assert store._database is not None
    store._database._connection.execute("PRAGMA cache_size = 1")
    an_emptied_log(path)
    store.history(limit=1000)
    assert store.flush() is True
    assert [file.name for file in tmp_path.iterdir() if ".aside-" in file.name and file.name.endswith("Z")] != []
    assert store.base(KEY)["slack"].scopes == ("scope-99",)
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY)["slack"].scopes == ("scope-99",)
    again.close()


def test_a_folder_put_in_its_place_is_left_alone_and_said(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store.record(numbered(1))
    path.unlink()
    path.mkdir()
    store.record(numbered(2))
    assert store.trouble is not None
    assert "is a folder" in store.trouble.what
    path.rmdir()
    assert store.flush() is True
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY)["slack"].scopes == ("scope-2",)
    again.close()
