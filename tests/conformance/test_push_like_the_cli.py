"""The real CLI is the judge of `connectord push`: the same folder, pushed by both to fresh emulators, ends alike.

Requests are compared by method, path and body. Two differences hold everywhere and are no part of the comparison:
- order: connectord looks at the list and at Stripe before it asks a person, sets side by side, and removes last (P4);
  the CLI sets one after another and looks at Stripe at the end.
- retries: connectord waits with jitter and no longer than a minute (P8).
All other differences are listed in DIFFERENCES, each with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support.canned import canned_base44
from tests.support.cli import Machine
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.real_cli import needs_real_cli, real_cli

pytestmark = needs_real_cli

Request = tuple[str, str, str]
"""Method, path below the app, body as JSON text."""


@dataclass(frozen=True)
class Case:
    """A folder (None: there is no connectors directory), and what is on Base44 before the push."""

    files: Mapping[str, str] | None
    remote: Mapping[str, list[str]] = field(default_factory=dict)
    stripe: bool = False
    expired: tuple[str, ...] = ()
    fault: Mapping[str, Any] | None = None
    env: str | None = None


@dataclass(frozen=True)
class Pushed:
    """What a push left behind, and what it sent for that."""

    connectors: Any
    stripe: bool
    asked_for: list[tuple[str, list[str]]]
    requests: list[Request]

    @property
    def changes(self) -> list[Request]:
        return [one for one in self.requests if one[0] != "GET"]


def connector(type_: str, *scopes: str) -> str:
    return json.dumps({"type": type_, "scopes": scopes})


SAME = {
    "a new OAuth connector": Case({"slack.jsonc": connector("slack", "chat:write")}),
    "an authorized one with other scopes": Case(
        {"slack.jsonc": connector("slack", "chat:write")}, {"slack": ["chat:write", "users:read"]}
    ),
    "an authorized one that wants more": Case({"slack.jsonc": connector("slack", "a", "b")}, {"slack": ["a"]}),
    "an expired one": Case({"slack.jsonc": connector("slack", "a")}, {"slack": ["a"]}, expired=("slack",)),
    "no scopes": Case({"notion.json": '{"type": "notion"}'}),
    "scopes that the service drops and adds": Case(
        {"gmail.json": connector("gmail", "https://www.googleapis.com/auth/gmail.send", "gmail.restricted")}
    ),
    "JSON5, unknown keys, another filename": Case(
        {"the calendar.jsonc": "{ // mine\n type: 'googlecalendar', scopes: ['x',], owner: 'ann', }"}
    ),
    "several, in filename order": Case(
        {"b.json": connector("github", "repo"), "a.json": connector("slack"), "c.jsonc": connector("linear", "read")},
        {"github": ["repo"]},
    ),
    "a new Stripe": Case({"stripe.jsonc": connector("stripe")}),
    "an installed Stripe": Case({"stripe.jsonc": connector("stripe")}, stripe=True),
    "a Stripe that goes": Case({"slack.jsonc": connector("slack")}, {"slack": []}, stripe=True),
    "removals": Case({"slack.jsonc": connector("slack")}, {"github": ["repo"], "slack": [], "gmail": []}),
    "an empty directory": Case({}, {"github": ["repo"], "slack": []}, stripe=True),
    "nothing on either side": Case({}),
    "a type that nobody knows": Case({"x.json": connector("no_such_service")}),
    "an invalid file": Case({"slack.json": "{", "github.json": connector("github")}, {"gmail": []}),
    "a subfolder, a dotfile and another ending": Case(
        {"slack.jsonc": connector("slack"), ".github.json": connector("github"), "gmail.txt": connector("gmail")}
    ),
}

DIFFERENCES = {
    "a failed set keeps the removals back": (
        "P4: what went wrong must not end in a deletion",
        Case(
            {"slack.jsonc": connector("slack")},
            {"github": []},
            fault={"route": "set", "type": "slack", "status": 400},
        ),
        [("DELETE", "external-auth/integrations/github/remove", "null")],
        [],
    ),
    "a missing directory sends nothing": (
        "defect 2: a missing or misspelt directory is not a wish to remove everything",
        Case(None, {"github": []}),
        [("DELETE", "external-auth/integrations/github/remove", "null")],
        [],
    ),
    "an app id in .env keeps the project": (
        "defect 1: the CLI forgets the project and removes everything",
        Case({"slack.jsonc": connector("slack")}, {"slack": []}, env="BASE44_APP_ID={app_id}\n"),
        [("DELETE", "external-auth/integrations/slack/remove", "null")],
        [("PUT", "external-auth/integrations/slack", '{"scopes": []}')],
    ),
    "connection_config is sent": (
        "protocol.md: the API takes it, the CLI doesn't read it, so that SharePoint can't be pushed by it",
        Case({"s.json": '{"type": "share_point", "connection_config": {"subdomain": "sites/x"}}'}),
        [("PUT", "external-auth/integrations/share_point", '{"scopes": []}')],
        [
            (
                "PUT",
                "external-auth/integrations/share_point",
                '{"connection_config": {"subdomain": "sites/x"}, "scopes": []}',
            )
        ],
    ),
}
"""Name -> reason, case, what only the CLI sends to change something, what only connectord does."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


def a_machine(folder: Path, emulator: RunningEmulator, case: Case) -> Machine:
    """A fresh emulator with the case's connectors, and a signed-in machine with the case's folder."""
    emulator.admin("reset")
    for type_, scopes in case.remote.items():
        emulator.connect(type_, scopes, **({"status": "expired"} if type_ in case.expired else {}))
    home = folder / "home"
    home.mkdir(parents=True)
    emulator.sign_in(home)
    project = a_project(folder / "project", case.files, app_id=emulator.app_id)
    machine = Machine(home, project.root, {"BASE44_API_URL": emulator.url})
    if case.stripe:
        emulator.http.post(
            f"/api/apps/{emulator.app_id}/payments/stripe/install",
            headers={"Authorization": f"Bearer {emulator.tokens()['access_token']}"},
        ).raise_for_status()
    if case.env:
        (project.root / ".env").write_text(case.env.format(app_id=emulator.app_id))
    if case.fault:
        emulator.fault(**case.fault)
    emulator.forget_requests()
    return machine


def pushed_by_the_cli(folder: Path, emulator: RunningEmulator, case: Case) -> Pushed:
    machine = a_machine(folder, emulator, case)
    real_cli(["connectors", "push", "-y"], machine.folder, machine.home, emulator.url)
    return what_came_of_it(emulator)


def pushed_by_connectord(folder: Path, emulator: RunningEmulator, case: Case) -> Pushed:
    machine = a_machine(folder, emulator, case)
    ended = machine.connectord("push", "-y")
    assert "Traceback" not in ended.err
    return what_came_of_it(emulator)


def what_came_of_it(emulator: RunningEmulator) -> Pushed:
    state = emulator.state()
    prefix = f"/api/apps/{emulator.app_id}/"
    return Pushed(
        connectors=state["connectors"][emulator.app_id],
        stripe=emulator.app_id in state["stripe"],
        asked_for=sorted((one["type"], one["scopes"]) for one in state["consents"]),
        requests=sorted(
            (one["method"], one["path"].removeprefix(prefix), json.dumps(one["body"], sort_keys=True))
            for one in emulator.requests()
        ),
    )


@pytest.mark.parametrize("case", SAME.values(), ids=list(SAME))
def test_the_same_folder_sends_the_same_and_leaves_the_same(
    case: Case, emulator: RunningEmulator, tmp_path: Path
) -> None:
    cli = pushed_by_the_cli(tmp_path / "cli", emulator, case)
    connectord = pushed_by_connectord(tmp_path / "connectord", emulator, case)
    assert connectord == cli


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_what_it_is_said_to_be(name: str, emulator: RunningEmulator, tmp_path: Path) -> None:
    reason, case, only_cli, only_connectord = DIFFERENCES[name]
    cli = pushed_by_the_cli(tmp_path / "cli", emulator, case)
    connectord = pushed_by_connectord(tmp_path / "connectord", emulator, case)
    assert [one for one in cli.changes if one not in connectord.changes] == only_cli, reason
    assert [one for one in connectord.changes if one not in cli.changes] == only_connectord, reason


def test_stripe_in_the_list_is_removed_by_the_cli_and_not_by_connectord(tmp_path: Path) -> None:
    """Defect 6. The emulator never lists Stripe, so a canned Base44 does."""
    project = a_project(tmp_path / "project", {"stripe.jsonc": connector("stripe")})
    with canned_base44() as canned:
        canned.lists({"integration_type": "stripe"})
        canned.replies["GET", "status"] = {"stripe_mode": "sandbox"}
        canned.replies["DELETE", "remove"] = {"status": "removed", "integration_type": "stripe"}
        (project.root / ".env").write_text("BASE44_API_KEY=b44k_made_up\n")
        real_cli(["connectors", "push", "-y"], project.root, tmp_path, canned.url)
        by_the_cli = list(canned.changes)
        canned.asked.clear()
        machine = Machine(tmp_path, project.root, {"BASE44_API_URL": canned.url})
        assert machine.connectord("push", "-y").code == 0
    assert by_the_cli == [("DELETE", "external-auth/integrations/stripe/remove")]
    assert canned.changes == []
