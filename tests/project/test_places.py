"""Which directories are watched for a project, and which names in them are a reason to look again."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.git import a_repository
from tests.support.project import a_project

from connectord.project import Project, read_project
from connectord.project.places import places_of_file, places_of_unread, watch_places


def directories(project: Project) -> set[Path]:
    return {place.directory for place in watch_places(project)}


def matters(project: Project, path: Path) -> bool:
    return any(place.directory == path.parent and place.matters(path.name) for place in watch_places(project))


def test_a_plain_project_is_watched_in_three_directories(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": []})
    assert directories(project) == {tmp_path, tmp_path / "base44", project.connectors_dir}


def test_what_is_not_there_is_not_watched_and_what_is_above_it_is(tmp_path: Path) -> None:
    config = '{"name": "x", "connectorsDir": "deep/down/connectors"}'
    (tmp_path / "base44/deep").mkdir(parents=True)
    project = a_project(tmp_path, config=config)
    assert directories(project) == {tmp_path, tmp_path / "base44", tmp_path / "base44/deep"}
    assert matters(project, tmp_path / "base44/deep/down")


def test_a_directory_outside_the_project_is_watched_with_the_one_above_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    project = a_project(tmp_path / "app", config='{"name": "x", "connectorsDir": "../../shared/connectors"}')
    assert matters(project, tmp_path / "shared")
    (tmp_path / "shared/connectors").mkdir(parents=True)
    assert {tmp_path / "shared", tmp_path / "shared/connectors"} <= directories(project)
    assert matters(project, tmp_path / "shared/connectors")


def test_the_targets_of_symlinks_are_watched(tmp_path: Path) -> None:
    real, shared = tmp_path / "real", tmp_path / "shared"
    real.mkdir()
    shared.mkdir()
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(real)
    (real / "slack.jsonc").symlink_to(shared / "slack.jsonc")
    assert {real, tmp_path, shared} <= directories(project)
    for path in (shared / "slack.jsonc", real / "github.jsonc", real, project.connectors_dir):
        assert matters(project, path)
    assert not matters(project, shared / "github.jsonc")


def test_a_link_to_what_is_not_there_yet_waits_for_it(tmp_path: Path) -> None:
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(tmp_path / "later" / "connectors")
    assert matters(project, tmp_path / "later")


def test_a_root_that_is_gone_is_waited_for_in_the_nearest_directory_above_it(tmp_path: Path) -> None:
    project = a_project(tmp_path / "work" / "app", {"slack": []})
    shutil.rmtree(tmp_path / "work")
    assert directories(project) == {tmp_path}
    assert matters(project, tmp_path / "work")


def test_a_root_that_is_a_file_is_waited_for(tmp_path: Path) -> None:
    project = a_project(tmp_path / "app", {"slack": []})
    shutil.rmtree(project.root)
    project.root.write_text("now a file")
    assert directories(project) == {tmp_path}
    assert matters(project, project.root)


def test_a_root_behind_a_symlink_is_watched_at_both_ends(tmp_path: Path) -> None:
    a_project(tmp_path / "real" / "app", {"slack": []})
    (tmp_path / "link").symlink_to(tmp_path / "real" / "app")
    project = a_project(tmp_path / "link", {"slack": []})
    assert matters(project, tmp_path / "link")
    assert matters(project, tmp_path / "real" / "app")
    assert matters(project, tmp_path / "link/base44/connectors/slack.jsonc")


def test_a_config_that_is_not_there_yet_is_waited_for_wherever_one_may_be(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    (tmp_path / "base44" / "config.jsonc").unlink()
    without = replace(project, config_path=None, connectors_dir=tmp_path / "connectors")
    for name in ("config.jsonc", "config.json", "base44/config.jsonc", "base44/config.json", "base44"):
        assert matters(without, tmp_path / name)


def test_every_link_of_a_chain_matters(tmp_path: Path) -> None:
    project = a_project(tmp_path / "app")
    (tmp_path / "real").mkdir()
    project.connectors_dir.symlink_to(tmp_path / "first")
    (tmp_path / "first").symlink_to("second/../second/last")
    (tmp_path / "second").symlink_to("folder")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "last").symlink_to("../real")
    for name in ("first", "second", "folder/last", "real", "real/slack.jsonc"):
        assert matters(project, tmp_path / name)


def test_a_link_above_the_project_matters(tmp_path: Path) -> None:
    (tmp_path / "releases" / "1").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/1")
    project = a_project(tmp_path / "current" / "app", {"slack": []})
    assert matters(project, tmp_path / "current")


def test_a_symlinked_base44_folder_matters_at_both_ends(tmp_path: Path) -> None:
    a_project(tmp_path / "kept", {"slack": []})
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "base44").symlink_to(tmp_path / "kept" / "base44")
    project = read_project(tmp_path / "app", {})
    assert project.root == tmp_path / "app"
    for name in ("app/base44", "kept/base44", "kept/base44/connectors"):
        assert matters(project, tmp_path / name)


@pytest.mark.parametrize("name", [".env", "base44/.app.jsonc", "base44/config.jsonc"])
def test_the_target_of_a_symlinked_config_file_matters(name: str, tmp_path: Path) -> None:
    project = a_project(tmp_path / "app", {}, env="A=1")
    (tmp_path / "shared").mkdir()
    (project.root / name).rename(tmp_path / "shared" / "file")
    (project.root / name).symlink_to(tmp_path / "shared" / "file")
    assert matters(project, tmp_path / "shared" / "file")
    assert (tmp_path / "shared" / "file") in {
        place.directory / one for place in places_of_unread(project.root) for one in place.names
    }


def test_a_file_is_watched_through_the_links_on_its_way(tmp_path: Path) -> None:
    (tmp_path / "dotfiles" / "auth").mkdir(parents=True)
    (tmp_path / ".base44").symlink_to("dotfiles")
    (tmp_path / "dotfiles" / "auth" / "auth.json").symlink_to(tmp_path / "vault" / "auth.json")
    (tmp_path / "vault").mkdir()
    places = places_of_file(tmp_path / ".base44" / "auth" / "auth.json")
    watched = {place.directory / name for place in places for name in place.names}
    assert {tmp_path / ".base44", tmp_path / "dotfiles/auth/auth.json", tmp_path / "vault/auth.json"} <= watched


def test_a_name_that_can_not_be_is_nothing_to_watch(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    for name in ("null\0", "\ud800", "x" * 300, "deep/" * 1000):
        odd = replace(project, connectors_dir=project.root / name / "connectors")
        assert directories(odd) == {tmp_path, tmp_path / "base44"}


@pytest.mark.parametrize("closed", ["", "base44"])
def test_a_folder_that_may_not_be_read_matters_in_the_one_above(
    closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_project(tmp_path / "app", {"slack": []})
    assert not matters(project, project.root)
    folder = project.root / closed
    monkeypatch.setattr(os, "access", lambda path, _: path != folder)  # nothing is closed to root
    for places in (watch_places(project), places_of_unread(project.root)):
        assert any(place.directory == folder.parent and place.matters(folder.name) for place in places)


def test_a_loop_of_symlinks_is_nothing_to_watch(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    project.connectors_dir.symlink_to(project.connectors_dir)
    assert directories(project) == {tmp_path, tmp_path / "base44"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("base44/connectors/slack.jsonc", True),
        ("base44/connectors/slack.json", True),
        ("base44/connectors", True),
        ("base44", True),
        ("base44/config.jsonc", True),
        ("base44/.app.jsonc", True),
        (".env", True),
        (".env.local", True),
        ("base44/connectors/.slack.jsonc.swp", False),
        ("base44/connectors/.slack.jsonc", False),
        ("base44/connectors/4913", False),
        ("base44/connectors/slack.jsonc~", False),
        ("base44/entities.jsonc", False),
        ("package.json", False),
    ],
)
def test_only_what_may_change_a_push_matters(path: str, expected: bool, tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    assert matters(project, tmp_path / path) is expected


def test_a_checkout_and_a_stash_are_followed_and_what_editors_do_is_not(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    project = a_project(repository.folder, {"slack": []})
    git = repository.folder / ".git"
    assert {
        name for name in (*(entry.name for entry in git.iterdir()), "ORIG_HEAD") if matters(project, git / name)
    } == {"HEAD", "ORIG_HEAD"}
    assert matters(project, git / "refs/stash")
    for name in ("index.lock", "index", "FETCH_HEAD", "COMMIT_EDITMSG"):
        assert not matters(project, git / name)


def test_a_worktree_has_its_own_head_and_the_stash_of_all(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r")
    repository.sh("git worktree add -q ../tree same")
    project = a_project(tmp_path / "r/tree", {"slack": []})
    git = repository.folder / ".git"
    assert matters(project, git / "worktrees/tree/HEAD")
    assert matters(project, git / "refs/stash")
    assert not matters(project, git / "HEAD")


def test_a_repository_that_cannot_be_read_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere", encoding="utf-8")
    project = a_project(tmp_path, {"slack": []})
    assert directories(project) == {tmp_path, tmp_path / "base44", project.connectors_dir}
