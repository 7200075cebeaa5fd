"""Work that hangs keeps no command from leaving, and no other work waiting."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from connectord.unjoined import UnjoinedThreads

HANGS = """
import asyncio, os, signal, sys, threading
from connectord.cli.exit_codes import ExitCode
from connectord.cli.running import run_command

async def command(output):
    loop = asyncio.get_running_loop()
    def hang():
        loop.call_soon_threadsafe(os.kill, os.getpid(), signal.SIGINT)
        threading.Event().wait()
    await asyncio.to_thread(hang)
    return ExitCode.OK

run_command(command)
"""


def test_ctrl_c_ends_a_command_whose_disk_hangs() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (130, "Interrupted.\n")


async def test_any_number_of_hanging_pieces_of_work_keep_no_other_waiting() -> None:
    go_on = threading.Event()
    asyncio.get_running_loop().set_default_executor(UnjoinedThreads())
    hanging = [asyncio.ensure_future(asyncio.to_thread(go_on.wait)) for _ in range(100)]
    assert await asyncio.to_thread(lambda: "done") == "done"
    go_on.set()
    assert await asyncio.gather(*hanging) == [True] * 100


async def test_an_error_of_the_work_is_the_awaiters() -> None:
    asyncio.get_running_loop().set_default_executor(UnjoinedThreads())
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 / 0)
