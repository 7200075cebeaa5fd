"""The words of every notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.notify import SHOP, a_notice, consent_notice

from connectord.control.redaction import redact
from connectord.notify import (
    Action,
    Link,
    Notice,
    NoticeKind,
    Urgency,
    authorization_failed_notice,
    authorization_notice,
    authorized_notice,
    connection_expired_notice,
    failed_notice,
    granted_less_notice,
    invalid_file_notice,
    removal_coming_notice,
    removals_held_notice,
    signed_out_notice,
    stripe_notice,
    timed_out_notice,
    unreachable_notice,
)
from connectord.notify.notice import BODY_LIMIT, TITLE_LIMIT, presentable

HOST = "https://app.base44.com"
CONSENT = (Action.AUTHORIZE, Action.SKIP)

TABLE = [
    (
        consent_notice("slack"),
        "slack needs your authorization (shop)",
        "Authorize opens the browser. Later: connectord authorize",
        CONSENT,
    ),
    (
        consent_notice("github", "slack"),
        "github, slack need your authorization (shop)",
        "Authorize opens the browser. Later: connectord authorize",
        CONSENT,
    ),
    (authorized_notice(SHOP, ("slack",)), "slack is authorized (shop)", "", ()),
    (
        timed_out_notice(SHOP, ("slack",)),
        "slack was not authorized in time (shop)",
        "It still needs it. Authorize opens a fresh link. Later: connectord authorize slack",
        CONSENT,
    ),
    (
        timed_out_notice(SHOP, ("github", "slack")),
        "github, slack were not authorized in time (shop)",
        "They still need it. Authorize opens a fresh link. Later: connectord authorize",
        CONSENT,
    ),
    (
        authorization_failed_notice(SHOP, ("slack",)),
        "The authorization of slack was refused (shop)",
        "Authorize tries again with a fresh link.",
        CONSENT,
    ),
    (
        failed_notice(SHOP, {"slack": "Base44 refused it: unknown scope (request 1234)"}),
        "slack could not be pushed (shop)",
        "Base44 refused it: unknown scope (request 1234)",
        (),
    ),
    (
        failed_notice(SHOP, {"github": "No such app", "slack": "No such app"}),
        "github, slack could not be pushed (shop)",
        "github, slack: No such app",
        (),
    ),
    (
        failed_notice(SHOP, {"github": "Already connected by eve@example.com", "slack": "Unknown scope"}),
        "github, slack could not be pushed (shop)",
        "github: Already connected by eve@example.com\nslack: Unknown scope",
        (),
    ),
    (
        removals_held_notice(SHOP, [(("github", "slack"), "the folder is empty now")]),
        "github, slack are kept on Base44 until you say so (shop)",
        "The folder is empty now.\nRestore brings the files back; Approve removes them from Base44.",
        (Action.RESTORE, Action.APPROVE),
    ),
    (
        removals_held_notice(SHOP, [(("github",), "git was busy"), (("slack",), "the folder is empty now")]),
        "github, slack are kept on Base44 until you say so (shop)",
        (
            "github: Git was busy.\nslack: The folder is empty now.\n"
            "Restore brings the files back; Approve removes them from Base44."
        ),
        (Action.RESTORE, Action.APPROVE),
    ),
    (
        removal_coming_notice(SHOP, ("slack",), 10.0),
        "slack will be removed from Base44 in 10 s (shop)",
        "Its file is gone. Keep brings the file back.",
        (Action.KEEP,),
    ),
    (
        removal_coming_notice(SHOP, ("slack",), 10.0, ("slack",)),
        "slack will be removed from Base44 in 10 s (shop)",
        "It has no file here. connectord pull writes the file.",
        (),
    ),
    (
        removal_coming_notice(SHOP, ("github", "slack"), 10.0, ("slack",)),
        "github, slack will be removed from Base44 in 10 s (shop)",
        "They have no files here. Keep brings back github, connectord pull writes slack.",
        (Action.KEEP,),
    ),
    (
        removals_held_notice(SHOP, [(("github", "slack"), "git was busy")], ("github", "slack")),
        "github, slack are kept on Base44 until you say so (shop)",
        "Git was busy.\nconnectord pull writes the files; connectord approve removes them from Base44.",
        (),
    ),
    (
        removals_held_notice(SHOP, [(("github", "slack"), "git was busy")], ("github", "gmail")),
        "github, slack are kept on Base44 until you say so (shop)",
        ("Git was busy.\nRestore brings back slack, connectord pull writes github; Approve removes them from Base44."),
        (Action.RESTORE, Action.APPROVE),
    ),
    (
        invalid_file_notice(
            SHOP, {"base44/connectors/slack.jsonc": "base44/connectors/slack.jsonc:3:5: expected a comma"}
        ),
        "slack.jsonc can't be used as it is (shop)",
        "base44/connectors/slack.jsonc:3:5: expected a comma",
        (),
    ),
    (
        invalid_file_notice(SHOP, {"a.jsonc": "a.jsonc: it is empty", "b.jsonc": "b.jsonc: it is empty"}),
        "2 files can't be used as they are (shop)",
        "a.jsonc: it is empty\nb.jsonc: it is empty",
        (),
    ),
    (
        signed_out_notice(HOST),
        "You are signed out of Base44",
        f"Nothing is pushed to {HOST} until you run: connectord login",
        (),
    ),
    (
        connection_expired_notice(SHOP, ("slack",)),
        "The connection of slack no longer works (shop)",
        "Your app can't use it until you authorize it again. Later: connectord authorize slack",
        CONSENT,
    ),
    (
        granted_less_notice(SHOP, {"slack": (("chat:write", "im:read"), 5)}),
        "slack: Added, but 2 of 5 scopes were not granted (shop)",
        "Not granted: chat:write, im:read",
        (),
    ),
    (
        granted_less_notice(SHOP, {"github": (("repo",), 1), "slack": (("im:read",), 5)}),
        "github, slack: Added, but not all scopes were granted (shop)",
        "github lacks repo\nslack lacks im:read",
        (),
    ),
    (
        stripe_notice(SHOP, "https://dashboard.stripe.com/claim/1"),
        "The Stripe sandbox is ready to claim (shop)",
        "Claim opens Stripe in the browser. The link stays in connectord status until it is claimed.",
        (Action.CLAIM,),
    ),
    (
        unreachable_notice(HOST, 30),
        "Base44 has not answered for 30 minutes",
        f"Your changes are kept and pushed to {HOST} when it answers again.",
        (),
    ),
]


@pytest.mark.parametrize(("notice", "title", "body", "buttons"), TABLE, ids=[row[1] for row in TABLE])
def test_each_notice_says_what_happened_and_what_to_do(
    notice: Notice, title: str, body: str, buttons: tuple[Action, ...]
) -> None:
    assert (title, body, buttons) == (notice.title, notice.body, notice.buttons)


def test_the_table_has_every_kind() -> None:
    assert {row[0].kind for row in TABLE} == set(NoticeKind) - {NoticeKind.TEST}


def test_a_notice_of_a_project_belongs_to_its_folder_and_one_of_base44_to_the_host() -> None:
    assert {(str(SHOP), "shop"), (HOST, "")} == {(row[0].place, row[0].project) for row in TABLE}


def test_two_projects_of_the_same_name_have_subjects_of_their_own() -> None:
    here, there = (consent_notice("slack", project=Path(parent) / "shop") for parent in ("/a", "/b"))
    assert here.title == there.title
    assert here.subject != there.subject


def test_a_later_notice_of_a_thing_has_the_subject_of_the_earlier_one() -> None:
    first, second = consent_notice("slack"), consent_notice("slack", "github")
    assert first.subject == second.subject
    assert failed_notice(SHOP, {"slack": "x"}).subject == failed_notice(SHOP, {"github": "y"}).subject


def test_what_needs_nobody_takes_no_others_place() -> None:
    assert authorized_notice(SHOP, ("slack",)).subject != authorized_notice(SHOP, ("github",)).subject


def test_only_what_needs_nobody_is_information_and_only_what_happens_without_a_word_is_critical() -> None:
    assert {row[0].kind for row in TABLE if row[0].urgency is Urgency.INFORMATION} == {NoticeKind.AUTHORIZED}
    assert {row[0].kind for row in TABLE if row[0].urgency is Urgency.CRITICAL} == {NoticeKind.REMOVAL_COMING}


def test_many_connectors_are_counted_in_the_title_and_named_below() -> None:
    notice = consent_notice("a", "b", "c", "d", "e", "f")
    assert notice.title == "6 connectors need your authorization (shop)"
    assert notice.body.startswith("a, b, c, d, e, f\n")


def test_one_missing_scope_was_not_granted() -> None:
    assert granted_less_notice(SHOP, {"slack": (("a",), 2)}).title == (
        "slack: Added, but 1 of 2 scopes was not granted (shop)"
    )


@pytest.mark.parametrize(
    ("earlier", "later", "covered"),
    [
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("a",), True),
        (("a",), ("a", "b"), False),
        (("a",), ("b",), False),
    ],
)
def test_who_knows_of_a_batch_knows_of_a_part_of_it(
    earlier: tuple[str, ...], later: tuple[str, ...], covered: bool
) -> None:
    assert consent_notice(*earlier).covers(consent_notice(*later)) is covered


def test_a_fresh_link_is_news() -> None:
    fresh = (Link("slack", "https://app.base44.com/api/external-auth/connect/fresh"),)
    assert not consent_notice("slack").covers(authorization_notice(SHOP, ("slack",), fresh))


def test_p13_a_token_that_an_error_quotes_never_leaves_in_a_notice() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"
    notice = presentable(failed_notice(SHOP, {f"slack {token}": f"It was sent with Bearer {token}"}), redact)
    assert token not in notice.title + notice.body
    assert notice.body == "It was sent with Bearer ***"


def test_text_from_elsewhere_carries_no_control_characters_and_no_line_breaks_into_a_title() -> None:
    notice = presentable(a_notice("one\ntwo\x1b[31m\u202e", body="three\nfour\x07"), str)
    assert (notice.title, notice.body) == ("one two[31m", "three\nfour")


def test_text_from_elsewhere_is_cut_where_no_screen_would_show_it() -> None:
    notice = presentable(a_notice("t" * 999, body="b" * 9999), str)
    assert (len(notice.title), len(notice.body)) == (TITLE_LIMIT, BODY_LIMIT)
    assert notice.title.endswith("…")
