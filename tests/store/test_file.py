"""What may stand at the file's place: whatever it is, the daemon starts and says what it found."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.store import KEY, Faults, happened, numbered

from connectord.store import BaseEntry, Change, SqliteStore, TroubleKind

SLACK = BaseEntry("slack", ("a",))
ASIDE = "state.db.aside-19700101T000000Z"


def a_state(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(200):
        store.record(numbered(number))
    store.record(Change(KEY, {"slack": SLACK}))
    store.close()


def opened(path: Path) -> SqliteStore:
    return SqliteStore(path, now=lambda: 0.0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_p13_file_and_folder_are_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "state.db"
    before = os.umask(0)
    try:
        store = SqliteStore(path)
        store.accept(KEY, {"slack": SLACK})
        modes = {file.name: mode(file) for file in (path.parent, *path.parent.iterdir())}
    finally:
        os.umask(before)
    assert modes == {"deep": 0o700, "state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
    assert mode(tmp_path / "new") == 0o700
    store.close()


def test_p13_what_is_looser_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "state" / "state.db"
    a_state(path)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    SqliteStore(path).close()
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def nearly_gone(path: Path) -> None:
    os.truncate(path, 50)


def no_database(path: Path) -> None:
    path.write_bytes(b"this is a letter to my aunt\n" * 500)


def a_page_of_noise(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(bytes(range(256)) * 16)


def by_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def newer(path: Path) -> None:
    by_sql(path, "PRAGMA user_version = 99")


def without_a_table(path: Path) -> None:
    by_sql(path, "DROP TABLE base_entries")


def a_strange_value(path: Path) -> None:
    by_sql(path, "UPDATE base_entries SET scopes = 'nonsense'")


def a_value_of_another_shape(path: Path) -> None:
    by_sql(path, "UPDATE base_entries SET scopes = '{}'")


def no_text(path: Path) -> None:
    by_sql(path, "UPDATE base_entries SET file_text = CAST(x'ff' AS TEXT)")


def another_programs(path: Path) -> None:
    path.unlink()
    by_sql(path, "CREATE TABLE projects (x)")


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (cut_off, "is damaged"),
        (nearly_gone, "is damaged"),
        (no_database, "is damaged"),
        (a_page_of_noise, "is damaged"),
        (without_a_table, "is damaged"),
        (a_strange_value, "never wrote"),
        (a_value_of_another_shape, "never wrote"),
        (no_text, "is damaged"),
        (newer, "newer connectord"),
        (another_programs, "another program's"),
    ],
)
def test_an_unfit_file_is_set_aside_whole_and_an_empty_one_is_begun(tmp_path: Path, spoil: object, word: str) -> None:
    path = tmp_path / "state.db"
    a_state(path)
    assert callable(spoil)
    spoil(path)
    content = path.read_bytes()
    store = opened(path)
    assert store.trouble is None
    assert store.opened_with is not None
    assert word in store.opened_with
    assert ASIDE in store.opened_with
    assert store.base(KEY) == {}
    assert (tmp_path / ASIDE).read_bytes()[100:] == content[100:]
    store.accept(KEY, {"slack": SLACK})
    store.close()
    again = opened(path)
    assert (again.opened_with, again.base(KEY)) == (None, {"slack": SLACK})
    again.close()


def test_nothing_that_was_set_aside_before_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for text in (b"first", b"second", b"third"):
        path.write_bytes(text * 200)
        opened(path).close()
    kept = [(tmp_path / f"{ASIDE}{suffix}").read_bytes()[:5] for suffix in ("", "-2", "-3")]
    assert kept == [b"first", b"secon", b"third"]


def test_the_log_goes_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    no_database(path)
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).write_bytes(side.encode())
    store = opened(path)
    assert (tmp_path / f"{ASIDE}-wal").read_bytes() == b"-wal"
    assert (tmp_path / f"{ASIDE}-shm").exists()
    store.close()


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: os.truncate(path, 0)])
def test_a_log_whose_database_is_gone_is_set_aside_too(tmp_path: Path, lose: object) -> None:
    path = tmp_path / "state.db"
    a_state(path)
    path.with_name("state.db-wal").write_bytes(b"a log")
    assert callable(lose)
    lose(path)
    store = opened(path)
    assert "left its log" in str(store.opened_with)
    assert (tmp_path / f"{ASIDE}-wal").read_bytes() == b"a log"
    store.close()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link(path: Path) -> None:
    a_state(path.with_name("real.db"))
    path.symlink_to("real.db")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("put", "word"),
    [(a_folder, "is a folder"), (a_link, "symbolic link"), (a_dangling_link, "symbolic link"), (a_pipe, "no file")],
)
def test_what_is_no_file_is_left_alone_and_state_is_kept_in_memory(tmp_path: Path, put: object, word: str) -> None:
    path = tmp_path / "state.db"
    assert callable(put)
    put(path)
    before = path.lstat().st_ino
    store = opened(path)
    store.accept(KEY, {"slack": SLACK})
    assert store.trouble is not None
    assert store.trouble.kind is TroubleKind.UNUSABLE_PLACE
    assert str(path) in store.trouble.what
    assert word in store.trouble.what
    assert path.lstat().st_ino == before
    path.rmdir() if path.is_dir() else path.unlink()
    assert store.flush() is True
    store.close()
    again = opened(path)
    assert again.base(KEY) == {"slack": SLACK}
    again.close()


def test_a_folder_that_cannot_be_made_is_trouble_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    store = opened(tmp_path / "state" / "state.db")
    assert "Not a directory" in str(store.trouble)
    (tmp_path / "state").unlink()
    store.accept(KEY, {"slack": SLACK})
    assert store.trouble is None
    store.close()


def test_a_place_of_another_user_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path, uid=os.geteuid() + 1)
    assert "belongs to another user" in str(store.trouble)
    assert not path.exists()
    store.close()


def test_a_file_that_cannot_be_renamed_is_left_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    no_database(path)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "rename", refuse)
    store = opened(path)
    assert "can't be renamed (Operation not permitted)" in str(store.trouble)
    monkeypatch.undo()
    assert store.flush() is True
    assert (tmp_path / ASIDE).exists()
    store.close()


def test_damage_that_shows_while_reading_begins_a_new_file_too(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    a_state(path)
    store = opened(path)
    store._ask(lambda database: database._connection.execute("PRAGMA cache_size = 1").fetchall(), [])
    a_page_of_noise(path)
    for _ in range(3):
        store.history(limit=10_000)
    assert (tmp_path / ASIDE).exists()
    assert store.flush() is True
    assert store.base(KEY)["slack"] == SLACK
    store.close()
    again = opened(path)
    assert again.base(KEY)["slack"] == SLACK
    again.close()


def test_ids_of_history_are_never_used_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = opened(path)
    store.record(Change(history=(happened("old", at=0.0),)))
    store.prune(1e9)
    store.close()
    again = opened(path)
    again.record(Change(history=(happened("new"),)))
    assert [row.id for row in again.history()] == [2]
    again.close()


def test_a_second_opening_while_the_first_is_open_is_no_crash(tmp_path: Path) -> None:
    path, faults = tmp_path / "state.db", Faults()
    first = SqliteStore(path)
    second = SqliteStore(path, fault=faults)
    first.accept(KEY, {"slack": SLACK})
    second.accept(KEY, {"box": BaseEntry("box")})
    assert (first.trouble, second.trouble) == (None, None)
    first.close()
    second.close()
