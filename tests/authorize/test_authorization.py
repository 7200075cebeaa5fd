"""One authorization as a state machine, with a fake clock: 120 s to the poll, and no end but one (P10, P11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectord.authorize import Authorization, AuthorizationState, consent_seen
from connectord.base44.models import ConnectionStatus, ConsentStatus, RemoteConnector

OPENED, DEADLINE = 1000.0, 1120.0


def an_authorization(*scopes: str) -> Authorization:
    return Authorization("/app", "slack", "https://x/1", "base44_1", scopes, OPENED, DEADLINE)


@pytest.mark.parametrize(
    ("status", "asked_at", "state"),
    [
        (ConsentStatus.PENDING, OPENED, AuthorizationState.OPEN),
        (ConsentStatus.PENDING, DEADLINE - 0.1, AuthorizationState.OPEN),
        (ConsentStatus.PENDING, DEADLINE, AuthorizationState.TIMED_OUT),
        (ConsentStatus.PENDING, DEADLINE + 86_400, AuthorizationState.TIMED_OUT),
        (ConsentStatus.ACTIVE, OPENED, AuthorizationState.AUTHORIZED),
        (ConsentStatus.ACTIVE, DEADLINE + 0.1, AuthorizationState.AUTHORIZED),
        (ConsentStatus.ACTIVE, DEADLINE + 86_400, AuthorizationState.AUTHORIZED),
        (ConsentStatus.FAILED, OPENED, AuthorizationState.FAILED),
    ],
)
def test_a_poll_decides_by_the_time_it_was_sent(
    status: ConsentStatus, asked_at: float, state: AuthorizationState
) -> None:
    assert an_authorization().answered(status, asked_at=asked_at).state is state


def test_an_error_never_fails_an_authorization_and_only_times_out_after_the_deadline() -> None:
    opened = an_authorization()
    assert opened.unanswered(asked_at=DEADLINE - 0.1) == opened
    assert opened.unanswered(asked_at=DEADLINE).state is AuthorizationState.TIMED_OUT


@given(
    st.lists(
        st.sampled_from([state for state in AuthorizationState if state is not AuthorizationState.OPEN]), min_size=1
    )
)
def test_an_authorization_ends_once_and_the_first_end_stands(ends: list[AuthorizationState]) -> None:
    authorization = an_authorization()
    for end in ends:
        authorization = authorization.ended(end)
    assert authorization.state is ends[0]


def test_defect_10_scopes_that_were_asked_for_and_not_granted_are_known() -> None:
    granted = RemoteConnector(type="slack", status=ConnectionStatus.ACTIVE, scopes=("a", "extra"), user_email="a@b.c")
    authorization = an_authorization("a", "b", "c").with_grant(granted)
    assert (authorization.missing_scopes, authorization.user_email) == (("b", "c"), "a@b.c")


def test_scopes_are_not_called_missing_while_nobody_knows_what_was_granted() -> None:
    assert an_authorization("a").missing_scopes == ()


def listed(*scopes: str, status: ConnectionStatus = ConnectionStatus.ACTIVE) -> RemoteConnector:
    return RemoteConnector(type="slack", status=status, scopes=scopes)


@pytest.mark.parametrize(
    ("now", "at_first", "seen"),
    [
        (None, None, ConsentStatus.PENDING),
        (listed("a"), None, ConsentStatus.ACTIVE),
        (listed("a", status=ConnectionStatus.DISCONNECTED), None, ConsentStatus.PENDING),
        (listed("a"), listed("a", status=ConnectionStatus.EXPIRED), ConsentStatus.ACTIVE),
        (listed("a"), listed("a"), ConsentStatus.PENDING),
        (listed("a", "b"), listed("a"), ConsentStatus.ACTIVE),
        (listed("a", "b", "c"), listed("a", "b", "c"), ConsentStatus.ACTIVE),
    ],
)
def test_the_list_shows_a_consent_only_where_an_old_one_can_not_pass_for_it(
    now: RemoteConnector | None, at_first: RemoteConnector | None, seen: ConsentStatus
) -> None:
    assert consent_seen(now, at_first, ("a", "b")) is seen
