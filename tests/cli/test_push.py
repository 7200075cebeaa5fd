"""`connectord push` without a person: what it sends, what it says, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.canned import canned_base44
from tests.support.cli import Ended, Machine, exit_code_of
from tests.support.emulator import RunningEmulator

CHANGES = ("set", "remove", "stripe-install", "stripe-remove")


def changes(base44: RunningEmulator) -> list[tuple[str, str]]:
    """Method and last part of the path of every request that changes something."""
    return [
        (one["method"], one["path"].partition("/integrations/")[2] or one["path"].rpartition("/payments/")[2])
        for one in base44.requests()
        if one["operation"] in CHANGES
    ]


def test_a_push_makes_base44_equal_to_the_files(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["chat:write", "users:read"])
    base44.connect("github", ["repo"])
    machine.file("slack", None, "chat:write")
    ended = machine.connectord("push", "-y")
    assert base44.connectors() == {"slack": ["chat:write"]}
    assert ended.out.splitlines() == [
        "Found 1 connectors to push: slack",
        "",
        "Summary:",
        "Synced: slack",
        "Removed: github",
        "",
        "✓ Connectors pushed to Base44",
    ]
    assert "and remove 1 from Base44: github." in ended.err
    assert ended.code == 0


def test_no_files_means_that_everything_is_removed(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    ended = machine.connectord("push", "-y")
    assert "No local connectors found - checking for remote connectors to remove" in ended.out
    assert "Removed: slack" in ended.out
    assert base44.connectors() == {}


def test_a_needed_authorization_is_printed_and_not_waited_for(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("slack", None, "chat:write")
    ended = machine.connectord("push", "-y")
    (link,) = base44.open_links().values()
    assert "1 connector(s) require authorization in your browser:" in ended.out
    assert f"  slack: {link}" in ended.out
    assert "Failed: slack - needs authorization" in ended.out
    assert "Skipped OAuth in non-interactive mode. Run 'connectord push' locally" in ended.out
    assert "poll" not in [one["operation"] for one in base44.requests()]
    assert ended.code == 3


def test_stripe_is_provisioned_with_its_claim_link(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("stripe")
    ended = machine.connectord("push", "-y")
    claim = base44.url + base44.state()["stripe"][base44.app_id]["claim_path"]
    assert f"  Claim your Stripe sandbox: {claim}" in ended.out
    assert f"  Connectors dashboard: {base44.url}/apps/{base44.app_id}/editor/workspace/app-connections" in ended.out
    assert ended.code == 0
    assert "Synced: stripe" in machine.connectord("push", "-y").out


def test_stripe_without_a_file_is_removed_by_its_own_route(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("stripe")
    machine.connectord("push", "-y")
    (machine.connectors / "stripe.jsonc").unlink()
    base44.forget_requests()
    assert "Removed: stripe" in machine.connectord("push", "-y").out
    assert changes(base44) == [("DELETE", "stripe")]


def test_without_a_terminal_push_wants_a_yes_and_asks_base44_nothing(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("slack")
    ended = machine.connectord("push")
    assert "Error: --yes is required in non-interactive mode" in ended.err
    assert ended.code == 2
    assert base44.requests() == []


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"type": "slack", "scopes": [', "slack.jsonc:1:"),
        ('{"type": "../tokens"}', "slack.jsonc:1:10"),
        ('{"type": "a?b"}', "slack.jsonc:1:10"),
        ('{"type": "a b"}', "slack.jsonc:1:10"),
        ('{"type": "slack", "scopes": ["a", 7]}', "slack.jsonc:1:35"),
    ],
)
def test_an_invalid_file_keeps_everything_from_being_sent(
    machine: Machine, base44: RunningEmulator, content: str, place: str
) -> None:
    base44.connect("github", [])
    machine.file("slack", content)
    machine.file("gmail")
    ended = machine.connectord("push", "-y")
    assert place in ended.err
    assert ended.code == 2
    assert base44.requests() == []


def test_defect_08_every_problem_is_named_with_its_place(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("gmail", '{\n  "type": "gmail",\n  "scopes": [1]\n}')
    machine.file("slack", '{\n  "type": "slack",,\n}')
    ended = machine.connectord("push", "-y")
    assert "2 problems in the connector files" in ended.err
    assert "gmail.jsonc:3:14" in ended.err
    assert "slack.jsonc:2:19" in ended.err
    assert "Invalid input" not in ended.err
    assert base44.requests() == []


def test_defect_01_an_app_id_in_the_env_file_does_not_make_it_forget_the_project(
    machine: Machine, base44: RunningEmulator
) -> None:
    base44.connect("slack", ["chat:write"])
    machine.file("slack", None, "chat:write")
    (machine.folder / ".env").write_text(f"BASE44_APP_ID={base44.app_id}\n")
    ended = machine.connectord("push", "-y")
    assert "Found 1 connectors to push: slack" in ended.out
    assert base44.connectors() == {"slack": ["chat:write"]}
    assert changes(base44) == [("PUT", "slack")]


def test_defect_02_a_missing_directory_is_no_wish_to_remove_everything(
    machine: Machine, base44: RunningEmulator
) -> None:
    base44.connect("slack", [])
    machine.connectors.rmdir()
    ended = machine.connectord("push", "-y")
    assert "base44/connectors" in ended.err
    assert ended.code == 2
    assert base44.requests() == []


def test_defect_02_a_misspelt_directory_is_no_wish_to_remove_everything(
    machine: Machine, base44: RunningEmulator
) -> None:
    base44.connect("slack", [])
    ended = machine.connectord("push", "-y", "--dir", "conectors")
    assert "conectors" in ended.err
    assert ended.code == 2
    assert base44.requests() == []


def test_defect_03_an_error_without_a_link_is_a_failure(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("share_point")
    ended = machine.connectord("push", "-y")
    assert "Failed: share_point - SharePoint needs connection_config.subdomain" in ended.out
    assert "Synced" not in ended.out
    assert ended.code == 1


def test_a_connector_of_another_person_is_a_failure_with_their_name(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [], connected_by="ann@example.com")
    machine.file("slack")
    ended = machine.connectord("push", "-y")
    assert "Failed: slack - Slack" in ended.out
    assert "already connected by ann@example.com" in ended.out
    assert "slack: If that is the wrong account: remove slack.jsonc, run `connectord push`" in ended.out
    assert ended.code == 1


def test_defect_04_a_failed_connector_does_not_end_well(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    machine.file("slack")
    machine.file("gmail", '{"type": "gmail"}')
    base44.fault(route="set", type="gmail", status=400)
    ended = machine.connectord("push", "-y")
    assert "Synced: slack" in ended.out
    assert "Failed: gmail - " in ended.out
    assert "Connectors pushed to Base44" not in ended.out + ended.err
    assert ended.code == 1


def test_a_failed_set_keeps_what_has_no_file(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    machine.file("slack")
    base44.fault(route="set", status=400)
    ended = machine.connectord("push", "-y")
    assert list(base44.connectors()) == ["github"]
    assert "Kept on Base44: github - not removed, because another connector of this push failed" in ended.out
    assert ended.code == 1


def test_stripe_in_trouble_keeps_no_connector_from_being_pushed(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", ["a", "b"])
    base44.fault(route="stripe-status", status=403)
    machine.file("slack", None, "a")
    ended = machine.connectord("push", "-y")
    assert base44.connectors() == {"slack": ["a"]}
    assert "Stripe could not be looked at and is not removed" in ended.err
    assert ended.code == 0


def test_stripe_in_trouble_is_a_failure_where_a_file_asks_for_it(machine: Machine, base44: RunningEmulator) -> None:
    base44.fault(route="stripe-status", status=403)
    machine.file("stripe")
    ended = machine.connectord("push", "-y")
    assert "Failed: stripe - " in ended.out
    assert ended.code == 1


def test_removals_come_after_every_set(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    base44.connect("slack", [])
    base44.connect("gmail", [])
    machine.file("gmail")
    machine.file("stripe")
    machine.connectord("push", "-y")
    sent = changes(base44)
    assert sent[:2] == [("PUT", "gmail"), ("POST", sent[1][1])]
    assert sorted(sent[2:]) == [("DELETE", "github/remove"), ("DELETE", "slack/remove")]


def test_with_json_there_is_one_document(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("github", [])
    base44.connect("notion", [])
    machine.file("slack", None, "chat:write")
    machine.file("notion")
    machine.file("stripe")
    ended = machine.connectord("push", "-y", "--json")
    (link,) = base44.open_links().values()
    consent = base44.state()["consents"][0]
    claim = base44.url + base44.state()["stripe"][base44.app_id]["claim_path"]
    assert ended.document == {
        "results": [
            {"type": "notion", "action": "synced"},
            {
                "type": "slack",
                "action": "needs_oauth",
                "redirectUrl": link,
                "connectionId": consent["connection_id"],
            },
            {"type": "stripe", "action": "provisioned", "claimUrl": claim},
            {"type": "github", "action": "removed"},
        ],
        "oauth": {},
    }
    assert ended.code == 3


@pytest.mark.parametrize(
    ("arrange", "code", "exit_code"),
    [
        (lambda machine: machine.file("slack", "{"), "SCHEMA_INVALID", 2),
        (lambda machine: (machine.folder / "base44" / ".app.jsonc").unlink(), "CONFIG_INVALID", 2),
        (lambda machine: (machine.folder / "base44" / "config.jsonc").unlink(), "CONFIG_NOT_FOUND", 2),
        (lambda machine: (machine.home / ".base44" / "auth" / "auth.json").unlink(), "AUTH_REQUIRED", 5),
    ],
    ids=["invalid", "not-linked", "no-project", "signed-out"],
)
def test_with_json_an_error_is_a_document_too(
    machine: Machine, arrange: Callable[[Machine], object], code: str, exit_code: int
) -> None:
    machine.file("gmail")
    arrange(machine)
    ended = machine.connectord("push", "-y", "--json")
    assert ended.document["code"] == code
    assert ended.document["error"]
    assert all(hint["message"] for hint in ended.document["hints"])
    assert ended.code == exit_code


def test_signed_out_without_a_terminal_says_how_to_sign_in(machine: Machine, base44: RunningEmulator) -> None:
    (machine.home / ".base44" / "auth" / "auth.json").unlink()
    ended = machine.connectord("push", "-y")
    assert "connectord login" in ended.err
    assert "Traceback" not in ended.err
    assert ended.code == 5


def test_a_wrong_app_id_is_a_clear_error(machine: Machine) -> None:
    ended = machine.connectord("push", "-y", "--app-id", "ffffffffffffffffffffffff")
    assert "not found" in ended.err.lower()
    assert "Stripe" not in ended.err
    assert "Hint:" in ended.err
    assert ended.code == 1


def test_no_network_is_a_clear_error_and_keeps_the_login(machine: Machine) -> None:
    login = (machine.home / ".base44" / "auth" / "auth.json").read_text()
    ended = machine.with_environ(BASE44_API_URL="http://127.0.0.1:9").connectord("push", "-y")
    assert "127.0.0.1:9" in ended.err
    assert "Traceback" not in ended.err
    assert ended.code == 1
    assert (machine.home / ".base44" / "auth" / "auth.json").read_text() == login


def test_without_a_project_an_app_id_and_a_folder_are_enough(machine: Machine, base44: RunningEmulator) -> None:
    base44.connect("slack", [])
    elsewhere = machine.home / "elsewhere"
    (elsewhere / "connectors").mkdir(parents=True)
    (elsewhere / "connectors" / "slack.json").write_text('{"type": "slack"}')
    away = Machine(machine.home, elsewhere, machine.environ)
    assert "Synced: slack" in away.connectord("push", "-y", "--app-id", base44.app_id).out


def test_a_connector_config_is_sent_along(machine: Machine, base44: RunningEmulator) -> None:
    machine.file("share_point", '{"type": "share_point", "connection_config": {"subdomain": "sites/mine"}}')
    machine.connectord("push", "-y")
    (sent,) = [one["body"] for one in base44.requests() if one["operation"] == "set"]
    assert sent == {"scopes": [], "connection_config": {"subdomain": "sites/mine"}}


def test_an_unknown_type_is_a_warning_and_the_services_answer_an_error(machine: Machine) -> None:
    machine.file("slakc")
    ended: Ended = machine.connectord("push", "-y")
    assert 'did you mean "slack"' in ended.err
    assert "Failed: slakc - " in ended.out
    assert ended.code == 1


def test_a_wait_for_the_service_is_said(machine: Machine, base44: RunningEmulator) -> None:
    base44.fault(route="list", status=503, retry_after=1, count=1)
    ended = machine.connectord("push", "-y")
    assert "Trying again in 1 s" in ended.err
    assert ended.code == 0


def test_defect_11_a_long_wait_is_not_sat_out(machine: Machine, base44: RunningEmulator) -> None:
    base44.fault(route="list", status=503, retry_after=3600)
    ended = machine.connectord("push", "-y")
    assert "Traceback" not in ended.err
    assert ended.code == 1


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_file_in_the_place_of_the_directory_is_said(machine: Machine, base44: RunningEmulator, command: str) -> None:
    base44.connect("slack", [])
    machine.connectors.rmdir()
    machine.connectors.write_text("")
    ended = machine.connectord(command, "-y")
    assert "base44/connectors" in ended.err
    assert ended.code == 2
    assert base44.requests() == []


@pytest.mark.parametrize("body", ["endless", "large", "html", "empty", "truncated"])
def test_a_body_that_cannot_be_an_answer_ends_it(machine: Machine, base44: RunningEmulator, body: str) -> None:
    base44.fault(route="list", body=body)
    machine.file("slack")
    ended = machine.connectord("push", "-y")
    assert "list the connectors" in ended.err
    assert ended.code == 1
    assert changes(base44) == []


def test_defect_09_a_token_endpoint_in_trouble_keeps_the_login(machine: Machine, base44: RunningEmulator) -> None:
    login = (machine.home / ".base44" / "auth" / "auth.json").read_text()
    base44.admin("tokens/expire")
    base44.fault(route="token", status=500)
    ended = machine.connectord("push", "-y")
    assert ended.code == 1
    assert (machine.home / ".base44" / "auth" / "auth.json").read_text() == login


def test_defect_12_no_types_are_generated(machine: Machine) -> None:
    """The CLI's `types generate` fills a registry that the SDK doesn't read; connectord writes no types at all."""
    assert "No such command 'types'" in machine.connectord("types", "generate").err
    machine.file("slack")
    machine.connectord("push", "-y")
    assert sorted(path.name for path in machine.folder.rglob("*")) == [
        ".app.jsonc",
        "base44",
        "config.jsonc",
        "connectors",
        "slack.jsonc",
    ]


@pytest.mark.parametrize("arguments", [("--dir", ""), ("--dir=",), ("--dir", "."), ("--dir", "base44")])
def test_a_folder_name_that_is_empty_or_the_projects_own_removes_nothing(
    machine: Machine, base44: RunningEmulator, arguments: tuple[str, ...]
) -> None:
    base44.connect("slack", [])
    machine.file("slack", None)
    ended = machine.connectord("push", "-y", *arguments)
    assert ended.code == 2
    assert [one["method"] for one in base44.requests() if one["method"] != "GET"] == []


@pytest.mark.parametrize("mishap", ["gone", "broken"])
def test_p4_files_that_can_not_be_read_right_before_a_removal_stop_it(
    machine: Machine, base44: RunningEmulator, mishap: str
) -> None:
    base44.connect("notion", [])
    file = machine.file("slack", None)
    base44.fault(route="set", delay=1.5, count=1)
    terminal = machine.at_a_terminal("push", "-y")
    while not any(one["method"] == "PUT" for one in base44.requests()):
        pass  # the test's time limit ends it
    if mishap == "gone":
        file.parent.rename(file.parent.with_name("away"))
    else:
        file.write_text("{")
    terminal.expect_exact("[Y/n]")
    terminal.sendline("n")
    terminal.expect_exact("Kept on Base44: notion")
    assert exit_code_of(terminal) == 4
    assert "notion" in base44.connectors()


def test_p13_a_project_that_sends_the_login_to_a_host_of_its_own_is_said_once(machine: Machine) -> None:
    machine.file("slack")
    with canned_base44() as base44:
        base44.sets("slack", already_authorized=True)
        elsewhere = base44.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104  (this machine, by a name that isn't loopback's)
        (machine.folder / ".env").write_text(f"BASE44_API_URL={elsewhere}\n")
        ended = Machine(machine.home, machine.folder, {}).connectord("push", "-y")
    assert ended.code == 0
    assert ended.err.count("Warning: ") == 1
    assert f"Warning: Your Base44 login is sent to {elsewhere}, because BASE44_API_URL in " in ended.err


def test_without_a_project_it_names_the_option_that_makes_up_for_it(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    ended = machine.connectord("push", str(tmp_path / "plain"))
    assert ended.code == 2
    assert "Hint: Or pass an app id with --app-id ID." in ended.err
