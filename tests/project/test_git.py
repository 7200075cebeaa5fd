"""Branch and commit as git itself says them, in every layout; "unknown" for everything else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support.project import a_project, a_snapshot

from connectord.project import GitState, read_git

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


def a_repository(folder: Path, head: str, **files: str) -> Path:
    git = folder / ".git"
    git.mkdir(parents=True)
    (git / "HEAD").write_text(head, encoding="utf-8")
    for name, text in files.items():
        file = git / name.replace("__", "/").replace("packed_refs", "packed-refs")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("head", "files", "state"),
    [
        ("ref: refs/heads/main\n", {"refs__heads__main": COMMIT + "\n"}, GitState("main", COMMIT)),
        ("ref: refs/heads/main\n", {}, GitState("main", None)),
        ("ref: refs/heads/a/b\n", {"refs__heads__a__b": COMMIT}, GitState("a/b", COMMIT)),
        (COMMIT + "\n", {}, GitState(None, COMMIT)),
        ("a" * 64 + "\n", {}, GitState(None, "a" * 64)),
        (
            "ref: refs/heads/main\n",
            {"packed_refs": f"# peeled\n{OTHER} refs/heads/other\n{COMMIT} refs/heads/main\n^{OTHER}\n"},
            GitState("main", COMMIT),
        ),
        (
            "ref: refs/heads/main\n",
            {"refs__heads__main": COMMIT, "packed_refs": f"{OTHER} refs/heads/main\n"},
            GitState("main", COMMIT),
        ),
        ("ref: refs/heads/.invalid\n", {}, GitState()),
        ("ref: refs/../../secret\n", {}, GitState()),
        ("ref: /etc/passwd\n", {}, GitState()),
        ("rubbish", {}, GitState()),
        ("", {}, GitState()),
        ("ref: refs/heads/main\n", {"refs__heads__main": "rubbish"}, GitState("main", None)),
        ("ref: refs/remotes/x\n", {"refs__remotes__x": COMMIT}, GitState(None, COMMIT)),
    ],
)
def test_the_files_of_a_repository_say_branch_and_commit(
    tmp_path: Path, head: str, files: dict[str, str], state: GitState
) -> None:
    assert read_git(a_repository(tmp_path / "r", head, **files)) == state


def test_a_folder_inside_a_repository_belongs_to_it(tmp_path: Path) -> None:
    inside = a_repository(tmp_path, "ref: refs/heads/main\n") / "a" / "b"
    inside.mkdir(parents=True)
    assert read_git(inside) == GitState("main", None)


def test_a_file_that_points_nowhere_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n", encoding="utf-8")
    assert read_git(tmp_path) == GitState()


def test_a_fifo_in_the_place_of_head_blocks_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git" / "HEAD")
    assert read_git(tmp_path) == GitState()


def test_a_snapshot_carries_the_state(tmp_path: Path) -> None:
    project = a_project(a_repository(tmp_path, "ref: refs/heads/main\n", refs__heads__main=COMMIT), {})
    identity = a_snapshot(project).identity
    assert identity is not None
    assert (identity.git_branch, identity.git_commit) == ("main", COMMIT)


def test_git_itself_says_the_same_in_a_clone_and_in_a_worktree(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    _git(tmp_path, "init", "-q", "-b", "trunk", str(main))
    assert read_git(main) == GitState("trunk", None)
    _git(main, "commit", "-q", "--allow-empty", "-m", "one")
    _git(main, "worktree", "add", "-q", "-b", "side/way", str(tree))
    commit = _git(main, "rev-parse", "HEAD")
    assert (read_git(main), read_git(tree)) == (GitState("trunk", commit), GitState("side/way", commit))
    _git(main, "pack-refs", "--all")
    assert (read_git(main), read_git(tree)) == (GitState("trunk", commit), GitState("side/way", commit))
    _git(tree, "checkout", "-q", "--detach")
    assert read_git(tree) == GitState(None, commit)


def _git(folder: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **identity}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()
