"""One reading of git: the same as git itself says in every layout, and a reason where nothing can be said."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.git import Repository, a_repository, an_empty_repository
from tests.support.project import a_project, a_snapshot

from connectord.project import NO_REPOSITORY, GitMark, GitState, Moved, read_git

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


def written(folder: Path, head: str, files: dict[str, str] | None = None) -> Path:
    """A repository by hand: what git finds in its files, and nothing else."""
    for name, text in {"HEAD": head, **(files or {})}.items():
        file = folder / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def fault(folder: Path) -> str:
    """Why the mark is unknown, without the folder's name."""
    reading = read_git(folder)
    assert reading.mark is not None
    assert (reading.busy, reading.state) == (None, GitState())
    return (reading.mark.fault or "").replace(f"{folder}", "")


def test_a_folder_that_is_closed_to_us_belongs_to_the_repository_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = a_repository(tmp_path / "git")
    before = repository.read()
    true_stat, closed = os.stat, f"{repository.connectors}/"

    def stat(path: object, **more: object) -> os.stat_result:
        if str(path).startswith(closed):  # permissions don't hold root back
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return true_stat(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    assert repository.moved(before).moved is Moved.NONE


@pytest.mark.parametrize(
    ("head", "files", "state"),
    [
        ("ref: refs/heads/main\n", {"refs/heads/main": COMMIT + "\n"}, GitState("main", COMMIT)),
        ("ref: refs/heads/main\n", {}, GitState("main", None)),
        ("ref:refs/heads/main", {}, GitState("main", None)),
        ("ref: refs/heads/a/b\n", {"refs/heads/a/b": COMMIT}, GitState("a/b", COMMIT)),
        ("ref: refs/heads/a\n", {"refs/heads/a/b": COMMIT}, GitState("a", None)),
        ("ref: refs/heads/a/b\n", {"refs/heads/a": COMMIT}, GitState("a/b", None)),
        (COMMIT + "\n", {}, GitState(None, COMMIT)),
        ("a" * 64 + "\n", {}, GitState(None, "a" * 64)),
        (
            "ref: refs/heads/main\n",
            {"packed-refs": f"# peeled\n{OTHER} refs/heads/other\n{COMMIT} refs/heads/main\n^{OTHER}\n"},
            GitState("main", COMMIT),
        ),
        ("ref: refs/heads/main\n", {"packed-refs": f"{COMMIT} refs/heads/main\n"}, GitState("main", COMMIT)),
        (
            "ref: refs/heads/main\n",
            {"refs/heads/main": COMMIT, "packed-refs": f"{OTHER} refs/heads/main\n"},
            GitState("main", COMMIT),
        ),
        ("ref: refs/heads/.invalid\n", {}, GitState()),
        ("ref: refs/heads/main\n", {"refs/heads/main": "rubbish"}, GitState("main", None)),
        ("ref: refs/remotes/x\n", {"refs/remotes/x": COMMIT}, GitState(None, COMMIT)),
    ],
)
def test_the_files_of_a_repository_say_branch_and_commit(
    tmp_path: Path, head: str, files: dict[str, str], state: GitState
) -> None:
    reading = read_git(written(tmp_path / "r", head, files))
    assert reading.mark is not None
    assert (reading.state, reading.mark.fault) == (state, None)


@pytest.mark.parametrize(
    "head", ["ref: refs/../../secret\n", "ref: /etc/passwd\n", "ref: refs/heads/a\x00b\n", "ref: \n", "rubbish", ""]
)
def test_a_head_that_says_nothing_is_unknown(tmp_path: Path, head: str) -> None:
    assert fault(written(tmp_path, head)) == "/.git/HEAD says neither a branch nor a commit"


def test_a_head_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    os.truncate(written(tmp_path, "") / ".git/HEAD", 100 * 1024 * 1024)
    assert fault(tmp_path) == "/.git/HEAD is larger than 4096 bytes"


def test_a_branch_with_too_long_a_name_is_unknown(tmp_path: Path) -> None:
    assert "File name too long" in fault(
        written(tmp_path, f"ref: refs/heads/{'x' * 1000}\n", {"refs/heads/main": COMMIT})
    )


@pytest.mark.parametrize("name", ["HEAD", "logs/HEAD", "refs/heads/main", "refs/stash", "packed-refs", "commondir"])
def test_a_fifo_in_the_place_of_a_file_blocks_nothing(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, "ref: refs/heads/main\n") / ".git" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    assert fault(tmp_path) == f"/.git/{name} is not a regular file"


@pytest.mark.parametrize("name", ["", "/HEAD", "/ORIG_HEAD"])
def test_what_cannot_be_read_is_unknown_and_says_why(tmp_path: Path, name: str) -> None:
    written(tmp_path, "ref: refs/heads/main\n")
    file = Path(f"{tmp_path}/.git{name}")
    if file.exists():
        file.rename(tmp_path / "away")
    file.symlink_to(file.name)  # a loop can't be followed by root either
    assert fault(tmp_path).startswith(f"/.git{name} can't be ")
    assert "Too many levels of symbolic links" in fault(tmp_path)


@pytest.mark.parametrize(
    ("pointer", "why"),
    [
        ("gitdir: nowhere/at/all\n", "/.git points to /nowhere/at/all, and there is no repository"),
        ("gitdir: a\0b\n", "can't be looked into: embedded null byte"),
        ("rubbish", "/.git doesn't say where the repository is"),
        ("", "/.git doesn't say where the repository is"),
    ],
)
def test_a_file_that_points_to_no_repository_is_unknown(tmp_path: Path, pointer: str, why: str) -> None:
    (tmp_path / ".git").write_text(pointer, encoding="utf-8")
    assert fault(tmp_path).endswith(why)


def test_without_git_there_is_no_mark(tmp_path: Path) -> None:
    assert read_git(tmp_path) == NO_REPOSITORY


def test_a_directory_without_head_is_passed_over_as_git_does(tmp_path: Path) -> None:
    inside = written(tmp_path, "ref: refs/heads/main\n") / "inside"
    (inside / ".git").mkdir(parents=True)
    assert read_git(inside).state == GitState("main", None)
    (inside / ".git").rmdir()
    (inside / ".git").symlink_to("nowhere")
    assert read_git(inside).state == GitState("main", None)


def test_a_directory_that_is_gone_belongs_to_the_repository_above(tmp_path: Path) -> None:
    written(tmp_path, "ref: refs/heads/main\n")
    assert read_git(tmp_path / "a" / "b").state == GitState("main", None)


def test_the_real_place_of_a_directory_decides(tmp_path: Path) -> None:
    written(tmp_path / "app", "ref: refs/heads/app\n")
    connectors = written(tmp_path / "shared", "ref: refs/heads/shared\n") / "connectors"
    (tmp_path / "app/connectors").symlink_to(connectors)
    assert read_git(tmp_path / "app/connectors").state == GitState("shared", None)  # there is nothing at its end yet
    connectors.mkdir()
    assert read_git(tmp_path / "app/connectors").state == GitState("shared", None)


def test_a_snapshot_carries_the_reading_and_so_does_one_without_a_directory(tmp_path: Path) -> None:
    project = a_project(written(tmp_path, "ref: refs/heads/main\n", {"refs/heads/main": COMMIT}), {})
    assert a_snapshot(project).git.state == GitState("main", COMMIT)
    project.connectors_dir.rmdir()
    assert a_snapshot(project).git.state == GitState("main", COMMIT)


def test_git_is_read_before_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project(written(tmp_path, "ref: refs/heads/main\n"), {"slack": []})
    order = opened(monkeypatch, lambda: a_snapshot(project))
    assert order.index("HEAD") < order.index("slack.jsonc")


def test_linked_worktrees_have_a_head_of_their_own_and_share_the_stash(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git worktree add -q -b side/way ../tree")
    tree = Repository(repository.folder.parent / "tree")
    head = repository.sh("git rev-parse HEAD")
    main_before, before = repository.read(), tree.read()
    assert (main_before.state, before.state) == (GitState("main", head), GitState("side/way", head))
    tree.sh("git checkout -q --detach ahead")
    assert (repository.moved(main_before).moved, tree.moved(before).moved) == (Moved.NONE, Moved.SWITCHED)
    assert tree.read().state == GitState(None, tree.sh("git rev-parse HEAD"))
    before = tree.read()
    repository.sh("echo 9 > other; git stash -q")
    assert tree.moved(before).what == "stash"


def test_a_submodule_is_a_repository_of_its_own_and_taken_out_another_one(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git -c protocol.file.allow=always submodule --quiet add ../origin sub; git commit -q -m sub")
    sub = Repository(repository.folder / "sub")
    outer, before = repository.read(), sub.read()
    assert before.state == GitState("main", sub.sh("git rev-parse HEAD"))
    sub.sh("git checkout -q same || git checkout -q origin/same")
    assert (repository.moved(outer).moved, sub.moved(before).moved) == (Moved.NONE, Moved.SWITCHED)
    repository.sh("git submodule --quiet deinit -f sub")
    assert sub.moved(before).what.startswith("unknown: the repository was ")


def test_a_repository_kept_elsewhere_and_a_shallow_clone_are_read(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git clone -q --separate-git-dir=../kept . ../work; git clone -q --depth 1 file://$PWD ../shallow")
    for name in ("work", "shallow"):
        clone = Repository(repository.folder.parent / name)
        before = clone.read()
        assert before.state == GitState("main", clone.sh("git rev-parse HEAD"))
        clone.sh("git commit -q --allow-empty -m x")
        assert clone.moved(before).moved is Moved.COMMITS


def test_worktrees_around_a_bare_repository_are_read(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git -C ../origin worktree add -q ../tree same")
    assert Repository(repository.folder.parent / "tree").read().state.branch == "same"
    assert read_git(repository.folder.parent / "origin" / "refs") == NO_REPOSITORY


def test_the_environment_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(a_repository(tmp_path / "r").folder / ".git"))
    (tmp_path / "elsewhere").mkdir()
    assert read_git(tmp_path / "elsewhere") == NO_REPOSITORY


def test_a_branch_without_a_commit_has_none_though_the_log_goes_on(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git checkout -q --orphan fresh; git pack-refs --all")
    assert repository.read().state == GitState("fresh", None)


def opened(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[str]:
    """The files that are opened meanwhile, git's by their names within `.git`."""
    names: list[str] = []
    real = os.open

    def noted(path: Path | str, flags: int, **more: int) -> int:
        names.append(str(path).rpartition(".git/")[2])
        return real(path, flags, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", noted)
        act()
    return names


def test_a_reading_opens_three_files_and_two_more_with_a_stash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = a_repository(tmp_path / "r")
    assert opened(monkeypatch, repository.read) == ["HEAD", "logs/HEAD", "refs/heads/main"]
    repository.sh("echo 9 > other; git stash -q")
    assert opened(monkeypatch, repository.read) == [
        "HEAD",
        "logs/HEAD",
        "logs/refs/stash",
        "refs/heads/main",
        "refs/stash",
    ]


def test_packed_refs_are_not_read_where_a_log_tells_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git gc -q")
    with (repository.folder / ".git/packed-refs").open("a", encoding="utf-8") as packed:
        packed.writelines(f"{OTHER} refs/tags/{number:0100}\n" for number in range(70_000))
    assert (repository.folder / ".git/packed-refs").stat().st_size > 10_000_000
    assert opened(monkeypatch, repository.read) == ["HEAD", "logs/HEAD", "logs/refs/heads/main"]
    assert repository.read().state == GitState("main", repository.sh("git rev-parse HEAD"))
    repository.sh("git reflog expire --expire=all --all")
    assert repository.read().state == GitState("main", repository.sh("git rev-parse HEAD"))


def test_a_mark_survives_as_text(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "\udcff r")
    repository.sh("echo 9 > other; git stash -q; git checkout -q --detach")
    marks = [repository.read().mark, an_empty_repository(tmp_path / "e").read().mark, GitMark.unknown("why")]
    for mark in marks:
        assert mark is not None
        assert GitMark.from_text(mark.as_text()) == mark
        assert "example.com" not in mark.as_text()


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"git_dir": 3}', '{"git_dir": "", "log": "x"}', "\udcff", "{"]
)
def test_a_text_that_is_no_mark_is_an_unknown_one(text: str) -> None:
    assert GitMark.from_text(text).fault == "what was kept of git's state can't be read"
