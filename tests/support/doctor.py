"""What the doctor's checks look at, made up: `here(folder)` is this test's own user, with nothing wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from connectord.base44 import Ping
from connectord.control.models import DaemonStatus, ProjectStatus, Status
from connectord.doctor.around import Around
from connectord.doctor.asked import Asked
from connectord.doctor.finding import Finding, State
from connectord.errors import ConnectordError

NOW = 1_800_000_000.0

Examine = Callable[[Around], Iterable[Finding]]


def here(folder: Path, *, answer: Ping | ConnectordError | None = None, **given: Any) -> Around:
    """The user of this test in a folder. With `answer` every host gives it, and nothing is asked of a network."""
    around = Around(os.environ, Path.home(), folder, **given)
    if answer is not None:
        around.pings = Asked(lambda: {target.api_url: answer for target in around.targets()})
    return around


def with_daemon(around: Around, daemon: DaemonStatus, *projects: ProjectStatus) -> Around:
    """A daemon says this of itself and its projects."""
    around.status = Asked(lambda: Status(daemon=daemon, projects=projects))
    return around


def without_daemon(around: Around, error: ConnectordError) -> Around:
    """This is why no daemon answers."""

    def refuse() -> Status:
        raise error

    around.status = Asked(refuse)
    return around


def said(examine: Examine, around: Around) -> str:
    """All that a check says, with the state in front of each finding, for tests that look for words."""
    return "\n".join(f"{one.state}: {one.what} {list(one.details)} -> {list(one.fix)}" for one in examine(around))


def states(examine: Examine, around: Around) -> list[State]:
    return [finding.state for finding in examine(around)]


def proc_with(folder: Path, limits: Mapping[str, int], inotify: Iterable[tuple[int, int]] = ()) -> Path:
    """A /proc with these inotify limits, and a process of this user for each pair of watchers and watches of each."""
    kernel = folder / "sys" / "fs" / "inotify"
    kernel.mkdir(parents=True)
    for name, limit in limits.items():
        (kernel / name).write_text(f"{limit}\n")
    for pid, (watchers, watches) in enumerate(inotify, 100):
        for kind in ("fd", "fdinfo"):
            (folder / str(pid) / kind).mkdir(parents=True)
        (folder / str(pid) / "fd" / "0").symlink_to("/dev/null")
        for number in range(1, watchers + 1):
            (folder / str(pid) / "fd" / str(number)).symlink_to("anon_inode:inotify")
            lines = "".join(f"inotify wd:{wd} ino:1 sdev:1\n" for wd in range(watches))
            (folder / str(pid) / "fdinfo" / str(number)).write_text(f"pos:\t0\nflags:\t00\n{lines}")
    return folder
