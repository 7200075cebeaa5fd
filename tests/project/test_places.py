"""Which directories are watched for a project, and which paths in them are a reason to look again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import a_project

from connectord.project.places import is_relevant, watch_places


def test_a_plain_project_is_watched_in_three_directories(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": []})
    assert set(watch_places(project)) == {tmp_path, tmp_path / "base44", project.connectors_dir}


def test_what_is_not_there_is_not_watched_and_what_is_above_it_is(tmp_path: Path) -> None:
    config = '{"name": "x", "connectorsDir": "deep/down/connectors"}'
    (tmp_path / "base44/deep").mkdir(parents=True)
    project = a_project(tmp_path, config=config)
    assert set(watch_places(project)) == {tmp_path, tmp_path / "base44", tmp_path / "base44/deep"}


def test_a_directory_outside_the_project_is_watched_with_the_one_above_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    project = a_project(tmp_path / "app", config='{"name": "x", "connectorsDir": "../../shared/connectors"}')
    (tmp_path / "shared/connectors").mkdir(parents=True)
    places = {place.resolve() for place in watch_places(project)}
    assert {tmp_path / "shared", tmp_path / "shared/connectors"} <= places


def test_the_targets_of_symlinks_are_watched(tmp_path: Path) -> None:
    real, shared = tmp_path / "real", tmp_path / "shared"
    real.mkdir()
    shared.mkdir()
    project = a_project(tmp_path / "app")
    project.connectors_dir.symlink_to(real)
    (real / "slack.jsonc").symlink_to(shared / "slack.jsonc")
    assert {real, tmp_path, shared} <= set(watch_places(project))
    assert is_relevant(project, shared / "slack.jsonc")
    assert is_relevant(project, real / "github.jsonc")


def test_a_loop_of_symlinks_is_nothing_to_watch(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    project.connectors_dir.symlink_to(project.connectors_dir)
    assert set(watch_places(project)) == {tmp_path, tmp_path / "base44"}


@pytest.mark.parametrize(
    ("path", "relevant"),
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
def test_only_what_may_change_a_push_is_relevant(path: str, relevant: bool, tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    assert is_relevant(project, tmp_path / path) is relevant
