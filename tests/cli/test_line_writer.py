"""Lines that keep nobody waiting: an unread pipe, a reader that went, a full disk, a closed terminal."""

from __future__ import annotations

import os
import pty
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from connectord.cli.line_writer import LineWriter

LONG = "x" * 1_000


def gap(lines: int) -> str:
    return f"({lines} lines are missing)"


class Trouble:
    """What was told, and a way to wait for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.arrived = threading.Event()

    def hear(self, sentence: str) -> None:
        self.told.append(sentence)
        self.arrived.set()


@contextmanager
def a_pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        for descriptor in (reading, writing):
            with suppress(OSError):
                os.close(descriptor)


def all_of(descriptor: int) -> list[str]:
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return file.read().splitlines()


def test_lines_arrive_whole_and_in_order() -> None:
    with a_pipe() as (reading, writing):
        writer = LineWriter(writing, gap=gap, on_trouble=pytest.fail)
        for number in range(20):
            writer.write(f"grüß dich {number}")
        writer.close()
        os.close(writing)
        assert all_of(reading) == [f"grüß dich {number}" for number in range(20)]


def test_a_pipe_that_nobody_reads_blocks_nobody_and_what_is_lost_is_counted() -> None:
    with a_pipe() as (reading, writing):
        writer = LineWriter(writing, gap=gap, on_trouble=pytest.fail, limit=10)
        for number in range(500):
            writer.write(f"{number} {LONG}")
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.extend(all_of(os.dup(reading))))
        reader.start()
        writer.close(patience=20)
        os.close(writing)
        reader.join()
    kept = [line for line in read if line.endswith(LONG)]
    assert 10 <= len(kept) < 500
    assert [line.split()[0] for line in kept] == [str(number) for number in range(len(kept))]
    assert read[len(kept) :] == [gap(500 - len(kept))]


def test_the_end_does_not_wait_for_a_reader_that_never_comes() -> None:
    with a_pipe() as (reading, writing):
        trouble = Trouble()
        writer = LineWriter(writing, gap=gap, on_trouble=trouble.hear)
        for _ in range(200):
            writer.write(LONG)
        writer.close(patience=0.01)
        assert os.read(reading, 5) == b"xxxxx"
        os.close(reading)
        assert trouble.arrived.wait(20)


def test_a_pipe_that_another_program_set_not_to_block_gets_every_line() -> None:
    with a_pipe() as (reading, writing):
        os.set_blocking(writing, False)
        writer = LineWriter(writing, gap=gap, on_trouble=pytest.fail)
        for _ in range(200):
            writer.write(LONG)
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.extend(all_of(os.dup(reading))))
        reader.start()
        writer.close(patience=20)
        os.close(writing)
        reader.join()
    assert read == [LONG] * 200


def a_closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def a_closed_terminal() -> int:
    reading, writing = pty.openpty()
    os.close(reading)
    return writing


@pytest.mark.parametrize("make", [a_closed_pipe, a_closed_terminal])
def test_a_reader_that_went_away_is_told_once_and_ends_nothing(make: Callable[[], int]) -> None:
    trouble, descriptor = Trouble(), make()
    writer = LineWriter(descriptor, gap=gap, on_trouble=trouble.hear)
    writer.write("one")
    assert trouble.arrived.wait(20)
    writer.write("two")
    writer.close()
    os.close(descriptor)
    assert len(trouble.told) == 1
    assert trouble.told[0].startswith("Nobody reads what is said here any more (")


def test_a_full_disk_is_told_once_and_ends_nothing() -> None:
    trouble, descriptor = Trouble(), os.open("/dev/full", os.O_WRONLY)
    writer = LineWriter(descriptor, gap=gap, on_trouble=trouble.hear)
    for _ in range(5):
        writer.write("lost")
    writer.close()
    os.close(descriptor)
    assert trouble.told == [
        "What is said here can't be written: No space left on device. Lines are being lost; the log has them."
    ]


def test_after_a_full_disk_lines_are_whole_again_and_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble, room = Trouble(), 10
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if descriptor != file.fileno():
            return real(descriptor, data)
        if not room and not trouble.told:
            raise OSError(28, "No space left on device")
        written = real(descriptor, data if trouble.told else data[:room])
        room = max(0, room - written)
        return written

    with (tmp_path / "out").open("wb") as file, monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        writer = LineWriter(file.fileno(), gap=gap, on_trouble=trouble.hear)
        writer.write("a line that finds half its room")
        assert trouble.arrived.wait(20)
        writer.write("whole")
        writer.close()
    assert (tmp_path / "out").read_text().splitlines() == ["a line tha", gap(1), "whole"]
