"""Each command loads what it needs and nothing else: that is what makes it quick."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectord.cli.app import COMMANDS

PROGRAM = """
import atexit, os, sys
told = open(os.environ["MODULES"], "w")
atexit.register(lambda: print(*sys.modules, file=told, flush=True))
from connectord.cli import main
main()
"""

COUNTING = """
import atexit, gc, sys
times = []
atexit.register(lambda: print(len(times), len(gc.get_objects()), file=sys.stderr))  # goes last
from connectord.cli import main
gc.callbacks.append(lambda phase, info: times.append(info))
main()
"""

HEAVY = frozenset(
    {
        *("anyio", "apscheduler", "asyncio", "dbus_fast", "desktop_notifier", "dotenv", "filelock", "httpx", "json5"),
        *("platformdirs", "pydantic", "sqlite3", "starlette", "structlog", "tenacity", "uvicorn", "watchfiles"),
    }
)
"""What takes more than a millisecond or two to load."""


@dataclass(frozen=True)
class Budget:
    """The most modules that may be loaded, Python's own included, and which of the heavy packages may be."""

    modules: int
    heavy: frozenset[str]


NOTHING = Budget(150, frozenset())
THIN = Budget(300, frozenset({"pydantic", "platformdirs"}))
"""What asks the daemon and prints its answer: 0.3 s is all it has."""

FILES_AND_WIRE = frozenset({"asyncio", "dotenv", "filelock", "httpx", "json5", "sqlite3", "tenacity", *THIN.heavy})
ONE_SHOT = Budget(600, FILES_AND_WIRE)
WITH_POLLS = Budget(640, FILES_AND_WIRE | {"apscheduler"})
BUDGETS = {
    "authorize": WITH_POLLS,
    "completion": NOTHING,
    "demo": ONE_SHOT,
    "emulator": Budget(460, frozenset({"anyio", "asyncio", "pydantic", "starlette", "uvicorn", "watchfiles"})),
    "list-available": ONE_SHOT,
    "login": ONE_SHOT,
    "logout": ONE_SHOT,
    "pull": ONE_SHOT,
    "push": WITH_POLLS,
    "run": Budget(820, HEAVY - {"desktop_notifier", "dbus_fast"}),
    "service": Budget(330, THIN.heavy),
    "whoami": ONE_SHOT,
}
"""Whatever isn't named here is thin."""


def loaded_by(tmp_path: Path, *words: str) -> set[str]:
    """The names of all modules that are loaded when the command ends."""
    told = tmp_path / "modules"
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "HOME": str(tmp_path), "MODULES": str(told)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return set(told.read_text().split())


def excess(modules: set[str], budget: Budget) -> tuple[set[str], int]:
    """The heavy packages that shouldn't be there, and by how much there are too many modules."""
    packages = {name.partition(".")[0] for name in modules}
    return (packages & HEAVY) - budget.heavy, max(0, len(modules) - budget.modules)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_loads_no_more_than_it_needs(tmp_path: Path, command: str) -> None:
    modules = loaded_by(tmp_path, command, "--help")
    assert "click" in modules
    assert excess(modules, BUDGETS.get(command, THIN)) == (set(), 0)


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("completion", "bash"), ("frobnicate",)])
def test_what_is_no_command_of_its_own_loads_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    modules = loaded_by(tmp_path, *words)
    assert "click" in modules
    assert excess(modules, NOTHING) == (set(), 0)


@pytest.mark.parametrize("words", [("status",), ("wait",), ("projects", "list"), ("history",), ("pause",), ("logs",)])
def test_what_asks_the_daemon_loads_no_more_when_it_asks(tmp_path: Path, words: tuple[str, ...]) -> None:
    modules = loaded_by(tmp_path, *words)
    assert "connectord.control.client" in modules or words == ("logs",)
    assert excess(modules, THIN) == (set(), 0)


@pytest.mark.parametrize("command", ["--version", "status"])
def test_p14_what_a_command_loads_is_never_looked_through_for_garbage(command: str, tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", COUNTING, command],
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    times, left = map(int, found.stderr.split()[-2:])
    assert times == 0
    assert left < 1_000  # so the end has nothing to look through either
