"""`authorize` and `skip` as a person meets them: real processes, a real socket, a fake engine behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import Machine, exit_code_of
from tests.support.face import FakeConsents, a_connector, a_consent, a_project_status
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.project import a_project

from connectord.control.consent_models import Consent
from connectord.control.models import ProjectState
from connectord.daemon.fresh_link import NotAuthorizable
from connectord.errors import ConnectordError

LINK = "https://app.base44.com/api/external-auth/connect/"


class SignedOut(ConnectordError):
    code = "AUTH_REQUIRED"


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with a_runtime_dir() as runtime, fake_daemon(runtime) as running:
        yield running


@pytest.fixture
def desk(daemon: FakeDaemon, tmp_path: Path) -> Machine:
    """A machine with a browser that notes what it opens, whose daemon waits for two consents."""
    (tmp_path / "home").mkdir()
    root = a_project(tmp_path / "shop").root
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    lines = (
        a_connector("box"),
        a_connector("github", "timed-out"),
        a_connector("slack", "needs-authorization", authorize_url=f"{LINK}slack"),
    )
    daemon.face.projects = [a_project_status(root, state="needs-action", connectors=lines)]
    environ = {
        "CONNECTORD_RUNTIME_DIR": str(daemon.runtime),
        "CONNECTORD_STATE_DIR": str(tmp_path / "state"),
        "BROWSER": str(browser),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    return Machine(tmp_path / "home", root, environ)


def consents(daemon: FakeDaemon) -> FakeConsents:
    return daemon.face.consents


def end(daemon: FakeDaemon, **states: str) -> None:
    """How these consents end, at once."""
    consents(daemon).ends = {name: a_consent(name, state) for name, state in states.items()}


def opened(tmp_path: Path) -> list[str]:
    noted = tmp_path / "opened"
    return noted.read_text().splitlines() if noted.exists() else []


def test_all_that_need_it_are_opened_one_after_another(desk: Machine, daemon: FakeDaemon, tmp_path: Path) -> None:
    end(daemon, github="authorized", slack="authorized")
    ended = desk.connectord("authorize")
    assert (ended.code, opened(tmp_path)) == (0, [f"{LINK}github", f"{LINK}slack"])
    assert ended.out.splitlines() == [
        "Opening browser for github...",
        "✓ github authorization complete",
        "Opening browser for slack...",
        "✓ slack authorization complete",
    ]
    assert consents(daemon).asked == [(word, name) for name in ("github", "slack") for word in ("link", "ended")]


def test_p12_where_base44_is_out_of_reach_that_is_said_first(desk: Machine, daemon: FakeDaemon) -> None:
    (project,) = daemon.face.projects
    error = "Can't reach Base44 at app.base44.com to list the connectors: no network"
    daemon.face.projects = [project.model_copy(update={"state": ProjectState.OFFLINE, "error": error})]
    end(daemon, github="authorized", slack="authorized")
    ended = desk.connectord("authorize")
    said_first = ended.err.splitlines()[0]
    assert (ended.code, said_first) == (0, f"Warning: {error}. Its links work again once Base44 answers.")


def test_only_those_that_are_named_are_opened_and_each_once(desk: Machine, daemon: FakeDaemon, tmp_path: Path) -> None:
    end(daemon, slack="authorized")
    ended = desk.connectord("authorize", "slack", "slack", "--project", str(desk.folder / "base44"))
    assert (ended.code, opened(tmp_path)) == (0, [f"{LINK}slack"])


def test_the_document_says_what_came_of_each(desk: Machine, daemon: FakeDaemon) -> None:
    granted = {"scopes": ("a", "b"), "granted": ("a",), "user_email": "ada@example.com"}
    consents(daemon).ends = {
        "github": a_consent("github", "failed"),
        "slack": a_consent("slack", "authorized", **granted),
    }
    ended = desk.connectord("authorize", "--json")
    path = str(desk.folder)
    nothing: dict[str, object] = {"missing_scopes": [], "user_email": None}
    assert ended.code == 1
    assert ended.document == {
        "authorizations": [
            {"path": path, "type": "github", "state": "failed", "url": f"{LINK}github", **nothing},
            {
                "path": path, "type": "slack", "state": "authorized", "url": f"{LINK}slack",
                "missing_scopes": ["b"], "user_email": "ada@example.com",
            },
        ]
    }  # fmt: skip


def test_what_was_not_granted_is_said_and_is_no_failure(desk: Machine, daemon: FakeDaemon) -> None:
    consents(daemon).ends = {"slack": a_consent("slack", "authorized", scopes=("a", "b"), granted=("a",))}
    ended = desk.connectord("authorize", "slack")
    assert ended.code == 0
    assert "  slack: Added, but 1 of 2 scopes were not granted: b" in ended.out


@pytest.mark.parametrize(("state", "code"), [("failed", 1), ("skipped", 3), ("superseded", 3), ("timed-out", 3)])
def test_p12_each_end_has_its_exit_code(desk: Machine, daemon: FakeDaemon, state: str, code: int) -> None:
    end(daemon, slack=state)
    assert desk.connectord("authorize", "slack").code == code


def test_one_that_nobody_answers_ends_it_and_the_others_are_named(
    desk: Machine, daemon: FakeDaemon, tmp_path: Path
) -> None:
    end(daemon, github="timed-out")
    ended = desk.connectord("authorize", "--json")
    assert (ended.code, opened(tmp_path)) == (3, [f"{LINK}github"])
    assert [one["state"] for one in ended.document["authorizations"]] == ["timed-out", "open"]
    assert "Still not authorized: slack" in ended.err


def test_a_refused_link_is_said_with_its_way_out_and_the_others_go_on(desk: Machine, daemon: FakeDaemon) -> None:
    what = "Slack is already connected by boss@example.com"
    consents(daemon).failure["github"] = NotAuthorizable(what, todo=("Remove the file",))
    end(daemon, slack="authorized")
    ended = desk.connectord("authorize")
    assert (ended.code, ended.err.splitlines()[:2]) == (1, [f"✗ {what}", "  Hint: Remove the file"])
    assert "✓ slack authorization complete" in ended.out


def test_signed_out_is_said_by_its_exit_code(desk: Machine, daemon: FakeDaemon) -> None:
    consents(daemon).failure["slack"] = SignedOut("Nobody is signed in.")
    assert desk.connectord("authorize", "slack").code == 5


def test_where_nothing_is_opened_all_links_are_printed_first(desk: Machine, daemon: FakeDaemon, tmp_path: Path) -> None:
    end(daemon, github="authorized", slack="authorized")
    ended = desk.connectord("authorize", "--no-browser")
    assert (ended.code, opened(tmp_path)) == (0, [])
    assert "No browser is opened: --no-browser was given" in ended.err
    assert ended.out.splitlines()[:2] == [
        f"Open this link to authorize github: {LINK}github",
        f"Open this link to authorize slack: {LINK}slack",
    ]


def test_in_ci_the_links_are_printed_and_nobody_is_waited_for(
    desk: Machine, daemon: FakeDaemon, tmp_path: Path
) -> None:
    ended = desk.with_environ(CI="true").connectord("authorize")
    assert (ended.code, opened(tmp_path), f"{LINK}slack" in ended.out) == (3, [], True)
    assert "CI is set" in ended.err
    assert ("ended", "slack") not in consents(daemon).asked


def test_the_setting_never_holds_for_it_too(desk: Machine, daemon: FakeDaemon, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('open_browser = "never"\n')
    end(daemon, slack="authorized")
    ended = desk.with_environ(CONNECTORD_CONFIG=str(config)).connectord("authorize", "slack")
    assert (ended.code, opened(tmp_path)) == (0, [])
    assert 'the setting open_browser is "never"' in ended.err


def test_settings_that_cannot_be_read_print_the_link_and_say_so(
    desk: Machine, daemon: FakeDaemon, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('open_browser = "sometimes"\n')
    end(daemon, slack="authorized")
    ended = desk.with_environ(CONNECTORD_CONFIG=str(config)).connectord("authorize", "slack")
    assert (ended.code, opened(tmp_path)) == (0, [])
    assert "open_browser" in ended.err


def test_a_browser_that_does_not_start_is_said_with_the_link(desk: Machine, daemon: FakeDaemon) -> None:
    end(daemon, slack="authorized")
    ended = desk.with_environ(BROWSER="/nonexistent/firefox").connectord("authorize", "slack")
    assert ended.code == 0
    assert f"Open this link yourself: {LINK}slack" in ended.err


def test_what_is_authorized_already_opens_nothing(desk: Machine, daemon: FakeDaemon, tmp_path: Path) -> None:
    consents(daemon).given["box"] = Consent.model_validate({"type": "box", "state": "authorized"})
    ended = desk.connectord("authorize", "box")
    assert (ended.code, ended.out, opened(tmp_path)) == (0, "✓ box is authorized already\n", [])


def test_where_nothing_needs_it_there_is_nothing_to_do(desk: Machine, daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(desk.folder, connectors=(a_connector("box"),))]
    ended = desk.connectord("authorize", "--json")
    assert (ended.code, ended.document) == (0, {"authorizations": []})


@pytest.mark.parametrize(
    ("name", "hint"), [("slak", "Did you mean 'slack'?"), ("zzz", "There are: box, github, slack")]
)
@pytest.mark.parametrize("command", ["authorize", "skip"])
def test_a_name_that_is_nobodys_is_bad_usage(desk: Machine, command: str, name: str, hint: str) -> None:
    ended = desk.connectord(command, name)
    assert (ended.code, f"No project has a connector '{name}'." in ended.err) == (2, True)
    assert hint in ended.err or command == "skip"


@pytest.mark.parametrize("command", [["authorize"], ["skip", "slack"]])
def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path, command: list[str]) -> None:
    ended = Machine(tmp_path, tmp_path, {"CONNECTORD_RUNTIME_DIR": str(tmp_path)}).connectord(*command)
    assert (ended.code, "connectord start" in ended.err) == (6, True)
    assert "connectord push" in ended.err or command != ["authorize"]


def test_a_daemon_that_goes_away_meanwhile_is_said(desk: Machine, daemon: FakeDaemon) -> None:
    terminal = desk.at_a_terminal("authorize", "slack")
    terminal.expect_exact("Waiting for slack authorization...")
    daemon.until(consents(daemon).waiting)
    daemon.on_its_loop(daemon.face.stop)
    terminal.expect_exact("The daemon is ending")
    assert exit_code_of(terminal) == 6


def test_p10_a_newer_link_is_printed_while_the_older_one_is_waited_for(desk: Machine, daemon: FakeDaemon) -> None:
    consents(daemon).newer = {"slack": a_consent("slack", url=f"{LINK}newer")}
    end(daemon, slack="authorized")
    ended = desk.connectord("authorize", "slack")
    assert (ended.code, ended.err.count(f"Open this link instead: {LINK}newer")) == (0, 1)


def test_a_newer_link_is_said_on_a_line_of_its_own(desk: Machine, daemon: FakeDaemon) -> None:
    terminal = desk.at_a_terminal("authorize", "slack")
    consents(daemon).newer = {"slack": a_consent("slack", url=f"{LINK}newer")}
    terminal.expect_exact("Waiting for slack authorization...")
    terminal.expect(r"\r\x1b\[K[^\r\n]*The link of slack was replaced by a newer one\.")
    daemon.until(consents(daemon).waiting)
    terminal.send("\x1b")
    terminal.expect_exact("slack skipped")
    assert exit_code_of(terminal) == 3


def test_esc_skips_one_and_goes_on_to_the_next(desk: Machine, daemon: FakeDaemon) -> None:
    end(daemon, slack="authorized")
    terminal = desk.at_a_terminal("authorize")
    terminal.expect_exact("Waiting for github authorization... (Esc to skip)")
    daemon.until(consents(daemon).waiting)
    terminal.send("\x1b")
    terminal.expect_exact("github skipped")
    terminal.expect_exact("✓ slack authorization complete")
    assert exit_code_of(terminal) == 3
    assert consents(daemon).asked.count(("skip", "github")) == 1


def test_ctrl_c_leaves_the_links_open(desk: Machine, daemon: FakeDaemon) -> None:
    terminal = desk.at_a_terminal("authorize", "slack")
    terminal.expect_exact("Waiting for slack authorization...")
    daemon.until(consents(daemon).waiting)
    terminal.sendintr()
    terminal.expect_exact("The links stay open, and the daemon goes on watching them: connectord status")
    assert exit_code_of(terminal) == 130
    assert ("skip", "slack") not in consents(daemon).asked


def test_sigterm_ends_the_waiting_without_a_terminal_too(desk: Machine, daemon: FakeDaemon) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "connectord", "authorize", "slack"],
        cwd=desk.folder,
        env=desk._environ(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        daemon.until(consents(daemon).waiting)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, b"The links stay open" in out) == (143, True)


def test_skip_is_a_word_to_the_daemon(desk: Machine, daemon: FakeDaemon) -> None:
    ended = desk.connectord("skip", "slack", "--json")
    assert (ended.code, consents(daemon).asked) == (0, [("skip", "slack")])
    assert ended.document == {"skipped": [{"path": str(desk.folder), "type": "slack"}]}
    assert "connectord authorize slack" in ended.err


def test_what_has_no_link_cannot_be_skipped_and_is_said(desk: Machine, daemon: FakeDaemon) -> None:
    consents(daemon).failure["box"] = NotAuthorizable("box has no link that waits for you.")
    ended = desk.connectord("skip", "box")
    assert (ended.code, "box has no link that waits for you." in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("authorize ", {"box", "github", "slack"}),
        ("authorize s", {"slack"}),
        ("authorize slack ", {"box", "github"}),
        ("skip g", {"github"}),
    ],
)
def test_a_shell_completes_the_types(desk: Machine, line: str, completed: set[str]) -> None:
    words = f"connectord {line}"
    asking = {
        "_CONNECTORD_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    answer = desk.with_environ(**asking).connectord()
    assert {one.partition(",")[2] for one in answer.out.split()} == completed


def test_a_shell_completes_nothing_without_a_daemon(tmp_path: Path) -> None:
    asking = {"_CONNECTORD_COMPLETE": "bash_complete", "COMP_WORDS": "connectord skip ", "COMP_CWORD": "2"}
    answer = Machine(tmp_path, tmp_path, {**asking, "CONNECTORD_RUNTIME_DIR": str(tmp_path)}).connectord()
    assert (answer.code, answer.out.strip(), answer.err) == (0, "", "")
