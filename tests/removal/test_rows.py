"""When a connector is removed and when not (docs/removal.md): real files, real git, a real daemon and the emulator."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping

import pytest
from tests.support.removal_play import Stage, failures_of
from tests.support.removal_rows import (
    EIGHT,
    FIVE,
    SENTINEL,
    TEN,
    Row,
    all_of,
    approve,
    broken,
    changed,
    closed,
    connectors_in,
    deleted,
    empty_one_away,
    fault,
    git,
    has_problems,
    in_git,
    is_no_more,
    link_away,
    linked_to,
    look_again,
    moved_away,
    moved_back,
    no_fault,
    on_a_disk,
    opened,
    plugged_in,
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
STORM = int(os.environ.get("CONNECTORD_STORM", "1"))
"""How often daemons die by chance; the storm before a release is `CONNECTORD_STORM=15`."""

LAST = 2.0
"""Seconds of grace of the row that is deleted last: once it is removed, the grace of all others is over."""

DIRECTORY = (
    Row("a file comes back within the grace", deleted("github"), soon=put("github"), grace=LAST),
    Row(
        "the directory is renamed",
        moved_away, hold="root-missing", victims=FIVE, then=moved_back,
    ),
    Row(
        "the directory's disk is unplugged",
        all_of(unplugged, look_again), setup=on_a_disk, hold="root-replaced", victims=FIVE,
        then=all_of(plugged_in, look_again), cleanup=unplugged_for_good,
    ),
    Row(
        "the directory is closed to us",
        closed, hold="root-missing", victims=FIVE, then=opened, cleanup=opened,
    ),
    Row(
        "the directory is replaced by an empty one",
        replaced_by_an_empty_one, hold="root-replaced", victims=FIVE, then=empty_one_away,
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

MANY = (
    Row("five to none, approved", deleted(*FIVE), hold="root-emptied", victims=FIVE, word=approve, removed=FIVE),
    Row("one to none, approved", deleted("github"), GITHUB, hold="root-emptied", victims=GITHUB, word=approve,
        removed=GITHUB),
    Row("eight to five, approved", deleted(*THREE), EIGHT, hold="mass-removal", victims=THREE, word=approve,
        removed=THREE),
    Row(
        "eight to five, approved, and one comes back before it runs",
        deleted(*THREE), EIGHT, hold="mass-removal", victims=THREE, word=approve, then=put("discord"),
        still={"mass-removal": ("airtable", "github")},
    ),
    Row("five to none, restored", deleted(*FIVE), hold="root-emptied", victims=FIVE, then=restore),
    Row("one of five is deleted after them", deleted("github"), removed=GITHUB, grace=LAST),
)  # fmt: skip

WITHOUT_THREE = f"""
git checkout -q -b without; git rm -q {" ".join(f"base44/connectors/{name}.jsonc" for name in THREE)}
git commit -q -m 'Remove three'; git checkout -q main
"""
CLASH = """
git checkout -q -b clash; git rm -q base44/connectors/github.jsonc
echo '{ "type": "discord" }' > base44/connectors/discord.jsonc; git commit -q -a -m clash
git checkout -q main; echo '{ "type": "discord", "scopes": ["discord:read"] }' > base44/connectors/discord.jsonc
git commit -q -a -m mine
"""
ELSEWHERE = """
git checkout -q -b clash; git rm -q base44/connectors/github.jsonc; echo y > readme; git commit -q -a -m clash
git checkout -q main; echo z > readme; git commit -q -a -m mine
"""
LOCK = ".git/index.lock"

GIT = (
    Row(
        "a branch without three of the files is checked out, and back",
        git("git checkout -q without"), setup=in_git(WITHOUT_THREE), hold="branch-switched", victims=THREE,
        then=git("git checkout -q main"),
    ),
    Row(
        "a deletion by hand is committed a moment later",
        deleted("github"), setup=in_git(), soon=git("git commit -q -a -m 'No GitHub'"), removed=GITHUB,
    ),
    Row(
        "ten other commits, and then a deletion by hand",
        all_of(*(git(f"echo {number} > readme; git commit -q -a -m {number}") for number in range(10)),
               deleted("github")),
        setup=in_git(), removed=GITHUB,
    ),
    Row(
        "git stash -u, and pop",
        git("git stash -q -u"), setup=all_of(in_git("git rm -q --cached base44/connectors/github.jsonc"),
        git("git commit -q -m 'GitHub is not tracked'")),
        hold="branch-switched", victims=GITHUB, then=git("git stash pop -q"),
    ),
    Row(
        "git reset --hard to before a file existed, and forth",
        git("git reset -q --hard HEAD~1"),
        setup=all_of(git("git init -q -b main; echo x > readme; git add . ':!base44/connectors/github.jsonc'"),
                     git("git commit -q -m first; git add .; git commit -q -m 'Add GitHub'")),
        hold="branch-switched", victims=GITHUB, then=git("git reset -q --hard ORIG_HEAD"),
    ),
    Row(
        "git rebase stops at a conflict in the directory",
        git("! git rebase -q clash"), setup=in_git(CLASH), waits=has_problems, then=git("git rebase --abort"),
    ),
    Row(
        "git rebase stops at a conflict elsewhere",
        git("! git rebase -q clash"), setup=in_git(ELSEWHERE), waits=says("github", "rebase", "removing"),
        then=git("git rebase --abort"),
    ),
    Row(
        "git rebase stops at a conflict elsewhere, for long",
        git("! git rebase -q clash"), setup=in_git(ELSEWHERE), settings="git_limit = 0.5", hold="branch-switched",
        victims=GITHUB, then=git("git rebase --abort"),
    ),
    Row(
        "an index.lock was left behind, and the file comes back",
        all_of(git(f"touch {LOCK}"), deleted("github")), setup=in_git(), settings="git_limit = 0.5", hold="git-busy",
        victims=GITHUB, then=all_of(put("github"), git(f"rm {LOCK}")),
    ),
    Row(
        "an index.lock was left behind, and a person removes it",
        all_of(git(f"touch {LOCK}"), deleted("github")), setup=in_git(), settings="git_limit = 0.5", hold="git-busy",
        victims=GITHUB, then=all_of(git(f"rm {LOCK}"), look_again), removed=GITHUB,
    ),
    Row("one of five is deleted after git's", deleted("github"), removed=GITHUB, grace=LAST),
)  # fmt: skip

PATIENT = "backoff_first = 300\nbackoff_cap = 300"
PROJECT = (
    Row(
        "another app for a while, and a file is deleted meanwhile",
        all_of(linked_to("b"), deleted("github")), waits=untracked("slack"), asks=True,
        then=linked_to(""), still={"app-changed": GITHUB},
    ),
    Row(
        "another app for a while, and a file is away meanwhile",
        all_of(linked_to("b"), deleted("github")), waits=untracked("slack"), asks=True,
        then=all_of(linked_to(""), put("github")),
    ),
    Row(
        "another connectors directory, and back",
        connectors_in("elsewhere"), waits=untracked(*FIVE, SENTINEL), asks=True, then=connectors_in("connectors"),
    ),
    Row(
        "a broken file beside a deleted one, until it is mended",
        all_of(broken("discord"), deleted("github")), waits=has_problems, then=put("discord"), removed=GITHUB,
    ),
    Row(
        "a set of the job fails, until it succeeds",
        all_of(fault(route="set", status=500), changed("discord", "discord:read", "more"), deleted("github")),
        settings=PATIENT, waits=says("discord", "", "failed"), then=no_fault, removed=GITHUB, asks=True, settled=False,
    ),
    Row(
        "a set of the job is refused, until the file changes",
        all_of(fault(route="set", status=422), changed("discord", "nonsense"), deleted("github")),
        waits=says("discord", "", "failed"), then=all_of(no_fault, put("discord")), removed=GITHUB, asks=True,
    ),
    Row("one of five is deleted after those", deleted("github"), removed=GITHUB, grace=LAST),
)  # fmt: skip

LIES: Mapping[str, Mapping[str, object]] = {
    "half": {"body": "truncated"},
    "a page": {"body": "html"},
    "500": {"status": 500},
}
BASE44 = (
    *(Row(
        f"the list is {name}, and the file comes back",
        all_of(fault(route="list", **lie), deleted("github")), waits=says("github", "", "failed"), asks=True,
        then=all_of(put("github"), no_fault), settings=PATIENT,
    ) for name, lie in LIES.items()),
    Row(
        "the list is a page, and then true",
        all_of(fault(route="list", body="html"), deleted("github")), waits=says("github", "", "failed"), asks=True,
        then=no_fault, settings=PATIENT, removed=GITHUB,
    ),
    Row(
        "the list says that nothing is there",
        all_of(fault(route="list", body="nothing"), deleted("github")), waits=is_no_more("github"), asks=True,
        then=no_fault, forgotten=GITHUB, settled=False,
    ),
    Row(
        "DELETE answers 500 twice",
        all_of(fault(route="remove", status=500, count=2), deleted("github")), removed=GITHUB, requests=3,
    ),
    Row(
        "DELETE answers 404, for it was done meanwhile",
        all_of(fault(route="remove", status=404, carried_out=True, count=1), deleted("github")), removed=GITHUB,
    ),
    Row(
        "DELETE is done and never answered",
        all_of(fault(route="remove", delay=60, carried_out=True, count=1), deleted("github")), removed=GITHUB,
    ),
    Row("one of five is deleted after these", deleted("github"), removed=GITHUB, grace=LAST),
)  # fmt: skip

BATCHES: Mapping[str, tuple[Row, ...]] = {
    "directory": DIRECTORY,
    "many": MANY,
    "git": GIT,
    "project": PROJECT,
    "Base44": BASE44,
}


HOW = ["straight through", "killed", *(f"killed by chance {seed}" for seed in range(1, STORM))]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("batch", BATCHES)
def test_p2_to_p6_removals_are_sent_when_they_should_be_and_never_else(
    stage: Stage, subtests: pytest.Subtests, batch: str, how: str
) -> None:
    killed = how.startswith("killed")
    chance = random.Random(how) if how.startswith("killed by") else None
    failures = failures_of(BATCHES[batch], stage, killed=killed, chance=chance)
    for row in BATCHES[batch]:
        with subtests.test(row.name):
            if row.name in failures:
                raise failures[row.name]
    assert not failures
