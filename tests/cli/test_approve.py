"""`approve` and `restore` as a person meets them: real processes, a real socket, a fake engine behind it (P6)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.cli import Machine, exit_code_of
from tests.support.face import NOON, a_connector, a_project_status
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.project import a_project

from connectord.control.models import HistoryEntry, NotRestored, ProjectStatus, Restoration, RestoredFile

QUESTION = "Remove them from Base44? Their authorizations are lost for the whole app. [y/N]"
BOTH = ("github", "slack")


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with a_runtime_dir() as runtime, fake_daemon(runtime) as running:
        yield running


@pytest.fixture
def shop(daemon: FakeDaemon, tmp_path: Path) -> Machine:
    """A machine whose daemon holds two connectors of its project."""
    (tmp_path / "home").mkdir()
    root = a_project(tmp_path / "shop").root
    places = {"CONNECTORD_RUNTIME_DIR": str(daemon.runtime), "CONNECTORD_STATE_DIR": str(tmp_path / "state")}
    daemon.face.projects = [holding(root)]
    return Machine(tmp_path / "home", root, {**places, "PYTHONPATH": os.environ.get("PYTHONPATH", "")})


def holding(root: Path, *types: str, approved: bool = False) -> ProjectStatus:
    names = types or BOTH
    hold = {
        "reason": "mass-removal",
        "types": names,
        "since": NOON,
        "why": "2 of 3 connectors are without their file",
        "approved": approved,
    }
    lines = tuple(a_connector(name, "held", error=hold["why"]) for name in names)
    return a_project_status(root, state="needs-action", held=(hold,), connectors=lines)


def removed(root: Path, *types: str) -> tuple[HistoryEntry, ...]:
    entry = HistoryEntry(
        id=0, at=NOON, kind="connector.outcome", message="Removed", project=str(root), result="removed"
    )
    return tuple(entry.model_copy(update={"id": number, "type": name}) for number, name in enumerate(types, 1))[::-1]


def after_approval(daemon: FakeDaemon, shop: Machine, *gone: str, state: str = "synced", **left: str) -> None:
    """What the daemon says once its engine has done what it could: these removed, those lines left."""

    def done() -> None:
        daemon.face.entries = removed(shop.folder, *gone)
        lines = tuple(a_connector(name, at, error=f"{name} is {at}") for name, at in left.items())
        daemon.face.projects = [a_project_status(shop.folder, state=state, connectors=lines)]

    daemon.face.on_approve = done
    daemon.on_its_loop(daemon.face.settled.set)


def words(daemon: FakeDaemon) -> list[str]:
    return [word for word, _ in daemon.face.asked]


def test_it_shows_exactly_what_it_asks_about_and_says_what_was_removed(daemon: FakeDaemon, shop: Machine) -> None:
    after_approval(daemon, shop, "github", "slack")
    terminal = shop.at_a_terminal("approve")
    terminal.expect_exact(f"To be removed from app {'a' * 24} ({shop.folder}):")
    terminal.expect_exact("  github, slack\r\n")
    terminal.expect(r"held since [-0-9: ]+ \(mass-removal\), because 2 of 3 connectors are without their file")
    terminal.expect_exact(QUESTION)
    terminal.sendline("y")
    terminal.expect_exact("Approved. Following the removals, for 30 s at most ...")
    terminal.expect_exact("✓ Removed from Base44: github, slack")
    assert exit_code_of(terminal) == 0


def test_p3_what_a_problem_keeps_from_being_removed_is_not_approved_but_said(daemon: FakeDaemon, shop: Machine) -> None:
    why = "its file is gone; not removed while this is wrong: the connectors directory isn't there"
    lines = (a_connector("slack", "held", error=why), a_connector("box"))
    daemon.face.projects = [a_project_status(shop.folder, state="needs-action", connectors=lines)]
    ended = shop.connectord("approve", "-y")
    assert (ended.code, ended.out) == (4, f"Nothing can be approved yet:\n  slack: {why}\n")
    assert daemon.face.asked == []


def test_a_no_approves_nothing_and_they_stay_held(daemon: FakeDaemon, shop: Machine) -> None:
    terminal = shop.at_a_terminal("approve")
    terminal.expect_exact(QUESTION)
    terminal.sendline("")
    terminal.expect_exact("Nothing was approved: all of it stays held")
    assert exit_code_of(terminal) == 4
    assert daemon.face.asked == []


def test_ctrl_c_at_the_question_approves_nothing(daemon: FakeDaemon, shop: Machine) -> None:
    terminal = shop.at_a_terminal("approve")
    terminal.expect_exact(QUESTION)
    terminal.sendintr()
    terminal.expect_exact("Interrupted.")
    assert exit_code_of(terminal) == 130
    assert daemon.face.asked == []


def test_ctrl_c_afterwards_says_that_the_approval_stands(daemon: FakeDaemon, shop: Machine) -> None:
    lines = (a_connector("github", "removing"), a_connector("slack", "removing"))

    def under_way() -> None:
        daemon.face.projects = [a_project_status(shop.folder, state="syncing", connectors=lines)]

    daemon.face.on_approve = under_way
    terminal = shop.at_a_terminal("approve", "-y")
    terminal.expect_exact("Following the removals")
    daemon.until(daemon.face.waiting)
    terminal.sendintr()
    terminal.expect_exact("The approval stands, and the daemon goes on with it: connectord status")
    terminal.expect_exact("Interrupted.")
    assert exit_code_of(terminal) == 130


def test_p6_a_set_that_changed_while_the_question_was_open_is_not_approved(daemon: FakeDaemon, shop: Machine) -> None:
    terminal = shop.at_a_terminal("approve")
    terminal.expect_exact(QUESTION)
    daemon.face.projects = [holding(shop.folder, "slack")]
    terminal.sendline("y")
    terminal.expect_exact("Nothing was approved.")
    terminal.expect_exact("with: connectord approve")
    assert exit_code_of(terminal) == 4


def test_without_a_person_it_wants_yes(daemon: FakeDaemon, shop: Machine) -> None:
    ended = shop.connectord("approve")
    assert ended.code == 2
    assert "github, slack" in ended.out
    assert "--yes is required in non-interactive mode. Nothing was approved." in ended.err
    assert daemon.face.asked == []


def test_p12_what_is_not_removed_is_said_with_why(daemon: FakeDaemon, shop: Machine) -> None:
    after_approval(daemon, shop, "github", slack="held")
    ended = shop.connectord("approve", "-y")
    assert ended.out.splitlines()[-3:] == [
        "✓ Removed from Base44: github",
        "! Not removed yet: slack",
        "    slack is held",
    ]
    assert ended.code == 4


def test_with_json_it_is_one_document(daemon: FakeDaemon, shop: Machine) -> None:
    after_approval(daemon, shop, "github", slack="held")
    ended = shop.connectord("approve", "-y", "--json")
    assert ended.document == {
        "approved": [
            {
                "path": str(shop.folder),
                "holds": {"mass-removal": ["github", "slack"]},
                "removed": ["github"],
                "under_way": [],
                "not_removed": [{"type": "slack", "why": "slack is held"}],
            }
        ]
    }
    assert ended.code == 4


ENDS: dict[str, tuple[str, str, int, str]] = {
    "refused for good": ("failed", "needs-action", 1, "slack is failed"),
    "refused, and tried again": ("failed", "syncing", 1, "slack is failed"),
    "its turn comes": ("removing", "syncing", 0, "The daemon goes on by itself"),
    "paused": ("removing", "paused", 4, "connectord resume"),
    "signed out": ("failed", "signed-out", 5, "slack is failed"),
    "offline": ("removing", "offline", 1, "it goes on by itself"),
    "halted": ("removing", "halted", 1, "connectord status"),
}


@pytest.mark.parametrize("case", ENDS)
def test_p12_the_exit_code_says_what_became_of_it(daemon: FakeDaemon, shop: Machine, case: str) -> None:
    state, project, code, said = ENDS[case]
    after_approval(daemon, shop, "github", state=project, slack=state)
    ended = shop.connectord("approve", "-y", "--timeout", "0")
    assert (ended.code, "! Not removed yet: slack" in ended.out, said in ended.out) == (code, True, True)


def test_a_file_that_came_back_is_said_to_be_there(daemon: FakeDaemon, shop: Machine) -> None:
    def back() -> None:
        lines = (a_connector("github", file="github.jsonc"), a_connector("slack", file="slack.jsonc"))
        daemon.face.projects = [a_project_status(shop.folder, connectors=lines)]

    daemon.face.on_approve = back
    daemon.on_its_loop(daemon.face.settled.set)
    ended = shop.connectord("approve", "-y")
    assert "! Not removed yet: github, slack\n    its file is there\n" in ended.out
    assert ended.code == 4


def test_p12_what_was_removed_is_said_to_be_though_its_file_came_back_afterwards(
    daemon: FakeDaemon, shop: Machine
) -> None:
    def removed_and_back() -> None:
        pushed = removed(shop.folder, "slack")[0].model_copy(update={"id": 3, "result": "synced"})
        daemon.face.entries = (pushed, *removed(shop.folder, "github", "slack"))
        daemon.face.projects = [a_project_status(shop.folder, connectors=(a_connector("slack", file="slack.jsonc"),))]

    daemon.face.on_approve = removed_and_back
    daemon.on_its_loop(daemon.face.settled.set)
    ended = shop.connectord("approve", "-y")
    assert ended.out.splitlines()[-1] == "✓ Removed from Base44: github, slack"
    assert ended.code == 0


def test_an_older_removal_of_the_same_connector_is_not_taken_for_this_one(daemon: FakeDaemon, shop: Machine) -> None:
    daemon.face.entries = removed(shop.folder, "github", "slack")
    after: Callable[[], None] = lambda: setattr(daemon.face, "projects", [holding(shop.folder, approved=True)])  # noqa: E731
    daemon.face.on_approve = after
    daemon.on_its_loop(daemon.face.settled.set)
    ended = shop.connectord("approve", "-y")
    assert "Removed from Base44" not in ended.out
    assert ended.code == 4


def test_what_is_approved_already_is_not_asked_about_again(daemon: FakeDaemon, shop: Machine) -> None:
    daemon.face.projects = [holding(shop.folder, approved=True)]
    assert shop.connectord("approve", "-y").out == "Nothing is held\n"
    assert shop.connectord("approve", "-y", "--json").document == {"approved": []}


def test_a_project_is_named_by_any_folder_in_it_and_an_unknown_one_is_bad_usage(
    daemon: FakeDaemon, shop: Machine
) -> None:
    daemon.face.projects = [holding(Path("/elsewhere")), holding(shop.folder)]
    ended = shop.connectord("approve", "--project", "base44")
    assert (str(shop.folder) in ended.out, "/elsewhere" in ended.out) == (True, False)
    stranger = shop.folder.parent / "stranger"
    stranger.mkdir()
    for command in ("approve", "restore"):
        ended = shop.connectord(command, "--project", str(stranger))
        assert (ended.code, f"{stranger} lies in no Base44 project" in ended.err) == (2, True)
        ended = shop.connectord(command, "--project", "/nowhere")
        assert (ended.code, "There is no file or folder /nowhere" in ended.err) == (2, True)


def test_a_refusal_of_one_project_keeps_no_other_from_being_approved(daemon: FakeDaemon, shop: Machine) -> None:
    other = shop.folder.with_name("other")
    daemon.face.projects = [holding(other), holding(shop.folder)]
    terminal = shop.at_a_terminal("approve")
    terminal.expect_exact(QUESTION)
    daemon.face.projects = [holding(other, "slack"), holding(shop.folder)]
    after_approval(daemon, shop, "github", "slack")
    terminal.sendline("y")
    terminal.expect_exact(f"Error: {other}: The hold mass-removal is now for another.")
    terminal.expect_exact("✓ Removed from Base44: github, slack")
    assert exit_code_of(terminal) == 4


def test_restore_says_each_file_that_it_wrote(daemon: FakeDaemon, shop: Machine) -> None:
    file = shop.folder / "base44" / "connectors" / "slack.jsonc"
    daemon.face.restoration = Restoration(files=(RestoredFile(type="slack", file=str(file)),))
    ended = shop.connectord("restore")
    assert (ended.code, ended.out) == (0, f"✓ Written back: {file}\n")
    assert shop.connectord("restore", "--json").document == {
        "restored": [{"path": str(shop.folder), "files": [{"type": "slack", "file": str(file)}], "failures": []}]
    }


def test_restore_of_what_is_in_the_way_fails_and_says_so(daemon: FakeDaemon, shop: Machine) -> None:
    daemon.face.restoration = Restoration(failures=(NotRestored(type="slack", error="slack.jsonc is there already"),))
    ended = shop.connectord("restore")
    assert (ended.code, ended.err) == (1, "✗ Not written back: slack - slack.jsonc is there already\n")


def test_restore_where_nothing_is_missing_says_that(daemon: FakeDaemon, shop: Machine) -> None:
    assert shop.connectord("restore").out == "No connector file is missing\n"
    assert words(daemon) == ["restore"]
