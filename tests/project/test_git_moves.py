"""Each of git's commands against what it must be taken for, and against what it did to the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.git import Repository, a_repository, an_empty_repository

from connectord.project import GitMark, Moved, moved

NONE, COMMITS, SWITCHED = Moved.NONE, Moved.COMMITS, Moved.SWITCHED

SILENT = "unknown: HEAD moved, and its log doesn't say how"
UNSAID = "unknown: HEAD's log doesn't say"
MERGED = "a merge or reset (ORIG_HEAD)"
PICKED = "a merge or cherry-pick (AUTO_MERGE)"
RETURNED = "rebase (finish): returning to refs/heads/main"
OURS = "Merge made by the 'ort' strategy."

CONFLICT = "git merge -q clash || true"
REBASING = "git rebase -q clash || true"
BISECTING = "git bisect start -q; git bisect bad ahead; git bisect good main~1"
UNTRACKED = "git rm -q --cached connectors/github.json; git commit -q -m x"
STASHED_REMOVAL = "git rm -q connectors/github.json; git stash -q"
BACK = "git checkout -q without; git checkout -q main -- connectors/github.json; git commit -q -m back"
WITHOUT_LOGS = "git config core.logAllRefUpdates false; rm -r .git/logs"
COMMIT = "git commit -q --allow-empty -m x"


@dataclass(frozen=True)
class Row:
    """One command (`by`), after `first`: what it is taken for, in which words, and whether github.json vanishes."""

    by: str
    moved: Moved
    what: str = ""
    first: str = ""
    removes: bool = False
    busy: bool = False


ROWS = (
    Row("git commit -q -a -m 'One more'", COMMITS, "commit: One more", "echo 9 > other"),
    Row("git commit -q --allow-empty -m ''  --allow-empty-message", COMMITS, "commit:"),
    Row("git commit -q --amend -m again", COMMITS, "commit (amend): again"),
    Row("git commit -q -a -m gone", COMMITS, "commit: gone", "rm connectors/github.json"),
    Row("git checkout -q -b new", COMMITS, "checkout: moving from main to new"),
    Row("git switch -q -c new", COMMITS, "checkout: moving from main to new"),
    Row("git checkout -q same", COMMITS, "checkout: moving from main to same"),
    Row("git checkout -q main", SWITCHED, "checkout: moving from main to main"),
    Row("git checkout -q without", SWITCHED, "checkout: moving from main to without", removes=True),
    Row("git switch -q without", SWITCHED, "checkout: moving from main to without", removes=True),
    Row(
        "git checkout -q -",
        SWITCHED,
        "checkout: moving from main to ahead",
        "git checkout -q ahead; git checkout -q main",
        removes=True,
    ),
    Row("git checkout -q --detach ahead", SWITCHED, "checkout: moving from main to ahead", removes=True),
    Row("git checkout -q --detach", COMMITS, "checkout: moving from main to HEAD"),
    Row(COMMIT, COMMITS, "commit: x", "git checkout -q --detach"),
    Row("git checkout -q main", SWITCHED, "checkout: moving from 1234567 to main", "git checkout -q --detach ahead"),
    Row("git switch -q --orphan fresh", SWITCHED, SILENT, removes=True),
    Row("git checkout -q --orphan fresh; git commit -q -m new", SWITCHED, SILENT),
    Row("git reset -q --hard main~1", SWITCHED, "reset: moving to main~1"),
    Row("git reset -q --hard", SWITCHED, "reset: moving to HEAD"),
    Row("git reset -q --hard; git reset -q --hard", SWITCHED, "reset: moving to HEAD", "git reset -q --hard"),
    Row("git reset -q --soft main~1", SWITCHED, "reset: moving to main~1"),
    Row("git reset -q --mixed main~1", SWITCHED, "reset: moving to main~1"),
    Row("git reset -q -- other", NONE, first="echo 9 > other; git add other"),
    Row("git merge -q ahead", SWITCHED, "merge ahead: Fast-forward", removes=True),
    Row("git merge -q --no-ff --no-edit ahead", SWITCHED, f"merge ahead: {OURS}", removes=True),
    Row("git merge -q without", SWITCHED, f"merge without: {OURS}", removes=True),
    Row(CONFLICT, SWITCHED, MERGED, removes=True, busy=True),
    Row(
        "echo 4 > connectors/slack.json; git commit -q -a --no-edit",
        SWITCHED,
        "commit (merge): Merge branch 'clash'",
        CONFLICT,
    ),
    Row("git merge -q --squash without", SWITCHED, MERGED, removes=True),
    Row("git merge -q --squash without; git commit -q -m squashed", SWITCHED, MERGED, removes=True),
    Row("git merge -q --no-commit without", SWITCHED, MERGED, removes=True, busy=True),
    Row("git merge --abort", SWITCHED, "reset: moving to HEAD", CONFLICT),
    Row("git rebase -q ahead", SWITCHED, RETURNED, removes=True),
    Row("git rebase -q without", SWITCHED, RETURNED, removes=True),
    Row(REBASING, SWITCHED, "rebase (start): checkout clash", removes=True, busy=True),
    Row("git rebase --abort", SWITCHED, "rebase (abort): returning to refs/heads/main", REBASING),
    Row("git rebase --skip", SWITCHED, RETURNED, REBASING),
    Row(
        "GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i HEAD~1",
        SWITCHED,
        "rebase: fast-forward",
        "git checkout -q ahead",
        busy=True,
    ),
    Row("GIT_SEQUENCE_EDITOR='sed -i s/^pick/drop/' git rebase -q -i HEAD~1", SWITCHED, RETURNED),
    Row("git pull -q origin main", SWITCHED, "pull -q origin main: Fast-forward", removes=True),
    Row("git pull -q --rebase origin main", SWITCHED, "pull -q --rebase origin main: Fast-forward", removes=True),
    Row("git pull -q origin same", SWITCHED, MERGED),
    Row("git fetch -q origin", NONE),
    Row("git push -q origin main:else", NONE),
    Row("git stash -q", SWITCHED, "stash", "echo 9 > other"),
    Row("git stash -q -u", SWITCHED, "stash", UNTRACKED, removes=True),
    Row("git stash push -q -u -- connectors", SWITCHED, "stash", UNTRACKED, removes=True),
    Row("git stash pop -q", SWITCHED, "stash", STASHED_REMOVAL, removes=True),
    Row("git stash apply -q", SWITCHED, PICKED, STASHED_REMOVAL, removes=True),
    Row("git stash drop -q", SWITCHED, "stash", "echo 9 > other; git stash -q"),
    Row("git stash list; git stash show", NONE, first="echo 9 > other; git stash -q"),
    Row("git cherry-pick without", SWITCHED, "cherry-pick: Remove GitHub", removes=True),
    Row("git cherry-pick -n without", SWITCHED, PICKED, removes=True),
    Row("git cherry-pick clash || true", SWITCHED, PICKED, removes=True, busy=True),
    Row("git revert --no-edit HEAD", SWITCHED, 'revert: Revert "back"', BACK, removes=True),
    Row("git revert -n HEAD", SWITCHED, PICKED, BACK, removes=True, busy=True),
    Row(
        "git am -q ../a.patch",
        SWITCHED,
        "am: Remove GitHub",
        "git format-patch -q -1 --stdout ahead > ../a.patch",
        removes=True,
    ),
    Row(
        "git am -q ../a.patch || true",
        SWITCHED,
        MERGED,
        "git format-patch -q -1 --stdout clash > ../a.patch",
        busy=True,
    ),
    Row(BISECTING, SWITCHED, "checkout: moving from ahead to 1234567", "git checkout -q ahead", busy=True),
    Row(
        "git bisect reset",
        SWITCHED,
        "checkout: moving from 1234567 to ahead",
        f"git checkout -q ahead; {BISECTING}",
        removes=True,
    ),
    Row("git branch -m trunk", COMMITS, "Branch: renamed refs/heads/main to refs/heads/trunk"),
    Row("git branch -m trunk; git commit -q --allow-empty -m x", COMMITS, "commit: x"),
    Row("git branch new; git branch -D -q same", NONE),
    Row("git tag v1; git tag -a -m x v2", NONE),
    Row("git gc -q --prune=now", NONE, first=COMMIT),
    Row("git commit -q --allow-empty -m x; git gc -q", COMMITS, "commit: x"),
    Row("git reflog expire --expire=all --all", NONE),
    Row("git reflog expire --expire=all --all; git commit -q --allow-empty -m x", SWITCHED, UNSAID),
    Row("git pack-refs --all", NONE, first="echo 9 > other; git stash -q"),
    Row("git status; git diff; git log -1; git add .; git show HEAD", NONE, first="echo 9 > other"),
    Row("git worktree add -q -b new ../tree; git worktree remove ../tree", NONE),
    Row("git sparse-checkout set --no-cone /other", SWITCHED, "sparse-checkout", removes=True),
    Row(
        "git sparse-checkout init",
        SWITCHED,
        "sparse-checkout",
        "git sparse-checkout set --no-cone /other; git sparse-checkout disable",
        removes=True,
    ),
    Row("git update-ref HEAD main~1", SWITCHED, "HEAD was moved without a word"),
    Row("git update-ref --no-deref HEAD ahead", SWITCHED, "HEAD was moved without a word"),
    Row(f"cp .git/refs/heads/ahead .git/HEAD; {COMMIT}", SWITCHED, SILENT, "git checkout -q --detach"),
    Row(f"echo 'ref: refs/heads/same' > .git/HEAD; {COMMIT}", SWITCHED, SILENT),
    Row("git symbolic-ref HEAD refs/heads/same", SWITCHED, "HEAD was moved without a word"),
    Row(
        "git config core.logAllRefUpdates false; rm -r .git/logs; git checkout -q ahead", SWITCHED, UNSAID, removes=True
    ),
    Row("git checkout -q ahead", SWITCHED, SILENT, WITHOUT_LOGS, removes=True),
    Row("rm -r .git", SWITCHED, "unknown: the repository is gone"),
    Row("rm -r .git; git init -q -b main; git add .; git commit -q -m first", SWITCHED, UNSAID),
    Row(
        "git -C connectors init -q", SWITCHED, "unknown: the repository was /r/repo/.git and is /r/repo/connectors/.git"
    ),
    Row("echo rubbish > .git/HEAD", SWITCHED, "unknown: /r/repo/.git/HEAD says neither a branch nor a commit"),
)

BY_A_PERSON = (
    Row("rm connectors/github.json", NONE, removes=True),
    Row("git rm -q connectors/github.json", NONE, removes=True),
    Row("git mv connectors/github.json elsewhere", NONE, removes=True),
    Row("git clean -q -f", NONE, first=UNTRACKED, removes=True),
    Row("git restore -s ahead connectors", NONE, removes=True),
    Row("git rm -q connectors/github.json; git commit -q -m gone", COMMITS, "commit: gone", removes=True),
    Row(
        "rm connectors/github.json; git checkout -q -b new; git commit -q -a -m gone",
        COMMITS,
        "commit: gone",
        removes=True,
    ),
)


def played(tmp_path: Path, row: Row) -> tuple[Moved, str, bool, bool]:
    """What was said, github.json's vanishing and whether git is busy, in the words of a row."""
    repository = a_repository(tmp_path / "r")
    repository.sh(row.first)
    before, files = repository.read(), repository.names
    repository.sh(row.by)
    movement, busy = repository.moved(before), repository.read().busy
    vanished = "github.json" in files - repository.names
    return movement.moved, plain(repository, movement.what), vanished, busy is not None


def plain(repository: Repository, what: str) -> str:
    """Without this run's folder and commit names."""
    words = what.replace(str(repository.folder.parent), "/r").split(" ")
    return " ".join("1234567" if len(word) == 40 and word.isalnum() else word for word in words)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.by)
def test_a_command_is_taken_for_what_it_may_do_to_the_files(tmp_path: Path, row: Row) -> None:
    assert played(tmp_path, row) == (row.moved, row.what, row.removes, row.busy)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.by)
def test_no_row_lets_git_remove_a_file_unseen(row: Row) -> None:
    assert not row.removes or row.moved is SWITCHED or row.busy


@pytest.mark.parametrize("row", BY_A_PERSON, ids=lambda row: row.by)
def test_what_a_person_removes_is_not_taken_for_a_switch(tmp_path: Path, row: Row) -> None:
    assert played(tmp_path, row) == (row.moved, row.what, row.removes, False)


def test_ten_commits_are_commits(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    repository.sh("for i in 1 2 3 4 5 6 7 8 9 10; do git commit -q --allow-empty -m $i; done")
    assert repository.moved(before).moved is COMMITS


def test_a_switch_among_commits_is_a_switch_and_there_and_back_too(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    repository.sh("git checkout -q ahead; git checkout -q main; git commit -q --allow-empty -m x")
    assert (repository.moved(before).moved, repository.moved(before).what) == (
        SWITCHED,
        "checkout: moving from ahead to main",
    )


def test_a_new_repository_with_commits_is_commits_and_a_cloned_one_is_a_switch(tmp_path: Path) -> None:
    new = an_empty_repository(tmp_path / "new")
    assert moved(None, new.read().mark, new.connectors).moved is NONE
    new.sh("git commit -q --allow-empty -m first; git commit -q --allow-empty -m second")
    assert moved(None, new.read().mark, new.connectors).moved is COMMITS
    new.sh("git clone -q . ../cloned; mkdir ../cloned/connectors")
    cloned = Repository(tmp_path / "cloned")
    movement = moved(None, cloned.read().mark, cloned.connectors)
    assert (movement.moved, movement.what) == (SWITCHED, f"clone: from {tmp_path / 'new'}/.")


def test_the_first_commit_is_a_commit(tmp_path: Path) -> None:
    repository = an_empty_repository(tmp_path / "r")
    before = repository.read()
    repository.sh("git commit -q --allow-empty -m first")
    assert repository.moved(before).what == "commit (initial): first"
    assert repository.moved(before).moved is COMMITS


def test_more_than_a_megabyte_of_moves_is_unknown(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    log = repository.folder / ".git/logs/HEAD"
    line = log.read_text(encoding="utf-8").splitlines()[-1]
    log.write_text(log.read_text(encoding="utf-8") + f"{line}\n" * (1024 * 1024 // len(line)), encoding="utf-8")
    assert repository.moved(before).what == "unknown: HEAD's log doesn't say"


def test_a_line_that_is_none_of_gits_is_unknown(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    with (repository.folder / ".git/logs/HEAD").open("ab") as log:
        log.write(b"\xff\x00 rubbish\n")
    assert repository.moved(before).what == "unknown: HEAD's log doesn't say"


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    with (repository.folder / ".git/logs/HEAD").open("ab") as log:
        log.write(b"0123")
    assert repository.moved(before).moved is NONE


def test_the_longest_subject_is_a_commit_all_the_same(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    subject = "long " * 4000
    (tmp_path / "message").write_text(subject, encoding="utf-8")
    for _ in range(2):
        before = repository.read()
        repository.sh("git commit -q --allow-empty -F ../../message")
        assert repository.moved(before).moved is COMMITS
        assert len(repository.moved(before).what) == 120


def test_refs_in_a_reftable_are_unknown_as_soon_as_one_moves(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    git = repository.folder / ".git"
    (git / "reftable").mkdir()
    (git / "reftable/tables.list").write_text("0x01-0x02-aa.ref\n", encoding="utf-8")
    (git / "HEAD").write_text("ref: refs/heads/.invalid\n", encoding="utf-8")
    before = repository.read()
    assert repository.moved(before).moved is NONE
    (git / "reftable/tables.list").write_text("0x01-0x03-bb.ref\n", encoding="utf-8")
    assert repository.moved(before).what == "unknown: a ref moved (reftable)"


def test_no_repository_twice_is_no_movement_and_an_unknown_mark_always_one(tmp_path: Path) -> None:
    unknown = GitMark.unknown("why not")
    assert moved(None, None, tmp_path).moved is NONE
    for before, now in ((None, unknown), (unknown, None), (unknown, unknown)):
        assert moved(before, now, tmp_path).what == "unknown: why not"
        assert moved(before, now, tmp_path).moved is SWITCHED
