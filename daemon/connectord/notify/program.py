"""One run of somebody else's program: a text in, a bounded text out, a time limit, no shell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

TIME_LIMIT: Final = 10.0
OUTPUT_LIMIT: Final = 2048
"""Bytes of what it prints that are kept; it may print as much as it likes."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program, its arguments, and what it gets on standard input."""

    words: tuple[str, ...]
    text: str = ""


class ProgramFailed(Exception):
    """It couldn't be started, took too long, or ended with another code than 0. `why` is a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def run_program(invocation: Invocation, time_limit: float = TIME_LIMIT) -> None:
    """Run it to its end. Raises ProgramFailed. What it has started is ended with it when its time is up."""
    name = invocation.words[0]
    try:
        with _output() as (output, heard):
            code = await _run(invocation, output, time_limit)
    except TimeoutError as error:
        raise ProgramFailed(f"{name} has not ended within {time_limit:.0f} s{_said(heard)}") from error
    except (OSError, ValueError) as error:  # ValueError: a word with a null character
        raise ProgramFailed(f"{name} could not be started: {error}") from error
    if code:
        raise ProgramFailed(f"{name} ended with code {code}{_said(heard)}")


async def _run(invocation: Invocation, output: int, time_limit: float) -> int | None:
    process = await asyncio.create_subprocess_exec(
        *invocation.words, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
    )
    try:
        async with asyncio.timeout(time_limit):
            await process.communicate(invocation.text.encode())
    finally:
        await _end(process)
    return process.returncode


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@contextmanager
def _output() -> Iterator[tuple[int, bytearray]]:
    """A pipe to write to, and what came out of it so far.

    Not asyncio's: it would wait for the pipe's other end, which a program in the background may hold open for hours.
    """
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    heard = bytearray()
    loop.add_reader(reading, _read, reading, heard)
    try:
        yield writing, heard
    finally:
        loop.remove_reader(reading)
        os.close(writing)
        _read(reading, heard)
        os.close(reading)


def _read(reading: int, heard: bytearray) -> None:
    with contextlib.suppress(BlockingIOError):
        chunk = os.read(reading, 65_536)
        heard += chunk[: OUTPUT_LIMIT - len(heard)]


def _said(heard: bytearray) -> str:
    text = " ".join(heard.decode(errors="replace").split())
    return f': "{text}"' if text else ""
