"""Issue 3, "Bad input": each, as a person at the commands and a daemon in the background meet it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import Machine
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector, a_project
from tests.support.running import RunningDaemon, running_daemon
from tests.support.storm import until

from connectord.control.client import Client
from connectord.control.models import ProjectStatus
from connectord.project import Project


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: RunningEmulator, a_home_of_its_own: Path) -> RunningEmulator:
    shared_emulator.admin("reset")
    shared_emulator.settings(limits=False)
    shared_emulator.sign_in(a_home_of_its_own)
    return shared_emulator


@pytest.fixture
def shop(emulator: RunningEmulator, tmp_path: Path) -> Project:
    emulator.connect("slack", ["a", "b", "c"])
    emulator.connect("notion", [])
    return a_project(tmp_path / "shop", {"slack": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)


@pytest.fixture
def daemon(shop: Project, a_home_of_its_own: Path) -> Iterator[RunningDaemon]:
    """A daemon that has pushed the shop, and ends well."""
    (a_home_of_its_own / "settings.toml").write_text(
        "settle_cap = 0.05\nhalf_written_patience = 0.05\nremoval_grace = 0\n"
    )
    settings = {"CONNECTORD_CONFIG": str(a_home_of_its_own / "settings.toml")}
    with running_daemon(shop.root, a_home_of_its_own, **settings) as daemon:
        daemon.expect(event="push.finished")
        yield daemon
        assert daemon.end() == 0


@pytest.fixture
def desk(tmp_path: Path, a_home_of_its_own: Path) -> Machine:
    """Where a person types commands."""
    (tmp_path / "plain").mkdir()
    runtime = {"CONNECTORD_RUNTIME_DIR": os.environ["CONNECTORD_RUNTIME_DIR"]}
    return Machine(a_home_of_its_own, tmp_path, {**runtime, "PYTHONPATH": os.environ.get("PYTHONPATH", "")})


def client() -> Client:
    return Client(Path(os.environ["CONNECTORD_RUNTIME_DIR"]))


def status(project: Project) -> ProjectStatus:
    return client().status(project.root).projects[0]


def removals(emulator: RunningEmulator) -> list[str]:
    return [one["path"] for one in emulator.requests() if one["method"] == "DELETE"]


@pytest.mark.parametrize("command", [("status",), ("wait",), ("history",), ("pause",), ("projects", "remove")])
def test_a_project_that_is_not_there_is_said_as_that(
    command: tuple[str, ...], daemon: RunningDaemon, desk: Machine
) -> None:
    ended = desk.connectord(*command, "nowhere")
    assert ended.code == 2
    assert ended.err.splitlines()[0] == f"Error: There is no file or folder {desk.folder}/nowhere."
    assert "projects add" not in ended.err


@pytest.mark.parametrize("command", [("status",), ("wait",), ("projects", "list"), ("resume",)])
def test_a_folder_that_is_no_project_is_said_as_that(
    command: tuple[str, ...], daemon: RunningDaemon, desk: Machine
) -> None:
    ended = desk.connectord(*command, "plain")
    assert ended.code == 2
    assert ended.err.splitlines()[0] == f"Error: {desk.folder}/plain lies in no Base44 project."
    assert "projects add" not in ended.err


def test_a_project_that_nobody_registered_is_said_with_how_to(daemon: RunningDaemon, desk: Machine) -> None:
    root = a_project(desk.folder / "other", {}).root
    ended = desk.connectord("status", "other/base44")
    assert ended.code == 2
    assert f"Error: The daemon doesn't look after a project in {root}." in ended.err
    assert f"connectord projects add {root}" in ended.err


@pytest.mark.parametrize(
    ("name", "words"),
    [("plain", "No Base44 project found in {}"), ("nowhere", "there is no file or folder {}.")],
)
def test_what_is_no_project_can_not_be_added_and_no_option_is_named_that_isnt_there(
    name: str, words: str, daemon: RunningDaemon, desk: Machine
) -> None:
    ended = desk.connectord("projects", "add", name)
    assert ended.code == 2
    assert words.format(desk.folder / name) in ended.err
    assert "--app-id" not in ended.err
    assert len(client().status().projects) == 1


@pytest.mark.parametrize("way", ["shop", "shop/base44/connectors", "link", "link/base44/config.jsonc"])
def test_a_project_that_is_added_twice_by_whichever_way_is_one_project(
    way: str, daemon: RunningDaemon, desk: Machine, shop: Project, emulator: RunningEmulator
) -> None:
    (desk.folder / "link").symlink_to(shop.root)
    desk.connectord("projects", "add", "shop")
    again = desk.connectord("projects", "add", way)
    assert again.out.startswith(f"✓ Already registered: {shop.root} (app ")
    assert [project.path for project in client().status().projects] == [str(shop.root)]
    assert [one["method"] for one in emulator.requests()].count("PUT") == 1


def test_a_project_on_a_disk_that_goes_away_says_so_and_goes_on_when_it_is_back(
    daemon: RunningDaemon, desk: Machine, shop: Project, emulator: RunningEmulator
) -> None:
    away = shop.root.with_name("away")
    shop.root.rename(away)
    told = daemon.expect(event="project.unusable")
    assert told["error"] == f"The project {shop.root} is gone; there is nothing there: no folder, or no disk."
    shown = desk.connectord("status", "shop")
    assert shown.code == 1
    assert told["error"] in shown.out
    assert desk.connectord("wait", "shop").code == 1
    a_connector(shop_in(away, shop), "slack", ["a", "b"])
    away.rename(shop.root)
    daemon.expect(event="project.usable")
    daemon.expect(event="connector.outcome", type="slack", result="synced")
    assert (status(shop).state, removals(emulator)) == ("synced", [])


def shop_in(root: Path, shop: Project) -> Project:
    return Project(root, None, root / "base44" / "connectors", shop.app_id, shop.api_url)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("base44/config.jsonc", "{ name: ", "expected a value, found the end of the file."),
        ("base44/config.jsonc", '{ "connectorsDir": 5 }', '"connectorsDir" must be a string that is not empty.'),
        ("base44/.app.jsonc", '{ "id": "" }', '"id" must be a string that is not empty.'),
        ("base44/.app.jsonc", '{ "id": "../x" }', "is not an app id"),
        (".env", "BASE44_API_URL=nonsense", "is not a URL"),
        (".env", "BASE44_API_URL=http://xn--/", "is not an address of Base44"),
    ],
)
def test_a_config_that_becomes_invalid_leaves_the_last_good_one_in_force_and_shows_the_problem(
    *,
    file: str,
    text: str,
    words: str,
    daemon: RunningDaemon,
    desk: Machine,
    shop: Project,
    emulator: RunningEmulator,
) -> None:
    good = (shop.root / file).read_text()
    (shop.root / file).write_text(text)
    assert words in daemon.expect(event="file.invalid")["message"]
    a_connector(shop, "slack", ["a", "b"])
    daemon.expect(event="connector.outcome", type="slack", result="synced")
    shown = desk.connectord("status", "shop")
    assert (shown.code, words in shown.out, "✓ slack" in shown.out) == (1, True, True)
    assert "config  invalid" not in shown.out
    (shop.connectors_dir / "slack.jsonc").unlink()
    a_connector(shop, "github", ["x"])
    daemon.expect(event="connector.outcome", type="github")
    assert removals(emulator) == []
    (shop.root / file).write_text(good)
    daemon.expect(event="file.mended")
    daemon.expect(event="connector.outcome", type="slack", result="removed")
    assert len(removals(emulator)) == 1


def test_a_config_that_is_invalid_from_the_start_is_refused_with_its_place(
    daemon: RunningDaemon, desk: Machine
) -> None:
    other = a_project(desk.folder / "other", {}).root
    (other / "base44/config.jsonc").write_text("{")
    ended = desk.connectord("projects", "add", "other")
    assert ended.code == 2
    assert f"{other}/base44/config.jsonc:1:2: " in ended.err


def test_an_app_that_is_gone_halts_its_project_and_says_which_app(
    daemon: RunningDaemon, desk: Machine, shop: Project
) -> None:
    other = a_project(desk.folder / "other", {"github": ["a"]}, app_id="f" * 24, api_url=shop.api_url)
    desk.connectord("projects", "add", "other")
    daemon.expect(event="connector.outcome", project=str(other.root), result="failed")
    until(lambda: status(other).state == "halted", "it is halted")
    shown = desk.connectord("status", "other")
    assert shown.code == 1
    assert f"App with id {'f' * 24} not found (404" in shown.out
    assert "It goes on by itself once that is mended" in shown.out
    assert status(shop).state == "synced"
    (other.root / "base44/.app.jsonc").write_text(json.dumps({"id": shop.app_id}))
    daemon.expect(event="connector.outcome", project=str(other.root), result="needs-authorization")


def test_an_app_that_is_closed_to_this_user_halts_its_project_until_it_is_open_again(
    daemon: RunningDaemon, desk: Machine, shop: Project, emulator: RunningEmulator
) -> None:
    emulator.fault(route="set", status=403, count=1)
    a_connector(shop, "slack", ["a", "b"])
    daemon.expect(event="connector.outcome", type="slack", result="failed")
    until(lambda: status(shop).state == "halted", "it is halted")
    shown = desk.connectord("status", "shop")
    assert shown.code == 1
    assert "Base44 refused to set slack: " in shown.out
    assert "(403, request " in shown.out
    client().push(shop.root)
    daemon.expect(event="connector.outcome", type="slack", result="synced")
    assert status(shop).state == "synced"


def test_another_app_is_not_said_to_have_what_only_the_first_one_has(daemon: RunningDaemon, shop: Project) -> None:
    until(lambda: status(shop).untracked == ("notion",), "what only the app has is shown")
    (shop.root / "base44/.app.jsonc").write_text(json.dumps({"id": "f" * 24}))
    daemon.expect(event="project.watching", app_id="f" * 24)
    assert status(shop).untracked == ()
