"""The published Base44 CLI, the judge of the emulator and of `connectord push`.

It is fetched once with `npm pack` into pytest's cache and run from there with node; nothing is installed. Tests that
need it carry `needs_real_cli`: skipped where node or npm is missing, but never in CI, where they fail instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

VERSION = "0.1.18"
CACHE = Path(__file__).parents[2] / ".pytest_cache" / f"base44-{VERSION}"
FETCHED_WITHIN = 50.0
DONE_WITHIN = 40.0

needs_real_cli = pytest.mark.skipif(
    not os.environ.get("CI") and not (shutil.which("node") and shutil.which("npm")),
    reason="the real CLI needs node and npm",
)

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class CompletedRun:
    """How a run of the CLI ended; colours are taken out of its output."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """What it said on either stream, without empty lines."""
        return [line.strip() for line in [*self.stderr.splitlines(), *self.stdout.splitlines()] if line.strip()]


def real_cli(args: Sequence[str], project_dir: Path, home: Path, api_url: str) -> CompletedRun:
    """Run `base44 ARGS` in a project, with a home of its own, without a terminal."""
    done = subprocess.run(
        real_cli_command(args),
        cwd=project_dir,
        env=real_cli_environment(home, api_url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DONE_WITHIN,
        check=False,
    )
    return CompletedRun(done.returncode, without_colours(done.stdout), without_colours(done.stderr))


def real_cli_command(args: Sequence[str]) -> list[str]:
    """The words to start the CLI with; fetches it if need be."""
    return ["node", str(_fetched() / "package" / "bin" / "run.js"), *args]


def real_cli_environment(home: Path, api_url: str) -> dict[str, str]:
    """An environment in which the CLI sees nothing of this machine's user, and opens no browser."""
    return {
        "PATH": f"{_no_browser(home)}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "BASE44_API_URL": api_url,
        "BASE44_DISABLE_TELEMETRY": "1",
        "NO_COLOR": "1",
    }


def without_colours(text: str) -> str:
    """The text without terminal control sequences."""
    return _ANSI.sub("", text)


def _fetched() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE.parent / ".gitignore").write_text("*\n")  # pytest writes it only where it makes the folder itself
    done = CACHE / "complete"
    with FileLock(CACHE / "lock", timeout=FETCHED_WITHIN):
        if not done.exists():
            _fetch()
            done.touch()
    return CACHE


def _fetch() -> None:
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"base44@{VERSION}"],
        cwd=CACHE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FETCHED_WITHIN,
        check=False,
    )
    assert packed.returncode == 0, f"npm pack base44@{VERSION} failed (it needs the network once): {packed.stderr}"
    with tarfile.open(CACHE / packed.stdout.split()[-1]) as archive:
        # Python 3.11 before 3.11.4 knows no filters; later versions want one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(CACHE)  # noqa: S202  (the package that npm has just verified)


def _no_browser(home: Path) -> Path:
    folder = home / ".no-browser"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("open", "xdg-open"):
        opener = folder / name
        opener.write_text('#!/bin/sh\necho "$@" >> "$HOME/opened-links"\n')
        opener.chmod(0o700)
    return folder
