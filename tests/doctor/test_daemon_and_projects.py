"""daemon, projects, settings: what runs, for whom, and by which settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.doctor import here, said, states, with_daemon, without_daemon
from tests.support.face import NOON, a_connector, a_daemon, a_project_status
from tests.support.project import APP_ID, a_project

from connectord import __version__
from connectord.control.models import ProblemStatus, ProjectState
from connectord.control.unanswered import NotAnswering
from connectord.doctor.daemon import check_daemon
from connectord.doctor.finding import State
from connectord.doctor.projects import check_projects
from connectord.doctor.settings import check_settings
from connectord.doctor.settings_in_force import config_settings
from connectord.places import runtime_dir
from connectord.settings import Settings, read_settings, settings_path

LATER = NOON.timestamp() + 7200


def test_daemon_one_that_runs_says_its_version_and_for_how_long(tmp_path: Path) -> None:
    around = with_daemon(here(tmp_path, now=lambda: LATER), a_daemon(version=__version__))
    assert said(check_daemon, around).startswith(f"ok: connectord {__version__} has been running for 2 h (pid 4242)")


def test_daemon_an_old_one_left_by_an_upgrade_is_told_with_how_to_restart_it(tmp_path: Path) -> None:
    words = said(check_daemon, with_daemon(here(tmp_path, now=lambda: LATER), a_daemon(version="0.0.1")))
    assert words.startswith("attention: connectord 0.0.1 has been running for 2 h (pid 4242), but")
    assert "connectord stop, then connectord start" in words


def test_daemon_its_own_trouble_is_told(tmp_path: Path) -> None:
    around = with_daemon(here(tmp_path), a_daemon(version=__version__, trouble=("The disk is full.",)))
    assert "attention: The disk is full." in said(check_daemon, around)


def test_daemon_none_matters_once_there_is_a_project(tmp_path: Path) -> None:
    around = here(tmp_path)
    assert said(check_daemon, around).startswith("attention: connectord isn't running, and no project is registered")
    around.roots = lambda: (tmp_path,)  # type: ignore[method-assign]
    assert said(check_daemon, around).startswith("broken: connectord isn't running, so nothing is pushed of 1 reg")


def test_daemon_one_that_doesnt_answer_is_broken(tmp_path: Path) -> None:
    around = without_daemon(here(tmp_path), NotAnswering(runtime_dir()))
    with pytest.raises(NotAnswering):
        list(check_daemon(around))


def test_projects_each_has_its_state_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    problem = ProblemStatus(file="/p/slack.jsonc", line=3, column=7, message="Expected a value")
    around = with_daemon(
        here(tmp_path),
        a_daemon(),
        a_project_status("/a", connectors=(a_connector("slack"),)),
        a_project_status("/b", state=ProjectState.SIGNED_OUT, error="Nobody is signed in"),
        a_project_status("/c", state=ProjectState.NEEDS_ACTION, connectors=(a_connector("slack", "timed-out"),)),
        a_project_status("/d", state=ProjectState.NEEDS_ACTION, problems=(problem,)),
        a_project_status("/e", state=ProjectState.SYNCING),
        a_project_status("/f", state=ProjectState.PAUSED),
    )
    words = said(check_projects, around).splitlines()
    assert words[0] == "ok: /a: synced, 1 connector [] -> []"
    assert words[1].startswith("broken: /b: signed out: Nobody is signed in [] -> ['Sign in: connectord login")
    assert words[2].startswith("attention: /c: needs action ['slack: timed out'] -> ")
    assert words[3].startswith("broken: /d: needs action ['/p/slack.jsonc:3:7: Expected a value'] -> ")
    assert words[4].startswith("ok: /e: syncing")
    assert words[5].startswith("attention: /f: paused [] -> ['Go on: connectord resume']")


def test_projects_that_the_daemon_pushes_elsewhere_than_this_shell_would_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_project(tmp_path / "shop", {})
    monkeypatch.setenv("BASE44_API_URL", "http://127.0.0.1:9")
    project = a_project_status(tmp_path / "shop", app_id=APP_ID, api_url="https://app.base44.com")
    assert "this shell would to" in said(check_projects, with_daemon(here(tmp_path), a_daemon(), project))


def test_projects_without_a_daemon_their_files_are_read(tmp_path: Path) -> None:
    a_project(tmp_path / "well", {"slack": []})
    a_project(tmp_path / "ill", {"slack": "{ nonsense"})
    around = here(tmp_path)
    around.roots = lambda: (tmp_path / "well", tmp_path / "ill", tmp_path / "gone")  # type: ignore[method-assign]
    words = said(check_projects, around).splitlines()
    assert words[0].startswith(f"ok: {tmp_path}/well: 1 connector file, and nothing wrong there")
    assert words[1].startswith(
        f"broken: {tmp_path}/ill: 1 problem in its files ['{tmp_path}/ill/base44/connectors/slack"
    )
    assert words[2].startswith("broken: ")


def test_projects_the_one_around_this_folder_is_told_where_it_isnt_registered(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    words = said(check_projects, here(tmp_path / "base44"))
    assert words.startswith(f"attention: {tmp_path}: a project, but not registered")
    assert "connectord projects add" in words


def written(text: str) -> Path:
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(text)
    return settings_path()


def test_settings_all_at_their_default_are_well(tmp_path: Path) -> None:
    around = here(tmp_path)
    around.environ = {}
    assert said(check_settings, around).startswith(f"ok: all {len(Settings.model_fields) - 1} settings at the default")


def test_settings_each_that_is_set_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = written(f'# mine\nremovals = "ask"\n\n[projects."{tmp_path}"]\n# slower\nremoval_grace = 60\n')
    monkeypatch.setenv("BASE44_API_KEY", "b44k_0123456789")
    a_project(tmp_path, {}, api_url="http://127.0.0.1:9")
    words = said(check_settings, here(tmp_path))
    assert f'removals = "ask"  ({config}:2)' in words
    assert f"removal_grace = 60  ({config}:6, for {tmp_path})" in words
    assert f'BASE44_API_URL = "http://127.0.0.1:9"  ({tmp_path}/.env, for {tmp_path})' in words
    assert f"BASE44_API_KEY = set  (environment, for {tmp_path})" in words
    assert "0123456789" not in words


def test_settings_a_mistake_is_broken_and_named(tmp_path: Path) -> None:
    config = written("removls = 1\n")
    with pytest.raises(Exception, match=f'{config}:1:1: "removls" is not a setting; did you mean "removals"'):
        list(check_settings(here(tmp_path)))


def test_settings_that_the_daemon_hasnt_read_yet_are_told(tmp_path: Path) -> None:
    config = written('removals = "ask"\n')
    os.utime(config, (LATER, LATER))
    around = with_daemon(here(tmp_path), a_daemon())
    assert states(check_settings, around) == [State.OK, State.ATTENTION]
    os.utime(config, (1, 1))
    assert states(check_settings, around) == [State.OK]


def test_settings_a_config_that_is_gone_since_it_was_read_has_no_lines(tmp_path: Path) -> None:
    assert all(one.source == "default" for one in config_settings(read_settings(tmp_path / "x"), tmp_path / "x"))
