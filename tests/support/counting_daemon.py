"""Runs connectord and writes down each process that it starts: `counting_daemon.py FILE … -m connectord ARGUMENTS`.

The first lines of FILE are those of one that is started on purpose: what is counted shows that it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from connectord.cli import main as connectord

STARTS = frozenset(
    ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.exec", "os.system", "pty.spawn")
)
"""The audit events of every way in which Python starts a process."""


def main() -> None:
    """Listen to the interpreter's audit events from now on."""
    counted = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event in STARTS:
            os.write(counted, f"{event} {arguments}\n".encode(errors="replace"))

    sys.addaudithook(hear)
    subprocess.run([sys.executable, "-c", ""], check=True)
    connectord()


def started(counted: Path) -> list[str]:
    """What was started so far."""
    return counted.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
