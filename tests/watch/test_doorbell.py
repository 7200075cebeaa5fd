"""The watcher sleeps until the kernel rings: what rings, what doesn't, and that nothing waits in vain."""

from __future__ import annotations

import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.watch import Batch
from watchfiles import Change

from connectord.sync import Settle
from connectord.watch.doorbell import Doorbell
from connectord.watch.subscription import AWAKE_SECONDS, LONGEST_WAIT, STEP_MS, PatientStop, file_events

WITHIN = 30.0
LINUX_ONLY = pytest.mark.skipif(os.uname().sysname != "Linux", reason="other operating system: inotify is Linux's")

WAYS: dict[str, Callable[[Path], object]] = {
    "written in place": lambda file: file.write_text("other"),
    "cut off": lambda file: os.truncate(file, 1),
    "replaced": lambda file: (file.parent / "new").rename(file),
    "deleted": lambda file: file.unlink(),
    "made": lambda file: file.with_name("another").touch(),
    "moved away": lambda file: file.rename(file.parent.parent / "elsewhere"),
    "allowed to others": lambda file: file.chmod(0o644),
    "the folder itself moved": lambda file: file.parent.rename(file.parent.with_name("moved")),
    "the folder itself deleted": lambda file: shutil.rmtree(file.parent),
}


@contextmanager
def a_bell(*directories: Path) -> Iterator[Doorbell]:
    bell = Doorbell.hang([str(directory) for directory in directories])
    assert bell is not None
    try:
        yield bell
    finally:
        bell.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder, with another one beside it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "new").write_text("new")
    (folder / "file").write_text("old")
    (folder / "file").chmod(0o600)
    return folder / "file"


class Stop:
    """Whether to end, as a source is asked; `asked` counts how often it was."""

    def __init__(self) -> None:
        self.wanted = False
        self.asked = 0
        self.first = threading.Event()
        self.calls: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        self.asked += 1
        wanted = self.wanted
        self.first.set()  # who waits for this has not been heard by this question any more
        return wanted

    def when_set(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def set(self) -> None:
        self.wanted = True
        for call in self.calls:
            call()


class ABell:
    """Rings when the test says so; `waits` gets one item for each time that somebody begins to wait."""

    def __init__(self) -> None:
        self.waits: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.rings: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def wait(self, seconds: float) -> bool:
        self.waits.put(seconds)
        return self.rings.get(timeout=WITHIN)


@LINUX_ONLY
@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_change_rings(way: str, file: Path) -> None:
    with a_bell(file.parent) as bell:
        WAYS[way](file)
        assert bell.wait(WITHIN)


@LINUX_ONLY
def test_reading_a_project_does_not_ring(file: Path) -> None:
    with a_bell(file.parent) as bell:
        file.read_text()
        list(file.parent.iterdir())
        file.stat()
        assert not bell.wait(0)


@LINUX_ONLY
def test_it_is_silent_again_after_it_was_heard(file: Path) -> None:
    with a_bell(file.parent) as bell:
        for number in range(500):
            file.with_name(f"a name that is long enough to fill the kernel's list {number}").touch()
        assert bell.wait(WITHIN)
        assert not bell.wait(0)


@LINUX_ONLY
def test_a_change_in_any_of_many_directories_rings(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir()
    with a_bell(*folders) as bell:
        for folder in folders:
            (folder / "file").touch()
            assert bell.wait(WITHIN)


@LINUX_ONLY
def test_a_ring_by_hand_wakes_for_good_and_after_the_end_it_is_nothing(tmp_path: Path) -> None:
    with a_bell(tmp_path) as bell:
        bell.ring()
        assert bell.wait(WITHIN)
        assert bell.wait(WITHIN)
    bell.ring()
    bell.close()


@LINUX_ONLY
def test_there_is_no_bell_for_a_folder_that_is_not_there_and_nothing_stays_open(tmp_path: Path) -> None:
    before = open_files()
    assert Doorbell.hang([str(tmp_path), str(tmp_path / "none")]) is None
    assert open_files() <= before


@LINUX_ONLY
def test_there_is_no_bell_where_the_system_gives_no_more_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: int) -> int:
        raise OSError(24, "Too many open files")

    before = open_files()
    monkeypatch.setattr(os, "eventfd", none_left)
    assert Doorbell.hang([str(tmp_path)]) is None
    assert open_files() <= before


def test_there_is_no_bell_on_other_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert Doorbell.hang([str(tmp_path)]) is None


def test_p14_while_nothing_rings_nobody_looks() -> None:
    stop, bell = Stop(), ABell()
    patient = PatientStop(stop, bell)
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    looking = threading.Thread(target=lambda: answers.put(patient.is_set()))
    looking.start()
    assert bell.waits.get(timeout=WITHIN) == LONGEST_WAIT
    assert (stop.asked, answers.empty()) == (1, True)
    bell.rings.put(True)
    assert answers.get(timeout=WITHIN) is False
    looking.join(WITHIN)


@dataclass
class Hour:
    """Time that passes while somebody waits for a bell, and one step at each look; the bell rings at `rings_at`."""

    now: float = 0.0
    rings_at: float = -1.0
    wakes: int = 0

    def wait(self, seconds: float) -> bool:
        before, self.now = self.now, self.now + seconds
        self.wakes += 1
        return before <= self.rings_at < self.now

    def looks(self) -> int:
        patient, looks = PatientStop(Stop(), self, clock=lambda: self.now), 0
        while self.now < 3600:
            patient.is_set()
            looks += 1
            self.now += STEP_MS / 1000
        return looks


def test_p14_an_hour_without_changes_is_a_look_every_five_seconds() -> None:
    assert Hour().looks() <= 3600 / 5


def test_p14_a_change_keeps_it_looking_for_two_seconds_at_most() -> None:
    hour = Hour(rings_at=1800.0)
    assert hour.looks() <= 3600 / 5 + 2.0 / (STEP_MS / 1000)
    assert STEP_MS >= 5


def test_after_a_ring_it_looks_at_every_step_for_a_while_and_then_waits_again() -> None:
    now, bell = [100.0], ABell()
    patient = PatientStop(Stop(), bell, clock=lambda: now[0])
    bell.rings.put(True)
    asked = [patient.is_set() for _ in range(50)]
    assert (asked, bell.waits.qsize()) == ([False] * 50, 1)
    now[0] += AWAKE_SECONDS
    bell.rings.put(False)
    patient.is_set()
    assert bell.waits.qsize() == 2


def test_while_changes_come_it_looks_at_every_step_whether_they_rang_or_not() -> None:
    now, bell = [100.0], ABell()
    patient = PatientStop(Stop(), bell, clock=lambda: now[0])
    bell.rings.put(False)
    for _ in range(50):
        patient.is_set()
        patient.stay_awake()
        now[0] += AWAKE_SECONDS / 2
    assert bell.waits.qsize() == 1


def test_p1_a_change_that_did_not_ring_is_looked_for_all_the_same() -> None:
    bell = ABell()
    patient = PatientStop(Stop(), bell)
    for _ in range(3):
        bell.rings.put(False)
        assert patient.is_set() is False
    assert bell.waits.qsize() == 3


@pytest.mark.parametrize("belled", [True, False])
def test_the_end_comes_at_once_although_nothing_happens(
    belled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not belled:
        monkeypatch.setattr(Doorbell, "hang", lambda _: None)
    monkeypatch.setattr("connectord.watch.subscription.LONGEST_WAIT", 10 * WITHIN)
    stop = Stop()
    watching = threading.Thread(target=lambda: list(file_events((str(tmp_path),), stop)))
    watching.start()
    assert stop.first.wait(WITHIN)
    stop.set()
    watching.join(WITHIN)
    assert not watching.is_alive()


@pytest.mark.parametrize("belled", [True, False])
def test_a_change_is_told_with_a_bell_and_without(belled: bool, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not belled:
        monkeypatch.setattr(Doorbell, "hang", lambda _: None)
    stop, batches = Stop(), queue.SimpleQueue[Batch]()

    def watch() -> None:
        for batch in file_events((str(file.parent),), stop):
            batches.put(batch)

    watching = threading.Thread(target=watch)
    watching.start()
    assert stop.first.wait(WITHIN)  # the first question comes when it is subscribed
    file.write_text("other")
    told = batches.get(timeout=WITHIN)
    stop.set()
    watching.join(WITHIN)
    assert str(file) in {path for _, path in told}


@pytest.mark.parametrize("belled", [True, False])
def test_changes_without_a_pause_are_told_all_the_time_and_not_when_they_are_over(
    belled: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that was held back would look like an end of them to whoever waits for one (sync/timing.py)."""
    asked: list[dict[str, object]] = []

    def one_batch(*directories: str, **options: object) -> Iterator[Batch]:
        asked.append(options)
        yield {(Change.modified, directories[0])}

    if not belled:
        monkeypatch.setattr(Doorbell, "hang", lambda _: None)
    monkeypatch.setattr("connectord.watch.subscription.watch", one_batch)
    assert len(list(file_events((str(file.parent),), Stop()))) == 1
    # watchfiles tells with the second step at the latest, and a millisecond after its debounce.
    assert asked[0]["debounce"] == 0
    assert Settle().quiet > 2 * STEP_MS / 1000
