"""Which systems and disks are known to tell of too little."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectord.project.places import WatchPlace
from connectord.watch import Target
from connectord.watch.forced import forced_polling
from connectord.watch.mounts import remote_devices
from connectord.watch.target import find_places

LINE = "36 35 {device} / /mnt/point rw,noatime shared:1 master:2 - {kind} source rw,errors=continue\n"


def mounts(folder: Path, *kinds: str) -> Path:
    file = folder / "mountinfo"
    file.write_text("".join(LINE.format(device=f"0:{50 + n}", kind=kind) for n, kind in enumerate(kinds)))
    return file


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse", "virtiofs", "vboxsf"])
def test_a_disk_with_other_writers_is_remote(kind: str, tmp_path: Path) -> None:
    assert remote_devices(mounts(tmp_path, "ext4", kind)) == {os.makedev(0, 51)}


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "xfs", "tmpfs", "overlay", "fuseblk", "nfsd"])
def test_a_disk_of_this_machine_is_not(kind: str, tmp_path: Path) -> None:
    assert remote_devices(mounts(tmp_path, kind)) == frozenset()


def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path) -> None:
    assert remote_devices(tmp_path / "none") == frozenset()


def test_a_list_of_mounts_that_cannot_be_understood_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text("\nnonsense\n1 2 - nfs\n - \n")
    assert remote_devices(tmp_path / "mountinfo") == frozenset()


def test_a_place_on_such_a_disk_is_found_as_remote(tmp_path: Path) -> None:
    found = find_places(Target(tmp_path, lambda: [WatchPlace(tmp_path, frozenset())]), {tmp_path.stat().st_dev})
    assert [place.remote for place in found] == [True]


@pytest.mark.parametrize(
    ("said", "release", "forced"),
    [
        (None, "6.8.0-generic", False),
        (None, "5.15.167.4-microsoft-standard-WSL2", True),
        ("false", "5.15.167.4-microsoft-standard-WSL2", False),
        ("disabled", "6.8.0-generic", False),
        ("1", "6.8.0-generic", True),
        ("", "6.8.0-generic", False),
    ],
)
def test_polling_is_forced_as_watchfiles_does_it(said: str | None, release: str, forced: bool) -> None:
    environ = {} if said is None else {"WATCHFILES_FORCE_POLLING": said}
    assert (forced_polling(environ, release) is not None) is forced
