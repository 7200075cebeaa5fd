"""Which mounted file systems have other writers than this machine: events tell of local changes at most."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = re.compile(
    r"nfs\d?|cifs|smb\w*|ncpfs|afs|coda|ceph|glusterfs|lustre|9p|drvfs|virtiofs|vboxsf|vmhgfs|prl_fs|fuse(\..*)?"
)
"""Over a network, or shared with another system on this machine (WSL's /mnt/c is 9p). Of FUSE everything but fuseblk,
which is a local disk; what a FUSE program does by itself is no event."""


def remote_devices(mounts: Path = _MOUNTS) -> frozenset[int]:
    """The devices (`st_dev`) of such file systems; none where the system has no such list (macOS). See proc(5)."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # no Linux, or no /proc: then nothing is known, and everything counts as local
        return frozenset()
    return frozenset(device for line in lines if (device := _remote_device(line)) is not None)


def _remote_device(line: str) -> int | None:
    mount, _, kind = line.partition(" - ")
    device, kinds = mount.split(" ")[2:3], kind.split(" ")[:1]
    if not device or not kinds or not _REMOTE.fullmatch(kinds[0]):
        return None
    major, _, minor = device[0].partition(":")
    return os.makedev(int(major), int(minor))
