"""`connectord run` as a user has it: a real process, real files, the emulator in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector, a_project
from tests.support.running import WITHIN, RunningDaemon, environment, running_daemon


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: RunningEmulator, a_home_of_its_own: Path) -> RunningEmulator:
    """A Base44 as at its first start, and this test's user signed in to it."""
    shared_emulator.admin("reset")
    shared_emulator.settings(limits=False)
    shared_emulator.sign_in(a_home_of_its_own)
    return shared_emulator


def a_sample(folder: Path, emulator: RunningEmulator, **connectors: list[str]) -> Path:
    return a_project(folder, connectors, app_id=emulator.app_id, api_url=emulator.url).root


def with_settings(home: Path, text: str) -> dict[str, str]:
    path = home / "settings.toml"
    path.write_text(text)
    return {"CONNECTORD_CONFIG": str(path)}


def test_a_saved_file_becomes_an_authorized_connector(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator)
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="project.watching")
        (root / "base44/connectors/slack.jsonc").write_text('{type: "slack", scopes: ["chat:write"]}')
        outcome = daemon.expect(event="connector.outcome", type="slack", result="needs-authorization")
        notice = daemon.expect(event="notice", type="slack")
        emulator.consent(notice["url"])
        daemon.expect(event="authorization.ended", type="slack", result="added")
        assert daemon.end() == 0
    assert (outcome["url"], outcome["app_id"]) == (notice["url"], emulator.app_id)
    assert list(emulator.connectors()) == ["slack"]


def test_a_batch_of_three_is_one_notice_and_one_job(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["a"], github=["repo"], linear=["read"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        started = daemon.expect(event="push.started")
        daemon.expect(event="push.finished", job=started["job"])
        title = daemon.expect(event="notice")
        links = [daemon.expect(event="notice")["type"] for _ in range(3)]
    assert title["message"] == f"github, linear, slack need your authorization ({root.name}):"
    assert links == ["github", "linear", "slack"]
    assert {line["job"] for line in daemon.said("connector.outcome")} == {started["job"]}


def test_a_consent_that_nobody_gives_times_out_by_the_limit_that_was_set(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["a"])
    settings = with_settings(a_home_of_its_own, "authorization_limit = 0.5\nauthorization_poll = 0.2\n")
    with running_daemon(root, a_home_of_its_own, **settings) as daemon:
        ended = daemon.expect(event="authorization.ended", type="slack")
    assert ended["result"] == "timed-out"


def test_defect_10_scopes_that_were_not_granted_are_said(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write", "restricted:thing"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        emulator.consent(daemon.expect(event="notice", type="slack")["url"])
        ended = daemon.expect(event="authorization.ended", type="slack")
    assert ended["message"] == "slack: Added, but 1 of 2 scopes were not granted: restricted:thing"
    assert ended["missing_scopes"] == ["restricted:thing"]


def test_a_link_is_superseded_when_its_file_goes(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    settings = with_settings(a_home_of_its_own, "removal_grace = 0.1\n")
    with running_daemon(root, a_home_of_its_own, **settings) as daemon:
        daemon.expect(event="notice", type="slack")
        (root / "base44/connectors/slack.jsonc").unlink()
        ended = daemon.expect(event="authorization.ended", type="slack")
    # Nobody ever consented to it, so there is no removal to speak of.
    assert (ended["result"], daemon.said("removal.coming")) == ("superseded", [])


def test_p5_deleting_everything_is_held_and_sends_no_removal(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    emulator.connect("notion", [])
    emulator.connect("slack", ["chat:write"])
    root = a_sample(tmp_path, emulator, slack=["chat:write"], github=["repo"])
    settings = with_settings(a_home_of_its_own, "removal_grace = 0.1\n")
    with running_daemon(root, a_home_of_its_own, **settings) as daemon:
        daemon.expect(event="connector.untracked", types=["notion"])
        for file in (root / "base44/connectors").iterdir():
            file.unlink()
        held = daemon.expect(event="hold.began")
        assert (held["code"], held["types"]) == ("root-emptied", ["slack"])
        assert daemon.end() == 0
    assert [request for request in emulator.requests() if request["method"] == "DELETE"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_asked_to_end_ends_with_exit_code_0(
    number: signal.Signals, emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="notice", type="slack")
        assert daemon.end(number) == 0


def test_a_push_under_way_is_finished_before_the_end(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    emulator.fault(route="set", delay=1.0, count=1)
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.started")
        assert daemon.end() == 0
        daemon.expect(event="connector.outcome", result="needs-authorization")


def test_a_second_signal_ends_it_at_once(emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    emulator.fault(route="set", delay=8.0, count=1)
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.started")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.expect(event="daemon.stopping")
        assert daemon.end() == 0
        assert daemon.said("push.finished") == []


def test_p7_without_a_login_it_lives_on_says_so_and_goes_on_after_a_login(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    credentials = emulator.sign_in(a_home_of_its_own)
    kept = credentials.read_text()
    credentials.unlink()
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        failed = daemon.expect(event="connector.outcome", type="slack", result="failed")
        credentials.write_text(kept)
        daemon.expect(event="connector.outcome", type="slack", result="needs-authorization")
    assert failed["code"] == "AUTH_REQUIRED"


def test_p8_no_network_is_said_and_ends_by_itself(tmp_path: Path, a_home_of_its_own: Path) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
    with running_emulator("--port", str(port)) as emulator:
        emulator.sign_in(a_home_of_its_own)
        root = a_sample(tmp_path, emulator, slack=["chat:write"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        failed = daemon.expect(event="connector.outcome", type="slack", result="failed")
        daemon.expect(event="retry.scheduled", types=["slack"])
        assert failed["code"] == "UNREACHABLE"
        assert "127.0.0.1" in failed["error"]


def test_a_wrong_app_id_is_a_failure_that_says_where_to_look(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_project(tmp_path, {"slack": ["a"]}, app_id="f" * 24, api_url=emulator.url).root
    with running_daemon(root, a_home_of_its_own) as daemon:
        failed = daemon.expect(event="connector.outcome", type="slack", result="failed")
    assert failed["code"] == "NOT_FOUND"


def test_an_unknown_type_is_a_warning_with_the_nearest_name(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, gogle_calendar=["a"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        warning = daemon.expect(event="file.warning")
    assert "googlecalendar" in warning["error"]


def test_another_app_in_the_config_is_pushed_to_and_the_first_one_is_left_alone(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    with running_emulator("--app", "a" * 24, "--app", "b" * 24) as emulator:
        emulator.sign_in(a_home_of_its_own)
        root = a_project(tmp_path, {"slack": ["x"]}, app_id="a" * 24, api_url=emulator.url).root
        with running_daemon(root, a_home_of_its_own) as daemon:
            daemon.expect(event="connector.outcome", app_id="a" * 24)
            (root / "base44/.app.jsonc").write_text(json.dumps({"id": "b" * 24}))
            daemon.expect(event="project.watching", app_id="b" * 24)
            daemon.expect(event="connector.outcome", app_id="b" * 24)
        assert [request["method"] for request in emulator.requests() if request["method"] == "DELETE"] == []


def test_in_a_terminal_it_prints_readable_lines_and_ctrl_c_ends_it(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "connectord", "run", str(root)],
        env=environment(a_home_of_its_own, TERM="xterm"),
        encoding="utf-8",
        timeout=WITHIN,
        dimensions=(40, 200),
    )
    terminal.expect(r"\d\d:\d\d:\d\d  Watching .*/base44/connectors for app")
    terminal.expect("slack: needs authorization")
    terminal.expect(r"slack needs your authorization \(.*\):")
    terminal.expect(rf"slack: {emulator.url}/api/external-auth/connect/[0-9a-f]{{32}}")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def refused(folder: Path, home: Path, *arguments: str, **environ: str) -> dict[str, object]:
    """What `run` says, as one JSON document, when it can't even start (exit code 2)."""
    done = subprocess.run(
        [sys.executable, "-m", "connectord", "run", *arguments],
        cwd=folder,
        env=environment(home, **environ),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 2, done
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_no_project_is_said_with_what_to_do(tmp_path: Path, a_home_of_its_own: Path) -> None:
    assert refused(tmp_path, a_home_of_its_own)["code"] == "CONFIG_NOT_FOUND"


def test_a_project_that_is_not_linked_is_said_with_what_to_do(tmp_path: Path, a_home_of_its_own: Path) -> None:
    (tmp_path / "base44").mkdir()
    (tmp_path / "base44/config.jsonc").write_text('{"name": "x"}')
    document = refused(tmp_path, a_home_of_its_own)
    assert "base44 link" in json.dumps(document)


def test_settings_that_can_not_be_used_are_said_with_their_file(tmp_path: Path, a_home_of_its_own: Path) -> None:
    a_project(tmp_path, {})
    settings = with_settings(a_home_of_its_own, "authorisation_limit = 3\n")
    document = refused(tmp_path, a_home_of_its_own, **settings)
    assert document["error"] == (
        f'{settings["CONNECTORD_CONFIG"]}:1:1: "authorisation_limit" is not a setting; '
        'did you mean "authorization_limit"?'
    )


def test_two_paths_of_one_project_are_one_project(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["a"])
    command = [sys.executable, "-m", "connectord", "run", str(root), str(root / "base44/connectors")]
    with subprocess.Popen(
        command, env=environment(a_home_of_its_own), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    ) as process:
        daemon = RunningDaemon(process)
        os.set_blocking(process.stdout.fileno(), True)  # type: ignore[union-attr]
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]  # type: ignore[union-attr]
        assert daemon.end() == 0
    assert [line["event"] for line in lines].count("project.watching") == 1


def test_p4_a_file_that_is_back_within_the_grace_was_never_gone_and_keeps_its_link(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    project = a_project(tmp_path, {"slack": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)
    file = project.connectors_dir / "slack.jsonc"
    settings = with_settings(a_home_of_its_own, "removal_grace = 60\n")
    with running_daemon(project.root, a_home_of_its_own, **settings) as daemon:
        link = daemon.expect(event="notice", type="slack")["url"]
        file.rename(tmp_path / "away")
        a_connector(project, "github", ["repo"])
        daemon.expect(event="connector.outcome", type="github")
        (tmp_path / "away").rename(file)
        emulator.consent(link)
        daemon.expect(event="authorization.ended", type="slack", result="added")
        assert daemon.said("removal.coming") == []


def test_a_save_that_takes_back_the_one_under_way_is_not_lost(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    emulator.connect("slack", ["a", "b"])
    project = a_project(tmp_path, {"slack": ["a"]}, app_id=emulator.app_id, api_url=emulator.url)
    with running_daemon(project.root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.finished")
        emulator.fault(route="set", delay=1.5, count=1)
        a_connector(project, "slack", ["a", "b"])
        daemon.expect(event="push.started")
        a_connector(project, "slack", ["a"])
        daemon.expect(event="push.finished")
        daemon.expect(event="push.finished")
    assert emulator.connectors() == {"slack": ["a"]}


def test_p7_signed_out_is_said_once_however_often_it_is_tried(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    credentials = emulator.sign_in(a_home_of_its_own)
    kept = credentials.read_text()
    credentials.unlink()
    root = a_sample(tmp_path, emulator, slack=["a"], github=["b"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="retry.scheduled")
        for _ in range(3):  # each change in the folder is another try
            (credentials.parent / "auth.json").write_text("")
            (credentials.parent / "auth.json").unlink()
        credentials.write_text(kept)
        daemon.expect(event="connector.outcome", result="needs-authorization")
    failures = [line for line in daemon.said("connector.outcome") if line.get("code") == "AUTH_REQUIRED"]
    assert len(failures) == 2


def test_a_wrong_app_id_that_is_mended_is_pushed_to(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_project(tmp_path, {"slack": ["a"]}, app_id="f" * 24, api_url=emulator.url).root
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="connector.outcome", type="slack", result="failed")
        (root / "base44/.app.jsonc").write_text(json.dumps({"id": emulator.app_id}))
        daemon.expect(event="connector.outcome", type="slack", result="needs-authorization")
        assert daemon.end() == 0


def test_p3_a_project_whose_config_goes_is_not_taken_for_the_one_around_it(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    a_sample(tmp_path, emulator, notion=[])
    root = a_sample(tmp_path / "inner", emulator, slack=["a"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.finished")
        (root / "base44").rename(root / "away")
        daemon.expect(event="project.unusable")
        (root / "away").rename(root / "base44")
        daemon.expect(event="project.usable")
        assert daemon.end() == 0
    assert {line.get("project") for line in daemon.said("project.watching")} == {str(root)}


def test_one_project_with_an_impossible_address_does_not_end_the_others(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    root = a_sample(tmp_path, emulator, slack=["a"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        daemon.expect(event="push.finished")
        good = (root / ".env").read_text()
        (root / ".env").write_text("BASE44_API_URL=http://xn--/\n")
        daemon.expect(event="file.invalid")
        (root / ".env").write_text(good)
        daemon.expect(event="file.mended")
        assert daemon.end() == 0


def test_one_job_id_goes_through_all_that_is_said_of_a_push(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    emulator.fault(route="set", type="slack", status=503, count=3)  # two within the first call, one in the next
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        first = daemon.expect(event="push.started")
        told = [daemon.expect(event=event) for event in ("request.retried", "connector.outcome", "retry.scheduled")]
        opened = daemon.expect(event="authorization.opened")
        second = daemon.expect(event="push.finished")  # that it begins again is not told again
        told_later = [opened, daemon.expect(event="notice")]
    assert {line.get("job") for line in told} == {first["job"]}
    assert {line.get("job") for line in told_later} == {second["job"]}
    assert {line.get("project") for line in (*told, *told_later)} == {str(root)}


def test_a_poll_that_is_tried_again_says_of_which_project_though_it_is_of_no_push(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    emulator.fault(route="poll", status=503, count=1)
    root = a_sample(tmp_path, emulator, slack=["chat:write"])
    with running_daemon(root, a_home_of_its_own) as daemon:
        app = daemon.expect(event="project.watching")["app_id"]
        retried = daemon.expect(event="request.retried")
    assert (retried.get("project"), retried.get("app_id"), retried.get("job")) == (str(root), app, None)


def test_a_project_that_is_named_is_followed_for_this_run_only(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    first, second = (a_sample(tmp_path / name, emulator) for name in ("first", "second"))

    def listed() -> list[tuple[str, bool]]:
        command = [sys.executable, "-m", "connectord", "projects", "list", "--json"]
        done = subprocess.run(command, env=environment(a_home_of_its_own), capture_output=True, check=True)
        return [(project["path"], project["temporary"]) for project in json.loads(done.stdout)["projects"]]

    with running_daemon(first, a_home_of_its_own) as daemon:
        daemon.expect(event="project.watching", project=str(first))
        during = listed()
        assert daemon.end() == 0
    with running_daemon(second, a_home_of_its_own) as daemon:
        daemon.expect(event="project.watching", project=str(second))
        later = listed()
        assert daemon.end() == 0
    assert (during, later) == ([(str(first), True)], [(str(second), True)])
