"""One project's trouble is its own: whatever stands under its names, the others are pushed and the end comes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector, a_project
from tests.support.running import running_daemon
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


def client() -> Client:
    return Client(Path(os.environ["CONNECTORD_RUNTIME_DIR"]))


def status(project: Project) -> ProjectStatus:
    return client().status(project.root).projects[0]


def a_pipe_for(name: str) -> Callable[[Project], None]:
    def put(project: Project) -> None:
        (project.root / name).unlink(missing_ok=True)
        os.mkfifo(project.root / name)

    return put


def a_pipe_for_the_directory(project: Project) -> None:
    shutil.rmtree(project.connectors_dir)
    os.mkfifo(project.connectors_dir)


def nothing_at_all(project: Project) -> None:
    project.root.rename(project.root.with_name("away"))


def a_loop_of_links(project: Project) -> None:
    shutil.rmtree(project.connectors_dir)
    project.connectors_dir.symlink_to(project.connectors_dir)


def a_wrong_app(project: Project) -> None:
    (project.root / "base44/.app.jsonc").write_text(json.dumps({"id": "f" * 24}))


TROUBLES = [
    a_pipe_for("base44/connectors/slack.jsonc"),
    a_pipe_for("base44/.app.jsonc"),
    a_pipe_for("base44/config.jsonc"),
    a_pipe_for_the_directory,
    nothing_at_all,
    a_loop_of_links,
    a_wrong_app,
]
NAMES = ["a pipe as connector file", "a pipe as link", "a pipe as config", "a pipe as directory", "no folder", "a loop"]


@pytest.mark.parametrize("make_trouble", TROUBLES, ids=[*NAMES, "a wrong app"])
def test_c7_a_project_in_trouble_shows_it_while_the_others_are_pushed_and_the_end_comes(
    make_trouble: Callable[[Project], None], emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    good = a_project(tmp_path / "good", {"github": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)
    bad = a_project(tmp_path / "bad", {"slack": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)
    with running_daemon(good.root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.finished")
        client().add_project(bad.root)
        daemon.expect(event="push.finished", project=str(bad.root))
        make_trouble(bad)
        until(lambda: bool(status(bad).problems or status(bad).error), "the trouble is shown")
        a_connector(good, "github", ["a", "b"])
        daemon.expect(event="connector.outcome", project=str(good.root), type="github")
        assert status(good).state == "needs-action"
        assert daemon.end() == 0
    assert [one for one in emulator.requests() if one["method"] == "DELETE"] == []
