"""When a connector is removed and when not (docs/removal.md): real files, real git, a real daemon and the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator
from tests.support.removal_play import failures_of
from tests.support.removal_rows import (
    EIGHT,
    FIVE,
    TEN,
    Row,
    all_of,
    approve,
    broken,
    changed,
    closed,
    connectors_in,
    deleted,
    emptied_directory_away,
    fault,
    git,
    has_problems,
    in_git,
    link_away,
    linked_to,
    moved_away,
    moved_back,
    no_fault,
    on_a_disk,
    opened,
    plugged_in_again,
    put,
    replaced_by_a_dangling_link,
    replaced_by_an_empty_one,
    restore,
    says,
    unplugged,
    unplugged_for_good,
    untracked,
)

GITHUB = ("github",)
THREE = ("airtable", "discord", "github")
LAST = 3.0
"""Seconds of grace of the row that is deleted last: once it is removed, the grace of all others is over."""

DIRECTORY = (
    Row("a file comes back within the grace", deleted("github"), soon=put("github"), grace=LAST),
    Row(
        "the directory is renamed",
        moved_away, hold="root-missing", victims=FIVE, then=moved_back,
    ),
    Row(
        "the directory's disk is unplugged",
        unplugged, setup=on_a_disk, hold="root-replaced", victims=FIVE, then=plugged_in_again, cleanup=unplugged_for_good,
    ),
    Row(
        "the directory is closed to us",
        closed, hold="root-missing", victims=FIVE, then=opened, cleanup=opened,
    ),
    Row(
        "the directory is replaced by an empty one",
        replaced_by_an_empty_one, hold="root-replaced", victims=FIVE, then=emptied_directory_away,
    ),
    Row(
        "the directory is replaced by a dangling link",
        replaced_by_a_dangling_link, hold="root-missing", victims=FIVE, then=link_away,
    ),
    Row(
        "ten to one, approved",
        deleted(*TEN[1:]), TEN, hold="mass-removal", victims=TEN[1:], word=approve, removed=TEN[1:],
    ),
    Row("one of five is deleted", deleted("github"), removed=GITHUB, grace=LAST),
)  # fmt: skip

BATCHES: Mapping[str, tuple[Row, ...]] = {"directory": DIRECTORY}
_PLAYED: dict[tuple[str, str], Mapping[str, BaseException]] = {}


def cases() -> list[object]:
    return [
        pytest.param(batch, row, how, marks=pytest.mark.xdist_group(f"{batch}, {how}"), id=f"{row.name}-{how}")
        for how in ("straight through", "killed")
        for batch, rows in BATCHES.items()
        for row in rows
    ]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("batch", "row", "how"), cases())
def test_p2_to_p6_a_removal_is_sent_when_it_should_be_and_never_else(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, batch: str, row: Row, how: str
) -> None:
    if (batch, how) not in _PLAYED:
        killed = how == "killed"
        _PLAYED[batch, how] = failures_of(BATCHES[batch], emulator, tmp_path, a_home_of_its_own, killed=killed)
    failure = _PLAYED[batch, how].get(row.name)
    if failure is not None:
        raise failure
