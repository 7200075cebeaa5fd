"""`connectord pull`: what it writes, deletes, and leaves exactly as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.canned import canned_base44
from tests.support.cli import Machine, exit_code_of
from tests.support.emulator import RunningEmulator

COMMENTED = """\
// The support team's calendar
{
  "type": "slack",   // a user integration
  "owner": "ann",    /* not Base44's business */
  "scopes": [
    "chat:write", // to answer
  ],
}
"""


def files(machine: Machine) -> dict[str, str]:
    return {path.name: path.read_text() for path in machine.connectors.iterdir()}


def stamps(machine: Machine) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_ino) for path in machine.connectors.iterdir()}


def test_new_connectors_become_files(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["chat:write"])
    machine.connectors.rmdir()
    ended = machine.connectord("pull")
    assert files(machine) == {"slack.jsonc": '{\n  "type": "slack",\n  "scopes": [\n    "chat:write"\n  ]\n}\n'}
    assert ended.out.splitlines() == ["✓ Written: slack", f"Pulled 1 connectors to {machine.connectors}"]
    assert ended.code == 0


def test_stripe_becomes_a_file_too(machine: Machine) -> None:
    machine.file("stripe")
    machine.connectord("push", "-y")
    (machine.connectors / "stripe.jsonc").unlink()
    assert "Written: stripe" in machine.connectord("pull").out
    assert json.loads(files(machine)["stripe.jsonc"]) == {"type": "stripe", "scopes": []}


def test_files_that_agree_are_not_touched(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["b", "a"])
    machine.file("my own name.json", '{type: "slack", scopes: ["a", "b",]}')
    before = stamps(machine)
    ended = machine.connectord("pull")
    assert stamps(machine) == before
    assert "All connectors are already up to date" in ended.out


def test_a_changed_file_keeps_its_comments_and_unknown_keys(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["chat:write", "users:read"])
    file = machine.file("slack", COMMENTED)
    file.chmod(0o640)
    assert "Written: slack" in machine.connectord("pull").out
    text = file.read_text()
    for kept in ("// The support team's calendar", "// a user integration", '"owner": "ann"', "// to answer"):
        assert kept in text
    assert "users:read" in text
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("status", ["disconnected", "expired"])
def test_defect_07_what_is_not_live_is_neither_written_nor_deleted(
    machine: Machine, base44: RunningEmulator, status: str
) -> None:
    base44.connect("slack", ["theirs"], status=status)
    base44.connect("github", ["repo"], status=status)
    machine.file("slack", COMMENTED)
    before = stamps(machine)
    ended = machine.connectord("pull", "-y")
    assert stamps(machine) == before
    assert f"Left alone: slack - it is {status} on Base44" in ended.err
    assert f"Left alone: github - it is {status} on Base44" in ended.err
    assert ended.code == 0


def test_deleting_wants_a_yes_and_without_it_nothing_is_written(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", ["repo"])
    machine.file("slack", COMMENTED)
    before = stamps(machine)
    ended = machine.connectord("pull")
    assert "slack (slack.jsonc)" in ended.err
    assert "run it again with -y" in ended.err
    assert ended.code == 2
    assert stamps(machine) == before


def test_with_yes_a_file_without_a_connector_is_deleted(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    machine.file("slack")
    ended = machine.connectord("pull", "-y")
    assert list(files(machine)) == ["github.jsonc"]
    assert "Deleted: slack" in ended.out


def test_at_a_terminal_it_names_the_files_that_go(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("chat.json", '{"type": "slack"}')
    terminal = machine.at_a_terminal("pull")
    terminal.expect_exact("their files will be deleted: slack (chat.json)")
    terminal.expect_exact("Are you sure you want to continue? [y/N]")
    terminal.sendline("n")
    terminal.expect_exact("Pull cancelled")
    assert exit_code_of(terminal) == 0
    assert list(files(machine)) == ["chat.json"]


def test_an_edit_made_while_the_question_is_open_is_not_lost(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("slack")
    terminal = machine.at_a_terminal("pull")
    terminal.expect_exact("Are you sure")
    machine.file("slack", COMMENTED)
    terminal.sendline("y")
    terminal.expect_exact("The connector files changed while pull was looking at them.")
    assert exit_code_of(terminal) == 2
    assert files(machine) == {"slack.jsonc": COMMENTED}


@pytest.mark.parametrize(
    "texts",
    [{"slack.json": "{"}, {"a.json": '{"type": "slack"}', "b.json": '{"type": "slack"}'}],
    ids=["invalid", "twice"],
)
def test_files_that_cannot_be_read_stop_it_before_anything(
    machine: Machine, base44: RunningEmulator, texts: dict[str, str]
) -> None:
    base44.connect("github", [])
    for name, text in texts.items():
        machine.file(name, text)
    ended = machine.connectord("pull", "-y")
    assert files(machine) == texts
    assert ".json:1:" in ended.err
    assert ended.code == 2
    assert base44.requests() == []


def test_a_name_that_another_type_has_is_not_overwritten(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    base44.connect("github", [])
    machine.file("slack", '{"type": "github"}')
    assert "Written: slack" in machine.connectord("pull").out
    assert json.loads(files(machine)["slack.jsonc"]) == {"type": "github"}
    assert json.loads(files(machine)["slack-2.jsonc"])["type"] == "slack"


def test_a_type_that_is_no_file_name_is_refused(machine: Machine) -> None:
    with canned_base44() as canned:
        canned.lists({"integration_type": "../../evil"}, {"integration_type": "slack"})
        elsewhere = machine.with_environ(BASE44_API_URL=canned.url, BASE44_API_KEY="b44k_made_up")
        ended = elsewhere.connectord("pull")
    assert "Left alone: ../../evil - its type can't be a file's name" in ended.err
    assert list(files(machine)) == ["slack.jsonc"]
    assert not list(machine.folder.rglob("evil*"))
    assert ended.code == 1


def test_with_json_there_is_one_document(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    base44.connect("github", [], status="expired")
    machine.file("gmail")
    ended = machine.connectord("pull", "-y", "--json")
    assert ended.document == {
        "connectorsDir": str(machine.connectors),
        "pulled": 1,
        "written": ["slack"],
        "deleted": ["gmail"],
        "leftAlone": [{"type": "github", "reason": "it is expired on Base44; push authorizes it again"}],
    }


def test_nothing_to_write_makes_no_directory(machine: Machine) -> None:
    machine.connectors.rmdir()
    ended = machine.connectord("pull")
    assert not machine.connectors.exists()
    assert "Pulled 0 connectors" in ended.out
    assert ended.code == 0


def test_half_an_answer_writes_nothing(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    base44.fault(route="stripe-status", status=403)
    machine.file("github")
    before = stamps(machine)
    ended = machine.connectord("pull", "-y")
    assert stamps(machine) == before
    assert ended.code == 1


def test_a_file_that_cannot_be_written_is_named(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    ended = machine.connectord("pull", "-y", "--dir", "/proc/self/fdinfo")
    assert "github.jsonc could not be written" in ended.err
    assert "Traceback" not in ended.err
    assert ended.code == 1


def test_a_folder_that_cannot_be_made_is_named(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    ended = machine.connectord("pull", "--dir", "/proc/nowhere/connectors")
    assert "/proc/nowhere/connectors/github.jsonc could not be written" in ended.err
    assert "defect of connectord" not in ended.err
    assert ended.code == 1


def test_without_a_project_files_go_to_connectors_or_the_folder_named(
    machine: Machine, base44: RunningEmulator, tmp_path: Path
) -> None:
    base44.connect("slack", [])
    (tmp_path / "empty").mkdir()
    away = Machine(machine.home, tmp_path / "empty", machine.environ)
    away.connectord("pull", "--app-id", base44.app_id)
    away.connectord("pull", "--app-id", base44.app_id, "--dir", "other")
    assert (tmp_path / "empty" / "connectors" / "slack.jsonc").is_file()
    assert (tmp_path / "empty" / "other" / "slack.jsonc").is_file()
