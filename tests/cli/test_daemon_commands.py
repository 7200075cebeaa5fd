"""The thin commands, as real processes against a real socket with a fake engine behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.cli import Machine, exit_code_of
from tests.support.face import NOON, a_connector, a_daemon, a_project_status, some_news
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.project import a_project

from connectord.cli.background import NotEnded, NotStarted, start_in_background, wait_until_gone
from connectord.control.client import Client
from connectord.control.lock_file import is_locked
from connectord.control.log_places import log_path, start_log_path
from connectord.control.models import HistoryEntry, Status, WaitResult

COMMANDS = (
    ("status",),
    ("wait",),
    ("projects", "list"),
    ("projects", "add"),
    ("projects", "remove"),
    ("history",),
    ("pause",),
    ("resume",),
    ("snooze",),
    ("stop",),
    ("approve",),
    ("restore",),
)

THIN = (
    ("status",),
    ("status", "--json"),
    ("wait",),
    ("projects", "list"),
    ("history",),
    ("pause",),
    ("resume",),
    ("snooze", "1h"),
    ("logs",),
    ("start",),
)
"""What has 0.3 s: all that is loaded in it is Python's own, click, pydantic and this package's thin side."""

MODULES = 330
"""Some 270 today, of which pydantic is half."""

BUILT = 1
"""Of the API's models only the one that is asked for: pydantic takes a millisecond or more for each."""


@pytest.fixture
def runtime() -> Iterator[Path]:
    with a_runtime_dir() as directory:
        yield directory


@pytest.fixture
def shop(runtime: Path, tmp_path: Path) -> Machine:
    """A machine with a project, and its daemon's places; no daemon yet."""
    (tmp_path / "home").mkdir()
    root = a_project(tmp_path / "shop").root
    places = {"CONNECTORD_RUNTIME_DIR": str(runtime), "CONNECTORD_STATE_DIR": str(tmp_path / "state")}
    return Machine(tmp_path / "home", root, {**places, "PYTHONPATH": os.environ.get("PYTHONPATH", "")})


@pytest.fixture
def daemon(runtime: Path) -> Iterator[FakeDaemon]:
    with fake_daemon(runtime) as running:
        yield running


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_daemon_each_command_says_so_and_ends_with_6(shop: Machine, command: tuple[str, ...]) -> None:
    ended = shop.connectord(*command)
    assert (ended.code, ended.out) == (6, "")
    assert ended.err.splitlines()[0] == "Error: connectord isn't running."
    assert "connectord start" in ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_with_json_that_too_is_one_document(shop: Machine, command: tuple[str, ...]) -> None:
    ended = shop.connectord(*command, "--json")
    assert (ended.code, ended.err) == (6, "")
    assert ended.document["code"] == "NO_DAEMON"


def test_status_is_the_document_of_the_design(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(connectors=(a_connector("slack", file="base44/connectors/slack.jsonc"),))]
    ended = shop.connectord("status", "--json")
    assert ended.code == 0
    assert Status.model_validate(ended.document) == daemon.face.status(None)
    assert {"version", "pid", "started_at", "notifications", "watching"} <= set(ended.document["daemon"])
    (project,) = ended.document["projects"]
    assert {"path", "app_id", "api_url", "state", "connectors", "held", "problems", "untracked", "last_push"} <= set(
        project
    )
    (line,) = project["connectors"]
    assert set(line) == {
        *("type", "state", "file", "scopes", "missing_scopes", "authorize_url", "error", "todo", "updated_at"),
        *("removal_at", "claim_url", "untracked"),
    }


@pytest.mark.parametrize(
    ("state", "code"),
    [("synced", 0), ("queued", 0), ("failed", 1), ("invalid", 1), ("needs-authorization", 3), ("held", 4)],
)
def test_p12_the_exit_code_of_status_says_how_things_are(
    shop: Machine, daemon: FakeDaemon, state: str, code: int
) -> None:
    daemon.face.projects = [a_project_status(connectors=(a_connector("slack", state),))]
    assert shop.connectord("status").code == code


def test_p12_signed_out_is_5(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(state="signed-out")]
    ended = shop.connectord("status")
    assert ended.code == 5
    assert "connectord login" in ended.out


def test_status_of_a_folder_is_that_of_its_project(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status("/elsewhere"), a_project_status(shop.folder)]
    ended = shop.connectord("status", "base44")
    assert str(shop.folder) in ended.out
    assert "/elsewhere" not in ended.out


def test_an_unregistered_project_is_bad_usage(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("status", ".")
    assert ended.code == 2
    assert f"connectord projects add {shop.folder}" in ended.err


def test_status_before_anything_is_registered_says_how_to(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("status")
    assert ended.code == 0
    assert "Nothing is registered yet: connectord projects add" in ended.out


def test_a_thin_command_loads_nothing_that_is_slow(shop: Machine, daemon: FakeDaemon) -> None:
    program = """
import atexit, sys
from connectord.cli import main
slow = {"asyncio", "httpx", "starlette", "uvicorn", "watchfiles", "apscheduler", "json5", "structlog", "filelock"}
rooms = {"project", "base44", "sync", "authorize", "watch", "notify", "store", "daemon", "emulator", "settings"}
slow |= {f"connectord.{room}" for room in rooms}
def say():
    from connectord.control import models, news
    known = [*vars(models).values(), news.News]
    built = sum(getattr(one, "__pydantic_complete__", False) for one in known)
    print(len(sys.modules), built, sorted(slow & set(sys.modules)), file=sys.stderr)
atexit.register(say)
main()
"""
    daemon.on_its_loop(daemon.face.settled.set)
    for command in (*THIN, ("stop",)):
        ended = subprocess.run(
            [sys.executable, "-c", program, *command],
            env={**os.environ, **shop.environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        modules, built, loaded = ended.stderr.splitlines()[-1].split(" ", 2)
        assert loaded == "[]", command
        assert int(modules) < MODULES, command
        assert int(built) <= BUILT, command


def test_projects_are_added_listed_and_removed(shop: Machine, daemon: FakeDaemon) -> None:
    assert shop.connectord("projects", "list").out == "Nothing is registered yet: connectord projects add\n"
    added = shop.connectord("projects", "add")
    assert added.out.startswith(f"✓ Watching {shop.folder} (app ")
    assert shop.connectord("projects", "add", ".").out.startswith(f"✓ Already registered: {shop.folder}")
    assert shop.connectord("projects", "list").out.startswith(f"{shop.folder}  synced")
    removed = shop.connectord("projects", "remove", "base44")
    assert removed.out.splitlines()[0] == f"✓ {shop.folder} is no longer looked after"
    assert daemon.face.projects == []


def test_projects_speak_json(shop: Machine, daemon: FakeDaemon) -> None:
    added = shop.connectord("projects", "add", "--json").document
    assert (added["new"], added["project"]["path"]) == (True, str(shop.folder))
    (listed,) = shop.connectord("projects", "list", "--json").document["projects"]
    assert listed == {
        "path": str(shop.folder),
        "app_id": "a" * 24,
        "api_url": "https://base44.test",
        "state": "synced",
        "temporary": False,
    }
    assert shop.connectord("projects", "remove", "--json").document == {"removed": str(shop.folder)}


def test_the_folder_is_named_as_the_shell_names_it_where_that_is_true(shop: Machine, daemon: FakeDaemon) -> None:
    link = shop.folder.with_name("link")
    link.symlink_to(shop.folder)
    Machine(shop.home, link, {**shop.environ, "PWD": str(link)}).connectord("projects", "add")
    shop.with_environ(PWD=str(shop.home)).connectord("projects", "add")
    assert daemon.face.asked == [("add", link), ("add", shop.folder)]


def test_pause_and_resume_say_of_what(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(shop.folder), a_project_status("/elsewhere")]
    assert shop.connectord("pause", ".").out == f"✓ Paused {shop.folder}\n"
    assert shop.connectord("status", ".").out.count("Nothing is pushed until: connectord resume") == 1
    assert shop.connectord("resume").out == f"✓ Resumed {shop.folder}\n✓ Resumed /elsewhere\n"
    document = shop.connectord("pause", "--json").document
    assert [project["state"] for project in document["projects"]] == ["paused", "paused"]


def test_snooze_says_until_when_and_off_ends_it(shop: Machine, daemon: FakeDaemon) -> None:
    assert shop.connectord("snooze").out == "Notices are shown\n"
    said = shop.connectord("snooze", "1h30m").out
    assert said.startswith("No notices until ")
    assert said.endswith(". Sooner: connectord snooze off\n")
    assert shop.connectord("snooze", "--json").document["snoozed_until"] is not None
    assert "No notices until " in shop.connectord("status").out
    assert shop.connectord("snooze", "off").out == "Notices are shown\n"
    assert daemon.face.asked == [("snooze 5400", None), ("snooze 0", None)]


def test_quiet_hours_go_on_when_a_snooze_ends(shop: Machine, daemon: FakeDaemon) -> None:
    morning = datetime.now(UTC) + timedelta(hours=3)
    daemon.face.daemon = a_daemon(quiet_until=morning)
    assert shop.connectord("snooze").out.startswith("Not snoozed, but it is quiet until ")


@pytest.mark.parametrize(
    ("span", "sentence"),
    [
        ("1", "'1' is no span of time; write it as 30m, 1h, 2h30m or 1d, or `off`."),
        ("1 h", "'1 h' is no span of time"),
        ("tomorrow", "'tomorrow' is no span of time"),
        ("0m", "0m is not between a second and a week. For no notices at all there is notify_level"),
        ("8d", "8d is not between a second and a week."),
    ],
)
def test_a_span_that_is_none_is_refused(shop: Machine, daemon: FakeDaemon, span: str, sentence: str) -> None:
    ended = shop.connectord("snooze", span)
    assert (ended.code, sentence in ended.err) == (2, True)
    assert daemon.face.asked == []


def test_wait_ends_when_it_is_settled(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.on_its_loop(daemon.face.settled.set)
    assert shop.connectord("wait").out == "✓ Settled\n"


def test_p12_wait_says_what_is_wrong_once_it_is_settled(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.on_its_loop(daemon.face.settled.set)
    daemon.face.projects = [a_project_status(connectors=(a_connector("slack", "failed", error="no such scope"),))]
    ended = shop.connectord("wait")
    assert ended.code == 1
    assert "no such scope" in ended.out


def test_p12_wait_fails_when_the_time_is_up(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("wait", "--timeout", "0")
    assert ended.code == 1
    assert ended.err == "Error: Not settled: the time was up.\n"
    document = shop.connectord("wait", "--timeout", "0", "--json").document
    assert WaitResult.model_validate(document) == WaitResult(settled=False, projects=())


def test_history_is_told_the_newest_last(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.entries = tuple(
        HistoryEntry(id=number, at=NOON, kind="push.finished", message=f"push {number}", project=str(shop.folder))
        for number in (3, 2, 1)
    )
    lines = shop.connectord("history", "-n", "2").out.splitlines()
    assert [line.split("  ")[1:] for line in lines] == [["[shop]", "push 2"], ["[shop]", "push 3"]]
    daemon.face.projects = [a_project_status(shop.folder)]
    document = shop.connectord("history", ".", "--json").document
    assert [entry["id"] for entry in document["entries"]] == [1, 2, 3]


def test_history_before_anything_happened_says_so(shop: Machine, daemon: FakeDaemon) -> None:
    assert shop.connectord("history").out == "Nothing has happened yet\n"


def test_stop_returns_when_the_daemon_is_gone(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("stop")
    assert ended.out == "✓ connectord (pid 4242) has ended\n"
    assert not is_locked(daemon.runtime)
    assert shop.connectord("stop").code == 6


def test_start_says_that_one_is_running_already(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("start")
    assert (ended.code, ended.out) == (0, "✓ connectord 0.1.0 is already running (pid 4242)\n")
    document = shop.connectord("start", "--json").document
    assert (document["started"], document["daemon"]["pid"]) == (False, 4242)


def test_start_with_a_path_registers_that_project(shop: Machine, daemon: FakeDaemon) -> None:
    ended = shop.connectord("start", ".")
    assert f"✓ Watching {shop.folder}" in ended.out
    assert daemon.face.asked == [("add", shop.folder)]


def test_a_daemon_is_started_in_a_session_of_its_own(runtime: Path, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2]
    program = f"import os, runpy, sys; os.chdir({str(folder)!r}); sys.path.insert(0, {str(folder)!r}); "
    program += "runpy.run_module('tests.support.fake_daemon', run_name='__main__', alter_sys=True)"
    client = Client(runtime)
    command = [sys.executable, "-c", program, str(runtime)]
    daemon = start_in_background(command, client, tmp_path / "state", is_there=lambda: is_locked(runtime))
    try:
        assert os.getsid(daemon.pid) == daemon.pid
        assert start_log_path(tmp_path / "state").stat().st_mode & 0o777 == 0o600
    finally:
        os.kill(daemon.pid, signal.SIGTERM)
        os.waitpid(daemon.pid, 0)


def test_a_daemon_that_does_not_come_up_is_told_with_its_last_words(runtime: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('config.toml is broken')"]
    with pytest.raises(NotStarted, match="exit status 1") as caught:
        start_in_background(command, Client(runtime), tmp_path, is_there=lambda: False)
    assert caught.value.details == ("config.toml is broken",)


def test_p12_a_daemon_is_started_where_its_last_words_have_no_place(runtime: Path, tmp_path: Path) -> None:
    start_log_path(tmp_path).mkdir(parents=True)  # nobody can write there, not even root: as on a read-only disk
    command = [sys.executable, "-c", "raise SystemExit('a sentence that nobody hears')"]
    with pytest.raises(NotStarted, match="exit status 1") as caught:
        start_in_background(command, Client(runtime), tmp_path, is_there=lambda: False)
    assert (caught.value.details, caught.value.todo) == ((), ("Try it with: connectord run",))


def test_a_daemon_that_never_answers_is_told_too(runtime: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('here', flush=True)"]
    with pytest.raises(NotStarted, match="doesn't answer after 0 s"):
        start_in_background(command, Client(runtime), tmp_path, is_there=lambda: True, patience=0.05)


def test_a_daemon_that_does_not_end_is_told_with_its_pid() -> None:
    with pytest.raises(NotEnded, match="pid 4242") as caught:
        wait_until_gone(lambda: True, a_daemon(), patience=0)
    assert "kill -9 4242" in caught.value.todo[0]


def test_logs_are_read_without_a_daemon(shop: Machine) -> None:
    state = Path(shop.environ["CONNECTORD_STATE_DIR"])
    assert "There is no log" in shop.connectord("logs").err
    log_path(state).parent.mkdir(parents=True)
    older = log_path(state).with_name("connectord.jsonl.1")
    older.write_text("".join(f'{{"message": "{number}"}}\n' for number in range(3)))
    log_path(state).write_text('{"message": "3"}\n{"message": "4"}\n')
    lines = shop.connectord("logs", "-n", "3").out.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["2", "3", "4"]


def test_in_a_terminal_logs_are_sentences_and_follow(shop: Machine) -> None:
    state = Path(shop.environ["CONNECTORD_STATE_DIR"])
    log_path(state).parent.mkdir(parents=True)
    line = '{"at": "2026-03-01T12:00:00Z", "event": "push.started", "message": "Pushing slack", "tone": "quiet"}\n'
    log_path(state).write_text(line + "not of ours\n")
    terminal = shop.at_a_terminal("logs", "-f")
    terminal.expect_exact("00:00  Pushing slack")
    terminal.expect_exact("not of ours")
    log_path(state).rename(log_path(state).with_name("connectord.jsonl.1"))
    log_path(state).write_text(line.replace("slack", "notion"))
    terminal.expect_exact("Pushing notion")
    terminal.sendintr()
    assert exit_code_of(terminal) == 0


def test_status_follows_live_until_ctrl_c(shop: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(shop.folder, connectors=(a_connector("slack", "pushing"),))]
    terminal = shop.at_a_terminal("status", "--watch")
    terminal.expect_exact("… slack  pushing")

    def change() -> None:
        daemon.face.projects = [a_project_status(shop.folder, connectors=(a_connector("slack"),))]
        daemon.face.news.publish(some_news())

    daemon.on_its_loop(change)
    terminal.expect_exact("✓ slack  synced")
    terminal.sendintr()
    assert exit_code_of(terminal) == 0


def test_status_that_follows_ends_with_the_daemon(shop: Machine, daemon: FakeDaemon) -> None:
    terminal = shop.at_a_terminal("status", "--watch")
    terminal.expect_exact("Nothing is registered yet")
    daemon.client.stop()
    terminal.expect_exact("Error: connectord")
    assert exit_code_of(terminal) == 6
