"""A disk that can't take what is recorded: visible, not a crash, and nothing is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.store import KEY, ROOT, Faults, a_hold, a_job, a_link, broken, happened

from connectord.store import BaseEntry, Change, SqliteStore, StoreTrouble, TroubleKind
from connectord.store.backlog import MOST_HISTORY, MOST_JOBS

SLACK = BaseEntry("slack", ("a",))


class Told:
    """What on_trouble was called with."""

    def __init__(self) -> None:
        self.all: list[StoreTrouble | None] = []

    def __call__(self, trouble: StoreTrouble | None) -> None:
        self.all.append(trouble)

    @property
    def kinds(self) -> list[TroubleKind | None]:
        return [None if trouble is None else trouble.kind for trouble in self.all]


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (sqlite3.SQLITE_FULL, TroubleKind.FULL, "the disk is full"),
        (sqlite3.SQLITE_READONLY, TroubleKind.READ_ONLY, "read-only"),
        (sqlite3.SQLITE_IOERR_FSYNC, TroubleKind.OTHER, "the disk reports an error"),
        (sqlite3.SQLITE_CANTOPEN, TroubleKind.UNUSABLE_PLACE, "can't be opened"),
        (sqlite3.SQLITE_MISUSE, TroubleKind.OTHER, "made up by a test"),
    ],
)
@pytest.mark.parametrize("point", ["write.begin", "write.commit", "write.committed"])
def test_what_cannot_be_written_is_kept_told_once_and_written_later(
    tmp_path: Path, code: int, kind: TroubleKind, word: str, point: str
) -> None:
    told, faults, path = Told(), Faults(point), tmp_path / "state.db"
    store = SqliteStore(path, on_trouble=told, fault=faults)
    store.record(Change(history=(happened("before"),)))
    faults.code = code
    store.record(Change(KEY, {"slack": SLACK}, jobs=(a_job("1"),), history=(happened("one"),)))
    store.record(Change(jobs=(a_job("2"),), authorizations=(a_link(),), holds=(a_hold(),), history=(happened("two"),)))
    assert store.flush() is False
    assert told.kinds == [kind]
    assert str(path) in str(store.trouble)
    assert word in str(store.trouble)
    assert [row.message for row in store.history()] == ["two", "one", "before"]
    assert [job.id for job in store.jobs(ROOT, 9)] == ["2", "1"]
    faults.code = None
    assert store.flush() is True
    assert (store.trouble, told.kinds) == (None, [kind, None])
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK}
    assert [row.message for row in again.history()] == ["two", "one", "before"]
    assert (len(again.jobs(ROOT, 9)), len(again.holds(ROOT)), len(again.open_authorizations())) == (2, 1, 1)
    again.close()


def test_the_backlog_goes_in_one_transaction_with_the_next_write(tmp_path: Path) -> None:
    faults = Faults()
    store = SqliteStore(tmp_path / "state.db", fault=faults)
    faults.code = sqlite3.SQLITE_FULL
    for number in range(5):
        store.record(Change(history=(happened(f"{number}"),)))
    faults.code = None
    faults.passed.clear()
    store.record(Change(history=(happened("5"),)))
    assert faults.passed == ["write.begin", "write.commit", "write.committed"]
    assert [row.message for row in store.history()] == ["5", "4", "3", "2", "1", "0"]
    store.close()


def test_another_kind_of_trouble_is_told_too(tmp_path: Path) -> None:
    told, faults = Told(), Faults()
    store = SqliteStore(tmp_path / "state.db", on_trouble=told, fault=faults)
    for faults.code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_READONLY):
        store.record(Change(history=(happened("x"),)))
    faults.code = None
    store.close()
    assert told.kinds == [TroubleKind.FULL, TroubleKind.READ_ONLY, None]


def test_who_is_told_may_record_something(tmp_path: Path) -> None:
    faults = Faults()
    stores: list[SqliteStore] = []

    def tell(trouble: StoreTrouble | None) -> None:
        stores[0].record(Change(history=(happened("trouble" if trouble else "over"),)))

    store = SqliteStore(tmp_path / "state.db", on_trouble=tell, fault=faults)
    stores.append(store)
    faults.code = sqlite3.SQLITE_FULL
    store.record(Change(history=(happened("x"),)))
    faults.code = None
    assert store.flush() is True
    assert [row.message for row in store.history()] == ["over", "trouble", "x"]
    store.close()


def test_what_waits_in_memory_is_bounded_and_base_is_not_dropped(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)  # a folder: nothing can be written
    for number in range(MOST_HISTORY + 10):
        store.record(Change(KEY, {"slack": SLACK}, jobs=(a_job(f"{number}"),), history=(happened(f"{number}"),)))
    assert len(store.history(limit=MOST_HISTORY * 2)) == MOST_HISTORY
    assert len(store.jobs(ROOT, MOST_JOBS * 2)) == MOST_JOBS
    assert store.history(limit=1)[0].message == f"{MOST_HISTORY + 9}"
    assert store.base(KEY) == {"slack": SLACK}
    store.close()


def test_a_disk_that_is_really_full_is_trouble_until_there_is_space(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    assert store._database is not None
    connection = store._database._connection
    connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size: not a page more
    for _ in range(40):
        store.record(Change(history=(happened("x" * 4000),)))
    assert store.trouble is not None
    assert store.trouble.kind is TroubleKind.FULL
    connection.execute("PRAGMA max_page_count = 100000")
    assert store.flush() is True
    assert len(store.history(limit=100)) == 40
    store.close()


def test_a_locked_database_is_trouble_until_the_other_process_lets_go(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.record(Change(KEY, {"slack": SLACK}))
        assert store.trouble is not None
        assert store.trouble.kind is TroubleKind.LOCKED
        other.execute("ROLLBACK")
    assert store.flush() is True
    store.close()


def test_a_database_that_is_locked_at_the_opening_is_joined_later(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = SqliteStore(path)
    first.record(Change(KEY, {"slack": SLACK, "github": BaseEntry("github")}, history=(happened("old"),)))
    first.add_project(Path("/left"), 1.0)
    first.accept(KEY, {"slack": SLACK})
    first.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM holds")
        store = SqliteStore(path)
        assert store.trouble is not None
        assert store.trouble.kind is TroubleKind.LOCKED
        store.record(Change(KEY, {"github": None, "box": BaseEntry("box")}, history=(happened("new"),)))
        store.remove_project(Path("/left"))
        other.execute("ROLLBACK")
    assert store.flush() is True
    assert store.base(KEY) == {"slack": SLACK, "box": BaseEntry("box")}
    assert store.projects() == ()
    assert [(row.id, row.message) for row in store.history()] == [(2, "new"), (1, "old")]
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK, "box": BaseEntry("box")}
    assert again.projects() == ()
    again.close()


def test_a_value_that_no_column_takes_is_trouble_and_no_reason_to_set_the_file_aside(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    store.accept(KEY, {"slack": BaseEntry("slack", connection_config={"bad": object()})})
    assert "not JSON serializable" in str(store.trouble)
    store.accept(KEY, {"slack": SLACK})
    assert store.trouble is None
    assert [file.name for file in tmp_path.iterdir() if ".aside-" in file.name] == []
    store.close()


def test_a_strange_value_that_shows_while_reading_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store.record(Change(KEY, {"slack": SLACK}, jobs=(a_job("1"),)))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE jobs SET types = 'nonsense'")
    assert store.jobs(ROOT, 1) == ()
    assert len([file for file in tmp_path.iterdir() if file.name.endswith("Z")]) == 1
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK}
    again.close()


def test_a_read_that_fails_is_trouble_and_says_what_memory_knows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    store.record(Change(history=(happened("written"),)))
    assert store._database is not None
    store._database._connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    assert store.history() == ()
    assert store.trouble is not None
    assert store.flush() is True
    assert len(store.history()) == 1
    store.close()


def test_pruning_waits_until_the_trouble_is_over(tmp_path: Path) -> None:
    faults = Faults()
    store = SqliteStore(tmp_path / "state.db", fault=faults)
    store.record(Change(history=(happened("old", at=0.0),)))
    faults.code = sqlite3.SQLITE_FULL
    store.record(Change(history=(happened("new", at=1e9),)))
    store.prune(1e9)
    assert [row.message for row in store.history()] == ["new", "old"]
    faults.code = None
    store.prune(1e9)
    assert [row.message for row in store.history()] == ["new"]
    store.close()


def test_a_prune_that_breaks_off_is_trouble_until_the_next_write(tmp_path: Path) -> None:
    told, faults = Told(), Faults("prune.commit")
    store = SqliteStore(tmp_path / "state.db", fault=faults, on_trouble=told)
    faults.code = sqlite3.SQLITE_FULL
    store.prune(1e9)
    assert store.trouble is not None
    store.record(Change(history=(happened("new", at=1e9),)))
    assert told.kinds == [TroubleKind.FULL, None]
    store.close()


def test_a_change_after_the_end_is_a_mistake_that_shows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    store.close()
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.accept(KEY, {"slack": SLACK})


def test_a_checkpoint_takes_the_log_over_and_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    for number in range(50):
        store.record(Change(history=(happened(f"{number}"),)))
    size = (tmp_path / "state.db").stat().st_size
    assert store.checkpoint() is True
    assert (tmp_path / "state.db").stat().st_size > size
    store.close()


def test_a_checkpoint_of_nothing_is_not_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    assert store.checkpoint() is False
    store.close()


def test_a_damage_found_while_writing_begins_a_new_file_with_what_memory_holds(tmp_path: Path) -> None:
    told, path = Told(), tmp_path / "state.db"
    damaged = [False]

    def fault(point: str) -> None:
        if damaged[0] and point == "write.begin":
            damaged[0] = False
            raise broken(sqlite3.SQLITE_CORRUPT_INDEX)

    store = SqliteStore(path, on_trouble=told, fault=fault, now=lambda: 0.0)
    store.add_project(ROOT, 1.0)
    store.record(Change(KEY, {"slack": SLACK}, authorizations=(a_link(),), holds=(a_hold(),)))
    damaged[0] = True
    store.record(Change(history=(happened("after"),)))
    assert told.kinds == [TroubleKind.SET_ASIDE, None]
    assert "state.db.aside-19700101T000000Z" in str(told.all[0])
    assert (tmp_path / "state.db.aside-19700101T000000Z").exists()
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK}
    assert (len(again.projects()), len(again.open_authorizations()), len(again.holds(ROOT))) == (1, 1, 1)
    again.close()


def test_a_disk_that_damages_everything_is_not_filled_with_damaged_files(tmp_path: Path) -> None:
    faults = Faults()
    store = SqliteStore(tmp_path / "state.db", fault=faults)
    faults.code = sqlite3.SQLITE_CORRUPT
    for _ in range(10):
        store.accept(KEY, {"slack": SLACK})
    assert store.trouble is not None
    assert "again and again" in store.trouble.what
    assert len([file for file in tmp_path.iterdir() if ".aside-" in file.name and file.name.endswith("Z")]) <= 3
    assert store.base(KEY) == {"slack": SLACK}
    store.close()


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.rename(path.with_name("elsewhere"))])
def test_a_file_that_is_removed_while_in_use_is_begun_anew(tmp_path: Path, lose: Callable[[Path], object]) -> None:
    told, path = Told(), tmp_path / "state.db"
    store = SqliteStore(path, on_trouble=told)
    store.accept(KEY, {"slack": SLACK})
    lose(path)
    store.accept(KEY, {"box": BaseEntry("box")})
    assert told.kinds == [TroubleKind.SET_ASIDE, None]
    assert "removed or replaced" in str(told.all[0])
    store.close()
    again = SqliteStore(path)
    assert again.base(KEY) == {"slack": SLACK, "box": BaseEntry("box")}
    again.close()
