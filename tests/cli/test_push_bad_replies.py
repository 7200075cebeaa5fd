"""`connectord push` against a Base44 that answers what it shouldn't, or what the emulator never would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.canned import CannedBase44, canned_base44
from tests.support.cli import Machine
from tests.support.project import APP_ID, a_project


@pytest.fixture
def base44() -> Iterator[CannedBase44]:
    with canned_base44() as base44:
        yield base44


@pytest.fixture
def machine(tmp_path: Path, base44: CannedBase44) -> Machine:
    a_project(tmp_path / "project", connectors={}, app_id=APP_ID)
    environ = {"BASE44_API_URL": base44.url, "BASE44_API_KEY": "b44k_made_up"}
    return Machine(tmp_path, tmp_path / "project", environ)


def test_defect_03_an_unknown_error_without_a_link_is_never_synced(machine: Machine, base44: CannedBase44) -> None:
    machine.file("slack")
    base44.sets("slack", error="quota_exceeded")
    ended = machine.connectord("push", "-y")
    assert "Failed: slack - Base44 refused it: quota_exceeded" in ended.out
    assert "Synced" not in ended.out
    assert ended.code == 1


def test_an_error_wins_over_already_authorized(machine: Machine, base44: CannedBase44) -> None:
    machine.file("slack")
    base44.sets("slack", error="x", error_message="No more room", already_authorized=True)
    assert "Failed: slack - No more room" in machine.connectord("push", "-y").out


def test_defect_05_an_authorization_without_a_connection_id_is_not_forgotten(
    machine: Machine, base44: CannedBase44
) -> None:
    machine.file("slack")
    base44.sets("slack", redirect_url="https://auth.test/1")
    ended = machine.connectord("push", "-y")
    assert "  slack: https://auth.test/1" in ended.out
    assert "Failed: slack - needs authorization" in ended.out
    assert ended.code == 3


def test_defect_06_stripe_in_the_list_is_never_removed_as_an_oauth_connector(
    machine: Machine, base44: CannedBase44
) -> None:
    machine.file("stripe")
    base44.lists({"integration_type": "stripe"})
    base44.replies["GET", "status"] = {"stripe_mode": "sandbox", "sandbox_claim_url": None}
    ended = machine.connectord("push", "-y")
    assert "Synced: stripe" in ended.out
    assert base44.changes == []


def test_stripe_in_the_list_without_a_file_is_left_to_its_own_routes(machine: Machine, base44: CannedBase44) -> None:
    base44.lists({"integration_type": "stripe"})
    machine.connectord("push", "-y")
    assert base44.changes == []


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "ssh://evil", "https://h\x1b[2Jx"])
def test_a_link_that_is_no_web_address_is_a_failure(machine: Machine, base44: CannedBase44, link: str) -> None:
    machine.file("slack")
    base44.sets("slack", redirect_url=link, connection_id="base44_1")
    ended = machine.connectord("push", "-y")
    assert "Failed: slack - Base44 sent an authorization link that is no web address" in ended.out
    assert "\x1b" not in ended.out
    assert ended.code == 1


def test_words_from_the_wire_do_not_steer_the_terminal(machine: Machine, base44: CannedBase44) -> None:
    machine.file("slack")
    base44.sets("slack", error="x", error_message="\x1b]0;owned\x07\x1b[2Jgone")
    ended = machine.connectord("push", "-y")
    assert "\x1b" not in ended.out + ended.err
    assert "\x07" not in ended.out + ended.err


def test_a_listed_type_that_could_reach_another_route_is_not_sent(machine: Machine, base44: CannedBase44) -> None:
    base44.lists({"integration_type": "../../payments/stripe"})
    ended = machine.connectord("push", "-y")
    assert base44.changes == []
    assert "Traceback" not in ended.err
    assert ended.code == 1


@pytest.mark.parametrize("reply", [None, {}, {"integrations": [{"integration_type": 7}]}, "hello"])
def test_a_reply_of_the_wrong_shape_is_named_and_nothing_is_changed(
    machine: Machine, base44: CannedBase44, reply: object
) -> None:
    machine.file("slack")
    base44.replies["GET", "list"] = reply
    ended = machine.connectord("push", "-y")
    assert "Traceback" not in ended.err
    assert "list the connectors" in ended.err
    assert base44.changes == []
    assert ended.code == 1


def test_a_login_that_is_refused_ends_as_signed_out(machine: Machine) -> None:
    machine.file("slack")
    ended = machine.with_environ(BASE44_API_KEY="").connectord("push", "-y")
    assert "connectord login" in ended.err
    assert ended.code == 5
