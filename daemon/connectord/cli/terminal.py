"""A person at a terminal: questions, the Esc key, and a line that shows that something is going on.

Nothing here blocks the loop, so Ctrl-C and SIGTERM reach a command that waits for an answer, and every way out
gives the terminal back as it was.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import termios
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from connectord.cli.output import CLEAR_LINE, Output, printable, put

ESC: Final = b"\x1b"
ESC_DELAY: Final = 0.05
"""Seconds after which an Esc byte is the key and not the start of an arrow key's sequence."""

FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS: Final = 0.1


async def confirm(question: str, *, default: bool) -> bool:
    """Ask a yes-or-no question. An empty line is the default; the end of the input is a no."""
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        put(f"{printable(question)} {choices} ")
        line = await _line()
        if not line:
            put("\n")
            return False
        answer = line.strip().lower()
        if not answer:
            return default
        if answer in {"y", "yes", "n", "no"}:
            return answer.startswith("y")
        put('Please answer "y" or "n".\n')


@contextmanager
def on_escape(pressed: Callable[[], None]) -> Iterator[None]:
    """Call `pressed` at each Esc while the block runs; Ctrl-C stays Ctrl-C. Other keys do nothing."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()
    waiting: asyncio.TimerHandle | None = None

    def read() -> None:
        nonlocal waiting
        if waiting is not None:
            waiting.cancel()
            waiting = None
        keys = _read(terminal)
        if not keys:
            loop.remove_reader(terminal)
        elif not keys.strip(ESC):  # pressed more than once, perhaps; an arrow key has more than Esc in it
            waiting = loop.call_later(ESC_DELAY, pressed)

    tty.setcbreak(terminal, termios.TCSADRAIN)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        if waiting is not None:
            waiting.cancel()
        loop.remove_reader(terminal)
        with suppress(termios.error):  # where the terminal went away there is nothing to give back
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@asynccontextmanager
async def spinner(text: str, output: Output) -> AsyncIterator[None]:
    """Show `text` with a turning sign on one line of the terminal; the line is gone afterwards."""
    turning = asyncio.create_task(_turn(printable(text)), name="spinner")
    output.spinning = True
    try:
        yield
    finally:
        output.spinning = False
        turning.cancel()
        put(CLEAR_LINE)


async def _turn(text: str) -> None:
    width = shutil.get_terminal_size().columns - 3
    while True:
        for frame in FRAMES:
            put(f"\r{frame} {text[:width]}")
            await asyncio.sleep(FRAME_SECONDS)


async def _line() -> str:
    """One line from the terminal, with its newline; empty at the end of the input."""
    loop = asyncio.get_running_loop()
    terminal = sys.stdin.fileno()
    arrived: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        if not arrived.done():
            arrived.set_result(_read(terminal))

    loop.add_reader(terminal, read)
    try:
        return (await arrived).decode(errors="replace")
    finally:
        loop.remove_reader(terminal)


def _read(terminal: int) -> bytes:
    """What was typed; empty at the end of the input, and where the terminal hung up."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
