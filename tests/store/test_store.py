"""What both stores promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.store import KEY, ROOT, a_hold, a_job, a_link, happened

from connectord.store import BaseEntry, BaseKey, Change, Keep, MemoryStore, ProjectRow, SightingRow, SqliteStore, Store

DAY = 86400.0
FEW = Keep(seconds=90 * DAY, history_rows=3, jobs=2)


@pytest.fixture(params=["memory", "sqlite", "sqlite in trouble"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Store]:
    if request.param == "memory":
        yield MemoryStore(keep=FEW)
        return
    place = tmp_path / "state.db"
    if request.param == "sqlite in trouble":
        place.mkdir()
    opened = SqliteStore(place, keep=FEW)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite"])
def pruned(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Store]:
    opened: Store = MemoryStore(keep=FEW)
    if request.param == "sqlite":
        opened = SqliteStore(tmp_path / "state.db", keep=FEW)
    yield opened
    opened.close()


def test_base_takes_entries_and_forgets_on_none(store: Store) -> None:
    store.accept(KEY, {"slack": BaseEntry("slack", ("a",)), "github": BaseEntry("github")})
    store.accept(KEY, {"slack": BaseEntry("slack", ("b",)), "github": None, "never-there": None})
    assert store.base(KEY) == {"slack": BaseEntry("slack", ("b",))}
    assert store.base(replace(KEY, app_id="another")) == {}


def test_the_bases_of_the_same_app_in_other_directories_are_the_others(store: Store) -> None:
    entry = {"slack": BaseEntry("slack")}
    there = replace(KEY, connectors_dir=Path("/home/her/worktree/base44/connectors"))
    for key in (KEY, there, replace(there, app_id="another"), replace(there, api_url="https://another")):
        store.accept(key, entry)
    assert store.other_bases(KEY) == {there: entry}


@pytest.mark.parametrize("shared", [False, True])
def test_p2_a_removed_project_takes_a_base_outside_of_its_folder_along_unless_another_uses_it(
    store: Store, shared: bool
) -> None:
    key = replace(KEY, connectors_dir=Path("/home/her/shared/connectors"))
    store.add_project(ROOT, 1.0)
    store.accept(key, {"slack": BaseEntry("slack")})
    roots = [ROOT, ROOT.with_name("office")] if shared else [ROOT]
    store.record(Change(sightings=tuple(SightingRow(root, key, "", "") for root in roots)))
    store.remove_project(ROOT)
    assert bool(store.base(key)) is shared


def test_a_change_without_a_key_can_have_no_base() -> None:
    with pytest.raises(ValueError, match="whose base"):
        Change(base={"slack": BaseEntry("slack")})


def test_a_text_too_large_to_keep_is_none() -> None:
    assert BaseEntry("slack", file_text="ä" * 32768).file_text == "ä" * 32768
    assert BaseEntry("slack", file_text="ä" * 32769).file_text is None


def test_projects_are_added_once_and_listed_by_path(store: Store) -> None:
    assert [store.add_project(Path(root), 1.0) for root in ("/b", "/a")] == [True, True]
    assert store.add_project(Path("/a"), 2.0) is False
    assert store.projects() == (ProjectRow(Path("/a"), 1.0), ProjectRow(Path("/b"), 1.0))


def test_one_project_is_paused_or_all_are(store: Store) -> None:
    for root in ("/a", "/b"):
        store.add_project(Path(root), 1.0)
    store.set_paused(Path("/a"), True)
    store.set_paused(Path("/unknown"), True)
    assert [row.paused for row in store.projects()] == [True, False]
    store.set_paused(None, True)
    assert [row.paused for row in store.projects()] == [True, True]
    store.set_paused(None, False)
    assert [row.paused for row in store.projects()] == [False, False]


def test_a_removed_project_is_forgotten_but_for_its_history(store: Store) -> None:
    inner = replace(KEY, connectors_dir=ROOT / "inner/base44/connectors")
    for root in (ROOT, ROOT / "inner"):
        store.add_project(root, 1.0)
    store.accept(inner, {"box": BaseEntry("box")})
    store.record(
        Change(
            KEY,
            {"slack": BaseEntry("slack")},
            jobs=(a_job("1"),),
            authorizations=(a_link(),),
            holds=(a_hold(),),
            history=(happened("pushed"),),
        )
    )
    assert store.remove_project(ROOT) is True
    assert store.remove_project(ROOT) is False
    assert store.projects() == (ProjectRow(ROOT / "inner", 1.0),)
    assert (store.base(KEY), store.jobs(ROOT, 9), store.authorizations(ROOT), store.holds(ROOT)) == ({}, (), (), ())
    assert [row.message for row in store.history(ROOT)] == ["pushed"]
    assert store.base(inner) == {"box": BaseEntry("box")}


def test_jobs_are_newest_first_and_keep_their_place_when_they_go_on(store: Store) -> None:
    store.record(Change(jobs=(a_job("1", queued_at=30.0), a_job("2", queued_at=20.0), a_job("x", Path("/other")))))
    done = replace(a_job("1"), started_at=31.0, finished_at=32.0)
    store.record(Change(jobs=(done,)))
    assert store.jobs(ROOT, 9) == (a_job("2", queued_at=20.0), done)
    assert store.jobs(ROOT, 1) == (a_job("2", queued_at=20.0),)


def test_authorizations_are_the_latest_of_each_type(store: Store) -> None:
    ended = a_link("github", state="timed-out")
    store.record(Change(authorizations=(a_link("slack"), a_link("github"))))
    store.record(Change(authorizations=(ended,)))
    assert store.authorizations(ROOT) == (ended, a_link("slack"))
    assert store.open_authorizations() == (a_link("slack"),)
    store.record(Change(forgotten_authorizations=((ROOT, "github"), (ROOT, "never"))))
    assert store.authorizations(ROOT) == (a_link("slack"),)


def test_p10_the_end_of_an_older_link_does_not_hide_the_newer_one(store: Store) -> None:
    newer = a_link(url="https://consent/2", deadline=5.0)  # the clock was set back in between
    store.record(Change(authorizations=(a_link(),)))
    store.record(Change(authorizations=(newer,)))
    store.record(Change(authorizations=(a_link(state="superseded"),)))
    assert store.open_authorizations() == (newer,)


def test_holds_stand_until_they_are_ended(store: Store) -> None:
    store.record(Change(holds=(a_hold(), a_hold("branch-switched"), a_hold(project=Path("/other")))))
    assert store.holds(ROOT) == (a_hold("branch-switched"), a_hold())
    store.record(Change(ended_holds=((ROOT, "mass-removal"),), holds=(replace(a_hold("branch-switched"), types=()),)))
    assert store.holds(ROOT) == (replace(a_hold("branch-switched"), types=()),)


def test_history_is_newest_first_in_pages_of_one_project_or_all(store: Store) -> None:
    for number in range(4):
        other = Path("/other") if number % 2 else None
        store.record(Change(history=(happened(f"mine {number}", at=-number), happened(f"other {number}", other))))
    assert [row.message for row in store.history(limit=3)] == ["other 3", "mine 3", "other 2"]
    page = store.history(ROOT, limit=2)
    assert [row.message for row in page] == ["mine 3", "mine 2"]
    assert [row.message for row in store.history(ROOT, before=page[-1].id)] == ["mine 1", "mine 0"]


def test_pruning_drops_old_history_and_more_than_a_project_may_keep(pruned: Store) -> None:
    rows = [happened("old", at=0.0), *(happened(f"{number}", at=100 * DAY) for number in range(5))]
    pruned.record(Change(history=(*rows, happened("the other's", Path("/other"), 100 * DAY))))
    pruned.record(Change(history=tuple(happened(f"daemon {number}", None, 100 * DAY) for number in range(5))))
    pruned.prune(now=100 * DAY)
    kept = ["daemon 4", "daemon 3", "daemon 2", "the other's", "4", "3", "2"]
    assert [row.message for row in pruned.history()] == kept


def test_pruning_works_through_more_than_one_batch(pruned: Store) -> None:
    for first in (0.0, 100 * DAY):
        pruned.record(Change(history=tuple(happened("many", at=first) for _ in range(1200))))
    pruned.prune(now=100 * DAY)
    assert [row.id for row in pruned.history()] == [2400, 2399, 2398]


def test_pruning_drops_old_jobs_and_links_that_ended_long_ago(pruned: Store) -> None:
    jobs = [a_job("old", queued_at=0.0), *(a_job(f"{number}", queued_at=100 * DAY) for number in range(3))]
    ended, open_still = a_link("slack", state="skipped"), a_link("github")
    pruned.record(Change(jobs=tuple(jobs), authorizations=(ended, open_still)))
    pruned.prune(now=100 * DAY)
    assert [job.id for job in pruned.jobs(ROOT, 9)] == ["2", "1"]
    assert pruned.authorizations(ROOT) == (open_still,)


def test_names_that_are_no_text_and_half_characters_are_taken(store: Store, tmp_path: Path) -> None:
    odd = Path("/caf\udce9")
    key = BaseKey("https://x", "app", odd)
    store.add_project(odd, 1.0)
    store.record(Change(key, {"slack": BaseEntry("slack", ("\ud800",), {"a": [1, None]}, file_name="\udce9.jsonc")}))
    store.record(Change(history=(happened("a \ud800 half", odd),)))
    assert store.projects()[0].root == odd
    assert store.base(key)["slack"].file_name == "\udce9.jsonc"
    assert len(store.history(odd)) == 1


def test_p14_what_base_says_already_is_no_transaction(tmp_path: Path) -> None:
    faults = Counter[str]()
    store = SqliteStore(tmp_path / "state.db", fault=lambda point: faults.update([point]))
    entry = BaseEntry("slack", ("chat:write",), {"a": 1}, seen_scopes=frozenset({"chat:write"}), authorized=True)
    store.accept(KEY, {"slack": entry})
    before = faults.total()
    store.accept(KEY, {"slack": replace(entry)})
    assert faults.total() == before
    store.accept(KEY, {"slack": replace(entry, authorized=False)})
    assert faults.total() > before
    store.close()


def test_p14_a_thousand_connectors_with_the_same_scopes_keep_them_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    for number in range(1000):
        entry = BaseEntry("slack", ("a", "b"), seen_scopes=frozenset({"a", "b"}), file_text='{"type": "slack"}')
        store.accept(replace(KEY, app_id=str(number)), {"slack": entry})
    store.close()
    again = SqliteStore(tmp_path / "state.db")
    entries = [again.base(replace(KEY, app_id=str(number)))["slack"] for number in range(1000)]
    again.close()
    for part in ("type", "scopes", "seen_scopes", "file_text"):
        assert len({id(getattr(entry, part)) for entry in entries}) == 1
