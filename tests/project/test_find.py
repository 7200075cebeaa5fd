"""read_project: from any place inside a project to its root, its connectors directory, its app and its host."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import APP_ID, a_project

from connectord.project import InvalidConfig, InvalidSetting, NoProject, NotLinked, find_root, read_project
from connectord.project import config_file as config_file_module

OTHER = "abcdef0123456789abcdef01"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "inside", [".", "src/deep", "base44", "base44/connectors", "base44/connectors/slack.jsonc", "base44/config.jsonc"]
)
def test_the_project_is_the_same_from_any_place_inside_it(tmp_path: Path, inside: str) -> None:
    expected = a_project(tmp_path, {"slack": []})
    (tmp_path / "src" / "deep").mkdir(parents=True)
    project = read_project(tmp_path / inside, {})
    assert project == expected
    assert (project.root, project.config_path) == (tmp_path, tmp_path / "base44" / "config.jsonc")


@pytest.mark.parametrize("name", ["base44/config.jsonc", "base44/config.json", "config.jsonc", "config.json"])
def test_every_name_of_a_config_is_found_and_the_connectors_are_beside_it(tmp_path: Path, name: str) -> None:
    config = write(tmp_path / name, "{}")
    project = read_project(tmp_path, {}, app_id=APP_ID)
    assert (project.root, project.config_path, project.connectors_dir) == (
        tmp_path,
        config,
        config.parent / "connectors",
    )


def test_the_nearest_config_wins_and_base44_before_the_folder_itself(tmp_path: Path) -> None:
    write(tmp_path / "config.json", "{}")
    inner = write(tmp_path / "app" / "base44" / "config.json", "{}")
    write(tmp_path / "app" / "config.jsonc", "{}")
    assert read_project(tmp_path / "app", {}, app_id=APP_ID).config_path == inner


def test_a_relative_start_is_seen_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_project(tmp_path, {})
    monkeypatch.chdir(tmp_path / "base44")
    assert read_project(Path(), {}).root == tmp_path


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("links", "base44/links"),
        ("./links/", "base44/links"),
        ("../shared", "shared"),
        ("/links", "base44/links"),  # as the CLI joins paths
    ],
)
def test_connectors_dir_is_relative_to_the_folder_of_the_config(tmp_path: Path, said: str, where: str) -> None:
    project = a_project(tmp_path, config=f"{{connectorsDir: '{said}'}}")
    assert project.connectors_dir == tmp_path / where


def test_a_given_directory_wins_over_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_project(tmp_path, {})
    monkeypatch.chdir(tmp_path)
    project = read_project(tmp_path, {}, directory=Path("other"))
    assert (project.connectors_dir, project.app_id) == (tmp_path / "other", APP_ID)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ('{\n  "connectorsDir": 5\n}', '2:20: "connectorsDir" must be a string that is not empty.'),
        ('{"connectorsDir": " "}', '1:19: "connectorsDir" must be a string that is not empty.'),
        ('{"connectorsDir": "a\\u0000b"}', '1:19: "connectorsDir" has characters in it that can\'t be used.'),
        ('{"connectorsDir": "\\ud800"}', '1:19: "connectorsDir" has characters in it that can\'t be used.'),
        ('{"name": "x"', '1:13: the file ends before the "{" of line 1, column 1 is closed.'),
        ("[]", "1:1: expected an object like { … }."),
    ],
)
def test_a_config_that_cannot_be_used_is_an_error_with_its_place(tmp_path: Path, config: str, problem: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        a_project(tmp_path, config=config)
    assert (caught.value.what, caught.value.code) == (f"{tmp_path}/base44/config.jsonc:{problem}", "CONFIG_INVALID")


def test_other_keys_of_the_config_are_not_our_business(tmp_path: Path) -> None:
    assert a_project(tmp_path, config='{"name": 5, "site": []}').app_id == APP_ID


def test_without_a_project_the_error_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoProject) as caught:
        read_project(tmp_path, {})
    assert str(tmp_path) in caught.value.what
    assert caught.value.code == "CONFIG_NOT_FOUND"
    assert "npx base44 link" in " ".join(caught.value.todo)


@pytest.mark.parametrize("name", ["missing", "x" * 300, "nul\0"])
def test_a_place_that_is_not_there_has_no_project(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoProject, match="there is no file or folder"):
        read_project(tmp_path / name, {}, app_id=APP_ID)


def test_a_project_without_an_app_is_not_linked(tmp_path: Path) -> None:
    with pytest.raises(NotLinked, match="is not linked to a Base44 app") as caught:
        a_project(tmp_path, app_id=None)
    assert "npx base44 link" in " ".join(caught.value.todo)


@pytest.mark.parametrize("given", ["argument", "environment", ".env"])
def test_without_a_project_an_app_id_is_enough(tmp_path: Path, given: str) -> None:
    if given == ".env":
        write(tmp_path / ".env", f"BASE44_APP_ID={OTHER}")
    environ = {"BASE44_APP_ID": OTHER} if given == "environment" else {}
    project = read_project(tmp_path, environ, app_id=OTHER if given == "argument" else None)
    assert (project.root, project.config_path) == (tmp_path, None)
    assert (project.app_id, project.connectors_dir) == (OTHER, tmp_path / "connectors")


def test_without_a_project_the_root_is_a_folder_even_if_a_file_was_named(tmp_path: Path) -> None:
    file = write(tmp_path / "slack.jsonc", "{}")
    assert read_project(file, {}, app_id=OTHER).root == tmp_path


def test_defect_01_an_app_id_in_env_does_not_make_a_linked_project_forgotten(tmp_path: Path) -> None:
    linked = a_project(tmp_path, {"slack": []})
    project = a_project(tmp_path, {"slack": []}, env=f"BASE44_APP_ID={OTHER}\n")
    assert project.app_id == OTHER
    assert (project.root, project.connectors_dir) == (linked.root, linked.connectors_dir)


def test_the_app_id_comes_from_the_argument_then_the_environment_then_env_files_then_the_link(tmp_path: Path) -> None:
    found = []
    a_project(tmp_path)
    found.append(read_project(tmp_path, {}).app_id)
    write(tmp_path / ".env", "BASE44_APP_ID=from-env")
    found.append(read_project(tmp_path, {}).app_id)
    write(tmp_path / ".env.local", "BASE44_APP_ID=from-env-local")
    found.append(read_project(tmp_path, {}).app_id)
    found.append(read_project(tmp_path, {"BASE44_APP_ID": "from-environ"}).app_id)
    found.append(read_project(tmp_path, {"BASE44_APP_ID": "from-environ"}, app_id=" from-argument ").app_id)
    assert found == [APP_ID, "from-env", "from-env-local", "from-environ", "from-argument"]


@pytest.mark.parametrize("name", [".app.jsonc", ".app.json", "base44/.app.json", "packages/web/.app.jsonc"])
def test_the_link_is_found_beside_and_below(tmp_path: Path, name: str) -> None:
    write(tmp_path / "base44" / "config.jsonc", "{}")
    write(tmp_path / name, f'{{"id": "{OTHER}"}}')
    assert read_project(tmp_path, {}).app_id == OTHER


def test_the_link_beside_the_config_wins_then_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "base44" / "config.jsonc", "{}")
    found = []
    for name in ("a/deep/.app.jsonc", "z/.app.jsonc", ".app.jsonc", "base44/.app.jsonc"):
        write(tmp_path / name, f'{{"id": "{name.split("/")[0].strip(".").replace(".", "-")}"}}')
        found.append(read_project(tmp_path, {}).app_id)
    assert found == ["a", "z", "app-jsonc", "base44"]


@pytest.mark.parametrize("folder", ["node_modules", ".git", ".cache"])
def test_the_link_is_not_looked_for_in_other_peoples_folders(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "x" / ".app.jsonc", f'{{"id": "{OTHER}"}}')
    with pytest.raises(NotLinked):
        a_project(tmp_path, app_id=None)


def test_the_search_for_a_link_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_file_module, "_MOST_FOLDERS", 5)
    for number in range(10):
        write(tmp_path / f"{number}" / "below" / ".app.jsonc", f'{{"id": "{OTHER}"}}')
    with pytest.raises(NotLinked):
        a_project(tmp_path, app_id=None)


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ('{\n "id": 5}', '2:8: "id" must be a string that is not empty.'),
        ('{"id": ""}', '1:8: "id" must be a string that is not empty.'),
        ("{}", ' "id" is missing: it names the app that this project belongs to.'),
        ('{"id": "x', "1:8: this string has no closing quote on its line."),
        ('{"id": "../x"}', " '../x' is not an app id: letters, digits, _ and - only."),
    ],
)
def test_a_broken_link_is_an_error_with_its_place(tmp_path: Path, link: str, problem: str) -> None:
    file = write(tmp_path / "base44" / ".app.jsonc", link)
    with pytest.raises((InvalidConfig, InvalidSetting)) as caught:
        a_project(tmp_path, app_id=None)
    assert caught.value.what == f"{file}:{problem}"


@pytest.mark.parametrize("app_id", ["", " ", "../..", "a/b", "a?b", "a b", "a\n b", "é"])
def test_an_impossible_app_id_is_refused_and_its_source_named(tmp_path: Path, app_id: str) -> None:
    a_project(tmp_path)
    with pytest.raises(InvalidSetting, match=r"^--app-id: ") as caught:
        read_project(tmp_path, {}, app_id=app_id)
    assert caught.value.code == "INVALID_INPUT"


def test_the_root_of_a_project_is_found_without_its_link(tmp_path: Path) -> None:
    assert find_root(tmp_path) is None
    write(tmp_path / "base44" / "config.jsonc", "broken {")
    assert find_root(tmp_path / "base44") == tmp_path


def test_a_symlinked_project_is_named_as_the_person_named_it(tmp_path: Path) -> None:
    a_project(tmp_path / "real", {})
    (tmp_path / "link").symlink_to("real")
    assert read_project(tmp_path / "link" / "base44", {}).root == tmp_path / "link"
