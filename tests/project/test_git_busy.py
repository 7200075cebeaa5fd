"""What git is in the middle of, as git itself leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.git import a_repository

from connectord.project import GitWork, busy, read_git


@pytest.mark.parametrize(
    ("script", "work", "file"),
    [
        ("git rebase -q clash", GitWork.REBASE, "rebase-merge"),
        ("git rebase -q --apply clash", GitWork.REBASE, "rebase-apply"),
        ("git format-patch -q -1 --stdout clash | git am -q", GitWork.REBASE, "rebase-apply"),
        ("git merge -q clash", GitWork.MERGE, "MERGE_HEAD"),
        ("git merge -q --no-commit without", GitWork.MERGE, "MERGE_HEAD"),
        ("git cherry-pick clash", GitWork.CHERRY_PICK, "CHERRY_PICK_HEAD"),
        ("git cherry-pick clash without || git reset -q --merge", GitWork.SEQUENCE, "sequencer"),
        ("echo 9 > connectors/slack.json; git commit -q -a -m x; git revert HEAD~1", GitWork.REVERT, "REVERT_HEAD"),
        ("git bisect start -q", GitWork.BISECT, "BISECT_LOG"),
        ("touch .git/index.lock", GitWork.LOCK, "index.lock"),
        ("git merge -q clash || touch .git/index.lock", GitWork.MERGE, "MERGE_HEAD"),
        ("git merge -q ahead", None, None),
        ("git commit -q --allow-empty -m x", None, None),
    ],
)
def test_what_is_in_progress_is_named_with_its_file(
    tmp_path: Path, script: str, work: GitWork | None, file: str | None
) -> None:
    repository = a_repository(tmp_path / "r")
    repository.attempt(script)
    found = repository.read().busy
    assert (found and found.work, found and found.file.name) == (work, file)
    assert busy(repository.connectors) == found


def test_it_is_said_in_a_sentence(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.attempt("git rebase -q clash")
    assert str(repository.read().busy) == f"a rebase or am is in progress ({repository.folder}/.git/rebase-merge)"


def test_a_worktree_is_busy_by_itself(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git worktree add -q ../tree same")
    tree = repository.folder.parent / "tree"
    (repository.folder / ".git/worktrees/tree/index.lock").touch()
    assert read_git(tree).busy is not None
    assert repository.read().busy is None


def test_what_cannot_be_read_is_not_busy_since_its_mark_says_so(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")
    assert busy(tmp_path) is None
    assert busy(tmp_path / "elsewhere") is None
