"""From events to projects: a table, pure but for the Path type."""

from __future__ import annotations

from pathlib import Path

from watchfiles import Change

from connectord.project.places import WatchPlace
from connectord.watch.layout import Layout, Seen
from connectord.watch.target import Found

ONE, OTHER = Path("/one"), Path("/other")


def found(directory: str, inode: int, *names: str, remote: bool = False) -> Found:
    return Found(WatchPlace(Path(directory), frozenset(names)), (1, inode), remote=remote)


def test_a_change_concerns_those_to_whom_the_name_matters() -> None:
    layout = Layout({ONE: (found("/shared", 1, "a"),), OTHER: (found("/shared", 1, "a", "b"),)})
    assert layout.seen([(Change.modified, "/shared/a")]) == Seen(frozenset({ONE, OTHER}))
    assert layout.seen([(Change.modified, "/shared/b")]) == Seen(frozenset({OTHER}))
    assert not layout.seen([(Change.modified, "/shared/c"), (Change.added, "/elsewhere/a")])


def test_a_directory_with_two_names_is_watched_under_one_and_concerns_both() -> None:
    layout = Layout({ONE: (found("/link", 7, "a"),), OTHER: (found("/bind", 7, "a"),)})
    assert layout.directories == {"/bind": (1, 7)}
    assert layout.seen([(Change.added, "/bind/a")]).roots == {ONE, OTHER}


def test_a_directory_that_came_or_went_is_to_be_watched_anew() -> None:
    layout = Layout({ONE: (found("/one", 1, "x"), found("/one/x", 2))})
    assert layout.seen([(Change.deleted, "/one/x")]) == Seen(frozenset({ONE}), frozenset({"/one/x"}))
    assert layout.seen([(Change.modified, "/one/x")]) == Seen(frozenset({ONE}))


def test_a_flood_is_told_even_if_nothing_in_it_matters() -> None:
    layout = Layout({ONE: (found("/one", 1, "x"),)})
    assert layout.seen([(Change.added, "/one/y")], flood=True) == Seen(flood=True)
    assert not layout.seen([(Change.added, "/one/y")])


def test_the_disks_of_other_systems_are_known() -> None:
    layout = Layout({ONE: (found("/nfs", 1, remote=True), found("/here", 2))})
    assert layout.remote == {"/nfs"}
