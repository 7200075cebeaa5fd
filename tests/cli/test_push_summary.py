"""How a push's outcomes become a summary, an exit code and a document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectord.authorize import Authorization, AuthorizationState
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.push_summary import PushEnd, as_document, print_outro, print_summary
from connectord.sync import Outcome, Result

LINK = "https://app.base44.com/api/external-auth/connect/0123"
NEEDED = Outcome("slack", Result.NEEDS_AUTHORIZATION, authorize_url=LINK, connection_id="base44_1")
SYNCED = Outcome("github", Result.SYNCED)
FAILED = Outcome("gmail", Result.FAILED, error='Invalid scope "foo"', code="REFUSED")
HELD = Outcome("notion", Result.HELD, error="its file is back")
OPEN = Authorization("push", "slack", LINK, "base44_1", ("a", "b", "c"), opened_at=0, deadline=120)


def ended(state: AuthorizationState, granted: tuple[str, ...] | None = ("a", "b", "c")) -> Authorization:
    return replace(OPEN, state=state, granted=granted)


def summary_of(end: PushEnd, capsys: pytest.CaptureFixture[str], *, asked: bool = True) -> str:
    output = Output()
    print_summary(end, "https://app.base44.com/apps/1/editor/workspace/app-connections", output)
    print_outro(end, output, asked=asked)
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (PushEnd(()), ExitCode.OK),
        (PushEnd((SYNCED,)), ExitCode.OK),
        (PushEnd((SYNCED, FAILED)), ExitCode.FAILED),
        (PushEnd((NEEDED, FAILED, HELD)), ExitCode.FAILED),
        (PushEnd((NEEDED, HELD)), ExitCode.HELD),
        (PushEnd((NEEDED,)), ExitCode.NEEDS_AUTHORIZATION),
        (PushEnd((NEEDED,), declined=True), ExitCode.NEEDS_AUTHORIZATION),
        (PushEnd((NEEDED,), (ended(AuthorizationState.AUTHORIZED),)), ExitCode.OK),
        (PushEnd((NEEDED,), (ended(AuthorizationState.SKIPPED),)), ExitCode.NEEDS_AUTHORIZATION),
        (PushEnd((NEEDED,), (ended(AuthorizationState.TIMED_OUT),)), ExitCode.NEEDS_AUTHORIZATION),
        (PushEnd((NEEDED,), (ended(AuthorizationState.FAILED),)), ExitCode.FAILED),
        (PushEnd((Outcome("slack", Result.FAILED, error="", code="AUTH_REQUIRED"),)), ExitCode.SIGNED_OUT),
    ],
)
def test_the_exit_code_says_what_happened(end: PushEnd, expected: ExitCode) -> None:
    assert end.exit_code == expected


def test_each_kind_of_outcome_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = (SYNCED, NEEDED, Outcome("box", Result.REMOVED), FAILED, HELD)
    assert summary_of(PushEnd(outcomes, (ended(AuthorizationState.AUTHORIZED),)), capsys).splitlines()[1:-2] == [
        "Summary:",
        "Synced: github",
        "Added: slack",
        "Removed: box",
        "Kept on Base44: notion - its file is back",
        'Failed: gmail - Invalid scope "foo"',
    ]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (AuthorizationState.FAILED, "Failed: slack - authorization failed"),
        (AuthorizationState.TIMED_OUT, "Failed: slack - authorization timed out"),
        (AuthorizationState.SKIPPED, "Skipped: slack"),
    ],
)
def test_an_authorization_that_did_not_come_is_named(
    state: AuthorizationState, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = summary_of(PushEnd((NEEDED,), (ended(state),)), capsys)
    assert line in shown.splitlines()
    assert "Connectors pushed" not in shown


def test_declining_to_authorize_counts_as_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    shown = summary_of(PushEnd((NEEDED,), declined=True), capsys)
    assert "Skipped: slack" in shown.splitlines()
    assert "Some connectors still require authorization" in shown


def test_without_a_person_to_ask_it_is_said_how_to_authorize(capsys: pytest.CaptureFixture[str]) -> None:
    shown = summary_of(PushEnd((NEEDED,)), capsys, asked=False)
    assert "Failed: slack - needs authorization" in shown.splitlines()
    assert "Skipped OAuth in non-interactive mode. Run 'connectord push' locally or open the links above" in shown


def test_a_failure_does_not_hide_that_others_wait_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    shown = summary_of(PushEnd((NEEDED, FAILED)), capsys, asked=False)
    assert "Skipped OAuth in non-interactive mode." in shown
    assert "Error: Not everything was pushed." in shown


def test_stripe_has_its_claim_link_and_dashboard(capsys: pytest.CaptureFixture[str]) -> None:
    shown = summary_of(PushEnd((Outcome("stripe", Result.PROVISIONED, claim_url="https://c.test/1"),)), capsys)
    assert shown.splitlines()[2:5] == [
        "✓ Stripe sandbox provisioned",
        "  Claim your Stripe sandbox: https://c.test/1",
        "  Connectors dashboard: https://app.base44.com/apps/1/editor/workspace/app-connections",
    ]


def test_defect_04_a_failed_connector_is_never_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    end = PushEnd((SYNCED, FAILED))
    assert "Connectors pushed to Base44" not in summary_of(end, capsys)
    assert end.exit_code == 1


def test_defect_10_scopes_that_were_not_granted_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    end = PushEnd((NEEDED,), (ended(AuthorizationState.AUTHORIZED, granted=("openid", "b")),))
    assert "  slack: Added, but 2 of 3 scopes were not granted: a, c" in summary_of(end, capsys).splitlines()


def test_what_to_do_is_said_once_for_all_that_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    failures = [
        Outcome(name, Result.FAILED, error=f"no {name}", todo="Check the network.") for name in ("box", "gmail")
    ]
    end = PushEnd((*failures, FAILED))
    assert summary_of(end, capsys).splitlines().count("  box, gmail: Check the network.") == 1
    assert [one.get("todo") for one in as_document(end)["results"]] == ["Check the network."] * 2 + [None]  # type: ignore[attr-defined]


def test_the_document_has_the_words_of_the_cli() -> None:
    stripe = Outcome("stripe", Result.PROVISIONED, claim_url="https://c.test/1")
    assert as_document(PushEnd((SYNCED, NEEDED, FAILED, stripe, Outcome("box", Result.REMOVED)))) == {
        "results": [
            {"type": "github", "action": "synced"},
            {"type": "slack", "action": "needs_oauth", "redirectUrl": LINK, "connectionId": "base44_1"},
            {"type": "gmail", "action": "error", "error": 'Invalid scope "foo"', "code": "REFUSED"},
            {"type": "stripe", "action": "provisioned", "claimUrl": "https://c.test/1"},
            {"type": "box", "action": "removed"},
        ],
        "oauth": {},
    }


def test_a_link_that_was_replaced_is_not_to_be_opened(capsys: pytest.CaptureFixture[str]) -> None:
    said = summary_of(PushEnd((NEEDED,), (ended(AuthorizationState.SUPERSEDED),)), capsys)
    assert "by another link. Run 'connectord push' to get it." in said
    assert "open the links above" not in said
