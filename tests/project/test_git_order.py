"""The order in which git works, seen from the middle of its commands: what `git.py` tells its callers to mind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.git import Repository, a_repository, in_the_middle

from connectord.project import GitReading, GitWork, Moved

GITHUB = "github.json"


def at(state: str, ref: str) -> str:
    """A hook that pauses when a transaction of this ref is in this state."""
    return f'test "$1" = {state} || exit 0\ngrep -q " {ref}$" || exit 0\nexec ../pause'


def seen(repository: Repository, before: GitReading) -> tuple[bool, Moved, GitWork | None]:
    """Whether github.json is there, what git is taken to have done so far, and what it is at."""
    now = repository.read()
    return GITHUB in repository.names, repository.moved(before).moved, now.busy.work if now.busy else None


@pytest.mark.parametrize(
    ("script", "moved"),
    [
        ("git merge -q ahead", Moved.SWITCHED),  # by ORIG_HEAD, which is written before the files
        ("git merge -q --no-edit without", Moved.SWITCHED),
        ("git pull -q origin main", Moved.SWITCHED),
        ("git cherry-pick without", Moved.SWITCHED),  # by AUTO_MERGE
        ("git reset -q --hard ahead", Moved.SWITCHED),
        ("git rebase -q ahead", Moved.SWITCHED),
        ("git checkout -q --detach ahead", Moved.NONE),
    ],
)
def test_files_go_before_head_moves_and_the_lock_goes_before_that(tmp_path: Path, script: str, moved: Moved) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    with in_the_middle(repository, script, hook=at("prepared", "HEAD")):
        there, so_far, work = seen(repository, before)
        assert (there, so_far) == (False, moved)
        assert work is not GitWork.LOCK
    assert seen(repository, before) == (False, Moved.SWITCHED, None)


def test_a_checkout_holds_the_lock_while_it_changes_files(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("echo 'added filter=slow' > .git/info/attributes; git config filter.slow.smudge '../pause; cat'")
    repository.sh("git checkout -q -b other ahead; echo 1 > added; git add added; git commit -q -m added")
    repository.sh("git checkout -q main")
    before = repository.read()
    with in_the_middle(repository, "git checkout -q other"):
        assert seen(repository, before) == (False, Moved.NONE, GitWork.LOCK)
    assert seen(repository, before) == (False, Moved.SWITCHED, None)


@pytest.mark.parametrize("paths", ["", " -- connectors"])
def test_a_stash_moves_its_ref_before_it_removes_the_files_and_holds_no_lock(tmp_path: Path, paths: str) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git rm -q --cached connectors/github.json; git commit -q -m untracked")
    before = repository.read()
    with in_the_middle(repository, f"git stash push -q -u{paths}", hook=at("committed", "refs/stash")):
        assert seen(repository, before) == (True, Moved.SWITCHED, None)
        in_between = repository.read()
    assert seen(repository, before) == (False, Moved.SWITCHED, None)
    # A sighting in between hides the stash of some paths: why one sighting under a new mark isn't enough.
    assert repository.moved(in_between).moved is (Moved.NONE if paths else Moved.SWITCHED)


def test_while_a_person_writes_the_message_of_a_revert_only_auto_merge_tells(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git checkout -q without; git checkout -q main -- connectors/github.json; git commit -q -m back")
    before = repository.read()
    with in_the_middle(repository, "git revert --edit HEAD", GIT_EDITOR="../pause"):
        assert seen(repository, before) == (False, Moved.SWITCHED, None)
        assert repository.moved(before).what == "a merge or cherry-pick (AUTO_MERGE)"


def test_while_a_person_writes_the_message_of_a_merge_it_is_in_progress(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    with in_the_middle(repository, "git merge -q --edit without", GIT_EDITOR="../pause"):
        assert seen(repository, before) == (False, Moved.SWITCHED, GitWork.MERGE)


def test_while_a_person_writes_the_message_of_a_commit_nothing_has_moved(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    (repository.connectors / GITHUB).unlink()
    before = repository.read()
    with in_the_middle(repository, "git add -u; git commit -q", GIT_EDITOR='echo gone > "$1"; ../pause; true'):
        assert seen(repository, before)[:2] == (False, Moved.NONE)
    assert seen(repository, before) == (False, Moved.COMMITS, None)


def test_a_log_line_without_its_ref_is_a_commit_when_the_ref_follows(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    before = repository.read()
    head = repository.sh("git rev-parse HEAD")
    repository.sh("git commit -q --allow-empty -m x")
    ref = repository.folder / ".git/refs/heads/main"
    new = ref.read_text(encoding="utf-8")
    ref.write_text(f"{head}\n", encoding="utf-8")  # as between the two writes of a commit
    between = repository.read()
    ref.write_text(new, encoding="utf-8")
    assert repository.moved(before).moved is Moved.COMMITS
    assert repository.moved(between).what == "unknown: HEAD moved, and its log doesn't say how"


def test_a_reading_between_the_log_and_its_ref_is_taken_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = a_repository(tmp_path / "r")
    ref = repository.folder / ".git/refs/heads/main"
    (tmp_path / "old").write_bytes(ref.read_bytes())
    repository.sh("git commit -q --allow-empty -m x")
    new = ref.rename(tmp_path / "new")
    (tmp_path / "old").rename(ref)
    real = os.open

    def overtaken(path: Path, flags: int) -> int:
        descriptor = real(path, flags)
        if path == ref and new.exists():
            new.rename(ref)
        return descriptor

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", overtaken)
        reading = repository.read()
    assert reading == repository.read()
    assert reading.state.commit == repository.sh("git rev-parse HEAD")
