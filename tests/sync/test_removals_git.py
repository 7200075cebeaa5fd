"""Whose deletion it was: a person's is carried out, git's is held as `branch-switched`, with the real git (P5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.engine import connected
from tests.support.git import Repository
from tests.support.project import a_connector, a_project
from tests.support.removal_story import EIGHT, Story, a_story, told

from connectord.store import MemoryStore
from connectord.sync.events import Looked
from connectord.sync.guard import WaitReason

FIVE = EIGHT[:5]
WITHOUT_TWO = """
git checkout -q -b without; git rm -q base44/connectors/github.jsonc base44/connectors/gmail.jsonc
git commit -q -m 'Remove two'; git checkout -q main
"""


@asynccontextmanager
async def in_git(folder: Path, script: str = "", **options: object) -> AsyncIterator[tuple[Story, Repository]]:
    """A project of five connectors, committed on `main`; `script` goes before the daemon's life."""
    project = a_project(folder, {name: [f"{name}:read"] for name in FIVE})
    repository = Repository(folder)
    repository.sh("git init -q -b main; echo x > readme; git add .; git commit -q -m first" + "\n" + script)
    async with a_story(folder, FIVE, project=project, **options) as it:  # type: ignore[arg-type]
        yield it, repository


BY_GIT = {
    "checkout": ("git checkout -q without", "git checkout -q main"),
    "switch, detached": ("git switch -q --detach without", "git switch -q main"),
    "merge": ("git merge -q without", "git reset -q --hard ORIG_HEAD"),
    "merge --no-ff": ("git merge -q --no-ff -m m without", "git reset -q --hard ORIG_HEAD"),
    "cherry-pick": ("git cherry-pick without", "git reset -q --hard main@{1}"),
    "reset --hard": ("git reset -q --hard without", "git reset -q --hard ORIG_HEAD"),
    "rebase": ("git rebase -q without", "git reset -q --hard ORIG_HEAD"),
    "pull": ("git pull -q . without", "git reset -q --hard ORIG_HEAD"),
}


@pytest.mark.parametrize(("there", "back"), BY_GIT.values(), ids=BY_GIT.keys())
def test_p5_what_git_took_away_is_held_until_it_is_back_while_other_files_flow(
    there: str, back: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with in_git(tmp_path, WITHOUT_TWO) as (it, git):
            await it.after(lambda: git.sh(there), seconds=600.0)
            assert it.held == {"branch-switched": ("github", "gmail")}
            await it.after(lambda: a_connector(it.project, "hubspot", ["changed"]), seconds=10.0)
            assert it.sent == [("set", "hubspot")]
            it.put("hubspot")
            await it.after(lambda: git.sh(f"git checkout -q .; {back}"), seconds=600.0)
            assert it.held == {}
            assert it.removed == []

    told(story)


def test_p5_a_checkout_and_back_within_the_grace_costs_nothing_and_says_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path, WITHOUT_TWO) as (it, git):
            await it.after(lambda: git.sh("git checkout -q without"), seconds=3.0)
            await it.after(lambda: git.sh("git checkout -q main"), seconds=600.0)
            assert it.sent == []
            assert it.hold_news() == []

    told(story)


@pytest.mark.parametrize(
    "script",
    [
        "rm base44/connectors/gmail.jsonc",
        "rm base44/connectors/gmail.jsonc; git commit -q -a -m 'No Gmail'",
        "git rm -q base44/connectors/gmail.jsonc",
        "git rm -q base44/connectors/gmail.jsonc; git commit -q -m 'No Gmail'; git commit -q --amend -m 'No more'",
        "git mv base44/connectors/gmail.jsonc gmail.jsonc",
    ],
)
def test_p5_a_deletion_by_hand_is_a_persons_committed_or_not(script: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            await it.after(lambda: git.sh(script), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p5_a_deletion_by_hand_is_committed_a_second_later(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            await it.after(lambda: it.delete("gmail"), seconds=1.0)
            await it.after(lambda: git.sh("git commit -q -a -m 'No Gmail'"), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


@pytest.mark.parametrize("seen", [True, False])
def test_p5_ten_unrelated_commits_make_no_deletion_by_hand_look_like_gits(seen: bool, tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            for number in range(10):
                git.sh(f"echo {number} > readme; git commit -q -a -m {number}")
                if seen:
                    await it.after(seconds=1.0)
            await it.after(lambda: it.delete("gmail"), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p5_a_checkout_that_touches_no_connector_is_forgotten_after_a_while(tmp_path: Path) -> None:
    other = "git checkout -q -b other; echo y > readme; git commit -q -a -m other; git checkout -q main"

    async def story() -> None:
        async with in_git(tmp_path, other) as (it, git):
            await it.after(lambda: git.sh("git checkout -q other"), seconds=30.0)
            await it.after(lambda: it.delete("gmail"), seconds=30.0)
            assert it.removed == ["gmail"]

    told(story)


def test_p5_a_checkout_just_before_leaves_it_open_whose_deletion_it_was(tmp_path: Path) -> None:
    other = "git checkout -q -b other; echo y > readme; git commit -q -a -m other; git checkout -q main"

    async def story() -> None:
        async with in_git(tmp_path, other) as (it, git):
            await it.after(lambda: git.sh("git checkout -q other"), seconds=1.0)
            await it.after(lambda: it.delete("gmail"), seconds=600.0)
            assert it.removed == []
            assert it.held == {"branch-switched": ("gmail",)}

    told(story)


def test_p5_a_stash_takes_new_files_and_pop_brings_them_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            connected(it.engine.emulator, {"linear": ["linear:read"]})
            it.put("linear")
            await it.after(seconds=60.0)
            assert it.sent == [("set", "linear")]
            it.forget()
            await it.after(lambda: git.sh("git stash -q -u"), seconds=600.0)
            assert it.held == {"branch-switched": ("linear",)}
            await it.after(lambda: git.sh("git stash pop -q"), seconds=600.0)
            assert (it.sent, it.held) == ([], {})

    told(story)


def test_p5_a_look_in_the_middle_of_a_stash_does_not_take_it_for_finished(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            git.sh("echo z >> readme")
            # The stash has its ref already, and a file still goes: as a look sees it that comes in between.
            await it.after(lambda: git.sh("git stash -q"), seconds=2.0)
            await it.after(lambda: it.delete("gmail"), seconds=600.0)
            assert (it.sent, it.held) == ([], {"branch-switched": ("gmail",)})

    told(story)


def test_p4_a_rebase_with_a_conflict_in_the_directory_removes_nothing(tmp_path: Path) -> None:
    clash = """
    git checkout -q -b clash; git rm -q base44/connectors/gmail.jsonc
    echo '{ "type": "github" }' > base44/connectors/github.jsonc; git commit -q -a -m clash
    git checkout -q main; echo '{ "type": "github", "scopes": [] }' > base44/connectors/github.jsonc
    git commit -q -a -m mine
    """

    async def story() -> None:
        async with in_git(tmp_path, clash) as (it, git):
            assert not git.attempt("git rebase -q clash")
            await it.after(seconds=3600.0)
            assert it.removed == []
            await it.after(lambda: git.sh("git rebase --abort"), seconds=600.0)
            assert it.removed == []
            assert it.held == {}

    told(story)


def test_p4_an_index_lock_left_behind_ends_in_a_hold_never_in_a_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            lock = git.folder / ".git/index.lock"
            lock.touch()
            await it.after(lambda: it.delete("gmail"), seconds=590.0)
            assert (it.sent, it.held) == ([], {})
            await it.after(seconds=3600.0)
            assert (it.sent, it.held) == ([], {"git-busy": ("gmail",)})
            lock.unlink()
            await asyncio.sleep(30.0)  # that it is gone is no event
            assert (it.removed, it.held) == (["gmail"], {})

    told(story)


def test_p5_what_git_took_away_is_not_forgotten_for_a_broken_file_of_its_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path, WITHOUT_TWO) as (it, git):
            await it.after(lambda: git.sh("git checkout -q without"))
            await it.after(lambda: a_connector(it.project, "gmail", "{ broken"), seconds=60.0)
            assert it.held == {"branch-switched": ("github",)}
            await it.after(lambda: it.delete("gmail"), seconds=60.0)
            assert (it.removed, it.held) == ([], {"branch-switched": ("github", "gmail")})

    told(story)


def test_p9_a_hold_for_git_is_told_once_over_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with in_git(tmp_path, store=store) as (it, git):
            (git.folder / ".git/index.lock").touch()
            await it.after(lambda: it.delete("gmail"), seconds=900.0)
            emulator, project = it.engine.emulator, it.project
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            await it.after(seconds=900.0)
            assert (it.removed, it.held, it.hold_news()) == ([], {"git-busy": ("gmail",)}, [])

    told(story)


def test_p4_what_is_approved_while_git_is_at_work_waits_until_it_has_finished(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path, WITHOUT_TWO) as (it, git):
            await it.after(lambda: git.sh("git checkout -q without"))
            lock = git.folder / ".git/index.lock"
            await it.after(lock.touch, it.approve)
            assert it.removed == []
            await it.after(lambda: it.put("github"), lock.unlink)
            assert it.removed == []
            await it.after(it.approve)
            assert it.removed == ["gmail"]

    told(story)


def test_p3_where_git_can_not_be_read_no_deletion_is_a_persons(tmp_path: Path) -> None:
    async def story() -> None:
        project = a_project(tmp_path, {name: [f"{name}:read"] for name in FIVE})
        (tmp_path / ".git").write_text("gitdir: /nowhere/worktrees/this\n")
        async with a_story(tmp_path, FIVE, project=project) as it:
            await it.after(lambda: it.delete("gmail"), seconds=600.0)
            assert (it.removed, it.held) == ([], {"branch-switched": ("gmail",)})
            await it.after(lambda: it.put("gmail"))
            assert it.held == {}

    told(story)


def test_p5_what_git_did_while_the_daemon_was_off_is_gits_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with in_git(tmp_path, WITHOUT_TWO, store=store) as (it, git):
            emulator, project = it.engine.emulator, it.project
            emulator.world.journal.clear()
        git.sh("git checkout -q without")
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            assert it.held == {"branch-switched": ("github", "gmail")}
            assert it.removed == []

    told(story)


def test_p5_what_a_person_did_while_the_daemon_was_off_is_the_persons(tmp_path: Path) -> None:
    async def story() -> None:
        store = MemoryStore()
        async with in_git(tmp_path, store=store) as (it, git):
            emulator, project = it.engine.emulator, it.project
            emulator.world.journal.clear()
        git.sh("git rm -q base44/connectors/gmail.jsonc; git commit -q -m 'No Gmail'")
        async with a_story(tmp_path, (), project=project, emulator=emulator, store=store, forget=False) as it:
            assert it.removed == ["gmail"]

    told(story)


def test_p4_what_nobody_consented_to_is_forgotten_soon_after_git_has_finished(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path) as (it, git):
            lock = git.folder / ".git/index.lock"
            await it.after(lambda: it.put("linear"), seconds=1.0)
            await it.after(lock.touch, lambda: it.delete("linear"), seconds=60.0)
            assert it.waiting == [("linear", WaitReason.GIT_BUSY)]
            lock.unlink()  # of which nobody gives a hint
            await asyncio.sleep(5.0)
            assert (it.waiting, it.removed) == ([], [])

    told(story)


def test_p8_a_merge_that_nobody_finishes_is_looked_at_now_and_then(tmp_path: Path) -> None:
    clash = """
    git checkout -q -b clash; echo y > readme; git commit -q -a -m clash
    git checkout -q main; echo z > readme; git commit -q -a -m mine
    """

    async def story() -> None:
        async with in_git(tmp_path, clash) as (it, git):
            assert not git.attempt("git merge clash")
            await it.after(seconds=3600.0)
            looks = len(it.engine.said(Looked))
            assert looks < 500
            await it.after(lambda: git.sh("git merge --abort"), seconds=30.0)
            await it.after(lambda: it.delete("airtable"), seconds=30.0)
            assert it.removed == ["airtable"]

    told(story)


def test_p8_a_file_that_breaks_after_a_checkout_is_looked_at_now_and_then(tmp_path: Path) -> None:
    async def story() -> None:
        async with in_git(tmp_path, WITHOUT_TWO) as (it, git):
            await it.after(lambda: git.sh("git checkout -q without"), seconds=3.0)
            await it.after(lambda: a_connector(it.project, "airtable", "{ broken"), seconds=3600.0)
            assert len(it.engine.said(Looked)) < 500
            await it.after(lambda: it.put("airtable"), seconds=30.0)
            assert it.held == {"branch-switched": ("github", "gmail")}

    told(story)
