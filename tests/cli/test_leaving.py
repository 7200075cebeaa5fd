"""The end of a process in which threads still run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LEAVING = """
import sys, threading, time
from watchfiles import watch
from connectord.cli.exit_codes import ExitCode
from connectord.cli.running import run_command
from connectord.unjoined import IN_RUST

class NeverStops:
    def is_set(self):
        time.sleep(0.0005)
        return False

def look(folder):
    for _ in watch(folder, step=1, debounce=0, rust_timeout=1, yield_on_timeout=True, stop_event=NeverStops()):
        begun.set()

class Slow:
    def __del__(self):
        time.sleep(0.05)  # while Python is taken down

async def command(output):
    sys.modules["slow"] = Slow()
    for _ in range(20):
        threading.Thread(target=look, args=(sys.argv[1],), name=IN_RUST, daemon=True).start()
    begun.wait()
    sys.stdout.write("said at the end")
    return ExitCode.{code}

begun = threading.Event()
run_command(command)
"""


@pytest.mark.parametrize("code", ["OK", "HELD"])
def test_threads_that_still_run_do_not_change_the_exit_code_nor_what_was_said(code: str, tmp_path: Path) -> None:
    """Without care it is 134, and "FATAL: exception not rethrown"."""
    command = [sys.executable, "-c", LEAVING.replace("{code}", code), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == ({"OK": 0, "HELD": 4}[code], "said at the end", "")
