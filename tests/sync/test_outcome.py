"""Reading set's reply, in the order of protocol.md."""

from __future__ import annotations

import pytest

from connectord.base44.errors import Busy, NotFound
from connectord.base44.models import SetReply
from connectord.project.model import Connector
from connectord.sync import Outcome, Result, read_set_reply
from connectord.sync.outcome import failed

SLACK = Connector("slack", ("chat:write",))
LINK = "https://app.base44.com/api/external-auth/connect/0123456789abcdef0123456789abcdef"


def a_reply(
    *,
    redirect_url: str | None = None,
    connection_id: str | None = None,
    already_authorized: bool = False,
    error: str | None = None,
    error_message: str | None = None,
    other_user_email: str | None = None,
) -> SetReply:
    return SetReply(
        redirect_url=redirect_url,
        connection_id=connection_id,
        already_authorized=already_authorized,
        error=error,
        error_message=error_message,
        other_user_email=other_user_email,
    )


WAY_OUT = (
    "If that is the wrong account: remove the file of slack, run `connectord push` to delete the connector from "
    "Base44, then add the file back and authorize with the correct account."
)


def not_yours(error: str) -> Outcome:
    return Outcome("slack", Result.FAILED, error=error, code="different_user", todo=WAY_OUT)


NEEDS = Outcome("slack", Result.NEEDS_AUTHORIZATION, authorize_url=LINK, connection_id="base44_1")
TABLE = {
    "nothing to do": (a_reply(), Outcome("slack", Result.SYNCED)),
    "already authorized": (a_reply(already_authorized=True, redirect_url=LINK), Outcome("slack", Result.SYNCED)),
    "a link": (a_reply(redirect_url=LINK, connection_id="base44_1"), NEEDS),
    "another user": (
        a_reply(error="different_user", other_user_email="ann@example.com", redirect_url=LINK),
        not_yours("Already connected by ann@example.com"),
    ),
    "another user, in the service's words": (
        a_reply(error="different_user", error_message="Ann has it"),
        not_yours("Ann has it"),
    ),
    "another user, in words without the address": (
        a_reply(error="different_user", error_message="Ann has it", other_user_email="ann@example.com"),
        not_yours("Ann has it (ann@example.com)"),
    ),
    "another user, in words with the address": (
        a_reply(error="different_user", error_message="ann@a.b has it", other_user_email="ann@a.b"),
        not_yours("ann@a.b has it"),
    ),
    "another user, unnamed": (
        a_reply(error="different_user"),
        not_yours("Already connected by another user"),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_reply_has_one_meaning(name: str) -> None:
    reply, outcome = TABLE[name]
    assert outcome == read_set_reply(SLACK, reply)


def test_defect_03_an_error_without_a_link_is_no_success() -> None:
    outcome = read_set_reply(SLACK, a_reply(error="config_invalid", already_authorized=True))
    assert outcome == Outcome("slack", Result.FAILED, error="Base44 refused it: config_invalid", code="config_invalid")


def test_defect_05_a_link_without_a_connection_id_still_needs_authorization() -> None:
    outcome = read_set_reply(SLACK, a_reply(redirect_url=LINK))
    assert outcome == Outcome("slack", Result.NEEDS_AUTHORIZATION, authorize_url=LINK)


@pytest.mark.parametrize(
    "link", ["file:///etc/passwd", "javascript:alert(1)", "ftp://example.com", "https://", "http:/x", "x", "http://[",
             "https://example.com/\x1b]0;title\x07"],
)  # fmt: skip
def test_a_link_that_is_no_web_address_is_a_failure_and_not_handed_on(link: str) -> None:
    outcome = read_set_reply(SLACK, a_reply(redirect_url=link))
    assert (outcome.result, outcome.code, outcome.authorize_url) == (Result.FAILED, "UNSAFE_LINK", None)


def test_an_error_is_an_outcome_that_says_whether_it_may_pass() -> None:
    outcome = failed("slack", Busy("Base44 is busy", retry_after=7.0))
    assert outcome == Outcome(
        "slack", Result.FAILED, error="Base44 is busy", code="BUSY", transient=True, retry_after=7.0
    )


def test_what_to_do_about_an_error_goes_with_it_and_is_said_where_it_does_not_pass_by_itself() -> None:
    todo = ("Check the app id.", "Ask who owns it.")
    refused, busy = failed("slack", NotFound("No app", todo=todo)), failed("slack", Busy("Busy", todo=todo))
    assert refused.todo == busy.todo == "Check the app id. Ask who owns it."
    assert (refused.words, busy.words) == ("failed - No app. Check the app id. Ask who owns it.", "failed - Busy")


def test_a_needed_authorization_counts_as_accepted_and_a_failure_does_not() -> None:
    assert NEEDS.accepted
    assert not Outcome("slack", Result.FAILED).accepted


def test_another_account_is_said_with_its_address_and_the_way_out() -> None:
    reply = a_reply(error="different_user", other_user_email="ann@example.com")
    words = read_set_reply(SLACK, reply).words
    assert words == f"failed - Already connected by ann@example.com. {WAY_OUT}"


def test_a_removal_that_was_held_says_why() -> None:
    assert Outcome("slack", Result.HELD, error="not removed: its file is back").words == "not removed: its file is back"
