"""Whether a save in a project's folder is an event: not on a network's disk, and not everywhere in WSL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, ok
from connectord.doctor.words import count
from connectord.watch.forced import forced_polling
from connectord.watch.mounts import remote_devices


def check_file_systems(around: Around) -> Iterator[Finding]:
    """What makes the daemon poll, for each project and for all of them."""
    roots = around.roots()
    forced = forced_polling(around.environ)
    if forced:
        yield attention(
            f"everything is polled, so a save is noticed a little later: {forced}",
            "Where no other system writes to the projects: WATCHFILES_FORCE_POLLING=false, for the daemon.",
        )
    elsewhere = remote_devices(around.proc / "self" / "mountinfo")
    remote = tuple(root for root in roots if _device(root) in elsewhere)
    for root in remote:
        yield attention(
            f"{root} is on a file system that others write to as well (a network's, or the host's), so it is polled",
            "A save there is noticed a little later. A project on a local disk is noticed at once.",
        )
    if not forced and not remote:
        yield ok(f"{count(len(roots), 'project')} on local disks" if roots else "there is no project to look at")


def _device(root: Path) -> int | None:
    try:
        return root.stat().st_dev
    except OSError:  # the check of projects says so
        return None
