"""Mounted file systems: which of them have other writers than this machine, and that one came or went.

Neither is an event: on a disk of others events tell of local changes at most; and when a disk is unmounted, all
watching of it ends in silence, for good, even if it is back a second later with the same devices and inodes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = re.compile(
    r"nfs\d?|cifs|smb\w*|ncpfs|afs|coda|ceph|glusterfs|lustre|9p|drvfs|virtiofs|vboxsf|vmhgfs|prl_fs|fuse(\..*)?"
)
"""Over a network, or shared with another system on this machine (WSL's /mnt/c is 9p). Of FUSE everything but fuseblk,
which is a local disk; what a FUSE program does by itself is no event."""

REST_SECONDS: Final = 1.0
"""Programs that mount (of containers, mostly) mount many things at a time."""


def remote_devices(mounts: Path = _MOUNTS) -> frozenset[int]:
    """The devices (`st_dev`) of such file systems; none where the system has no such list (macOS). See proc(5)."""
    found = ((_device(line), _kind(line)) for line in _lines(mounts))
    return frozenset(device for device, kind in found if device is not None and _REMOTE.fullmatch(kind))


@contextlib.contextmanager
def mounts_watched(
    on_change: Callable[[frozenset[int]], None], mounts: Path = _MOUNTS, *, rest: float = REST_SECONDS
) -> Iterator[None]:
    """Tell `on_change`, `rest` seconds after the mounts changed, which devices came or went, in the loop's thread.

    None of them: something did, and is as it was before. Where the system has no list of mounts nothing is ever told,
    and the rescan must do.
    """
    if not hasattr(select, "epoll") or not mounts.exists():
        yield
        return
    before = _lines(mounts)
    later: asyncio.TimerHandle | None = None

    def tell() -> None:
        nonlocal before, later
        earlier, before, later = before, _lines(mounts), None
        on_change(frozenset(device for line in earlier ^ before if (device := _device(line)) is not None))

    def changed() -> None:
        nonlocal later
        later = later or asyncio.get_running_loop().call_later(rest, tell)

    with mounts.open("rb") as file, urgent(file.fileno(), changed):
        try:
            yield
        finally:
            if later:
                later.cancel()


@contextlib.contextmanager
def urgent(descriptor: int, call: Callable[[], None]) -> Iterator[None]:
    """Call whenever the file has urgent news (POLLPRI), as the list of mounts has when it changes (proc(5)).

    The loop waits for what can be read, which the list always can be; so it waits for an epoll that waits for that.
    """
    loop = asyncio.get_running_loop()
    with select.epoll() as epoll:

        def ready() -> None:
            epoll.poll(0)  # so that it is no longer ready; empty, since the list has told the loop's own epoll already
            call()

        epoll.register(descriptor, select.EPOLLPRI | select.EPOLLET)
        loop.add_reader(epoll, ready)
        try:
            yield
        finally:
            loop.remove_reader(epoll)


def _lines(mounts: Path) -> frozenset[str]:
    try:
        return frozenset(mounts.read_text("utf-8", "surrogateescape").splitlines())
    except OSError:  # no Linux, or no /proc: then nothing is known, and everything counts as local
        return frozenset()


def _device(line: str) -> int | None:
    numbers = line.partition(" - ")[0].split(" ")[2:3]
    major, _, minor = numbers[0].partition(":") if numbers else ("", "", "")
    return os.makedev(int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _kind(line: str) -> str:
    return line.partition(" - ")[2].split(" ")[0]
