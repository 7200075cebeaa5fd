"""Any sequence of changes, restarts and disk faults leaves the file's store saying what memory's says."""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.store import KEY, Faults, a_job, a_link, happened

from connectord.store import (
    OPEN,
    AbsenceRow,
    BaseEntry,
    Change,
    HoldRow,
    Keep,
    MemoryStore,
    NoticedRow,
    SightingRow,
    SqliteStore,
    Store,
)

ROOTS = (Path("/a"), Path("/a/inner"), Path("/b\udce9"))
KEYS = tuple(replace(KEY, app_id=app, connectors_dir=root / "c") for app in ("1", "2") for root in ROOTS)
KEEP = Keep(seconds=100.0, history_rows=4, jobs=2)

roots = st.sampled_from(ROOTS)
types = st.sampled_from(["slack", "github", "böx"])
words = st.sampled_from(["", "1:2", "é"])
times = st.integers(0, 400).map(float)
configs = st.none() | st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=2)
entries = st.builds(
    BaseEntry,
    type=types,
    scopes=st.lists(st.text()).map(tuple),
    connection_config=configs,
    seen_scopes=st.none() | st.frozensets(st.text()),
    authorized=st.booleans(),
    unsure=st.booleans(),
    told=st.none() | words,
    file_name=st.none() | types,
    file_text=st.none() | st.text(),
)
bases = st.dictionaries(types, st.none() | entries, max_size=3).map(
    lambda found: {name: entry and replace(entry, type=name) for name, entry in found.items()}
)
links = st.builds(
    a_link,
    types,
    st.sampled_from(["u1", "u2"]),
    st.sampled_from([OPEN, "skipped"]),
    project=roots,
    deadline=times,
    dead=st.booleans(),
)
changes = st.builds(
    Change,
    key=st.sampled_from(KEYS),
    base=bases,
    jobs=st.lists(st.builds(a_job, st.sampled_from("12345"), st.just(ROOTS[0]), times), max_size=2).map(tuple),
    authorizations=st.lists(links, max_size=2).map(tuple),
    forgotten_authorizations=st.lists(st.tuples(roots, types), max_size=1).map(tuple),
    holds=st.lists(
        st.builds(HoldRow, roots, st.sampled_from(["x", "y"]), st.just(("slack",)), times, st.none() | times),
        max_size=2,
    ).map(tuple),
    ended_holds=st.lists(st.tuples(roots, st.sampled_from(["x", "y"])), max_size=1).map(tuple),
    sightings=st.lists(st.builds(SightingRow, roots, st.sampled_from(KEYS), words, words), max_size=1).map(tuple),
    absences=st.lists(
        st.builds(AbsenceRow, roots, types, times, words, words, st.booleans(), st.booleans()), max_size=2
    ).map(tuple),
    ended_absences=st.lists(st.tuples(roots, types), max_size=1).map(tuple),
    noticed=st.lists(
        st.builds(
            NoticedRow,
            roots.map(str) | st.just("https://app.base44.com"),
            words,
            types,
            st.text(),
            times,
            st.booleans(),
            st.none() | times,
        ),
        max_size=2,
    ).map(tuple),
    snoozed_until=st.none() | times,
    history=st.lists(st.builds(happened, st.text(), st.none() | roots, times), max_size=3).map(tuple),
)
codes = st.sampled_from(
    [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_MISUSE]
)
points = st.sampled_from(["write.begin", "write.commit", "write.committed"])


def said_by(store: Store) -> list[object]:
    """Everything that a store can be asked."""
    return [
        [store.base(key) for key in KEYS],
        store.projects(),
        store.open_authorizations(),
        store.history(),
        store.history(limit=2, before=5),
        *[(store.jobs(root, 9), store.jobs(root, 1), store.authorizations(root), store.holds(root)) for root in ROOTS],
        *[(store.sighting(root), store.absences(root), store.noticed(str(root))) for root in ROOTS],
        (store.noticed("https://app.base44.com"), store.snoozed_until),
        *[(store.history(root), store.history(root, limit=2, before=4)) for root in ROOTS],
    ]


class TwoStores(RuleBasedStateMachine):
    """The same is done to both; the one with a file also suffers."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "state.db"
        self.faults = Faults()
        self.model = MemoryStore(keep=KEEP)
        self.real = SqliteStore(self.path, fault=self.faults, keep=KEEP)

    @property
    def stores(self) -> tuple[Store, Store]:
        return self.model, self.real

    @rule(change=changes)
    def record(self, change: Change) -> None:
        for store in self.stores:
            store.record(change)

    @rule(root=roots, at=times)
    def add_project(self, root: Path, at: float) -> None:
        assert self.model.add_project(root, at) == self.real.add_project(root, at)

    @rule(root=roots)
    def remove_project(self, root: Path) -> None:
        assert self.model.remove_project(root) == self.real.remove_project(root)

    @rule(root=st.none() | roots, paused=st.booleans())
    def set_paused(self, root: Path | None, paused: bool) -> None:
        for store in self.stores:
            store.set_paused(root, paused)

    @rule(code=codes, point=points)
    def the_disk_breaks(self, code: int, point: str) -> None:
        self.faults.code, self.faults.points = code, (point,)

    @rule()
    def the_disk_works_again(self) -> None:
        self.faults.code = None
        assert self.real.flush() is True
        assert self.real.trouble is None

    @precondition(lambda self: self.faults.code is None)
    @rule()
    def restart(self) -> None:
        self.real.close()
        self.real = SqliteStore(self.path, fault=self.faults, keep=KEEP)
        assert (self.real.trouble, self.real.opened_with) == (None, None)

    @precondition(lambda self: self.faults.code is None)
    @rule(now=times)
    def prune(self, now: float) -> None:
        for store in self.stores:
            store.prune(now)

    @rule()
    def checkpoint(self) -> None:
        self.real.checkpoint()

    @invariant()
    def they_say_the_same(self) -> None:
        assert said_by(self.real) == said_by(self.model)

    def teardown(self) -> None:
        self.faults.code = None
        self.real.close()
        self.folder.cleanup()


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
