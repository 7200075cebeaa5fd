"""What of a project a person must act on: nothing that ends by itself, and nothing twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.face import NOON, a_connector, a_project_status

from connectord.control.models import ConnectorState, ConnectorStatus, ProjectState
from connectord.daemon.hosts import LONG, Hosts
from connectord.daemon.standing import Standing
from connectord.daemon.topics import Topic, topics
from connectord.notify import NoticeKind

LINK = "https://base44.test/consent/1"
HOST = "https://base44.test"


def standing(*connectors: ConnectorStatus, project: dict[str, Any] | None = None, **more: Any) -> Standing:
    status = a_project_status("/home/ada/shop", connectors=connectors, **(project or {}))
    return Standing(place="/home/ada/shop", status=status, now=NOON, **more)


def found(stands: Standing) -> dict[NoticeKind, Topic]:
    """The topics that there is something to tell of."""
    return {topic.kind: topic for topic in topics(stands) if topic.marks}


QUIET = [
    ConnectorState.SYNCED,
    ConnectorState.QUEUED,
    ConnectorState.PUSHING,
    ConnectorState.SKIPPED,
    ConnectorState.INVALID,
    ConnectorState.REMOVING,
    ConnectorState.HELD,
    ConnectorState.DRIFTED,
]


@pytest.mark.parametrize("state", QUIET)
def test_p11_these_states_of_a_connector_are_told_by_others_or_by_nobody(state: ConnectorState) -> None:
    assert found(standing(a_connector("slack", state))) == {}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (ConnectorState.NEEDS_AUTHORIZATION, NoticeKind.NEEDS_AUTHORIZATION),
        (ConnectorState.TIMED_OUT, NoticeKind.TIMED_OUT),
        (ConnectorState.AUTHORIZATION_FAILED, NoticeKind.AUTHORIZATION_FAILED),
        (ConnectorState.FAILED, NoticeKind.FAILED),
        (ConnectorState.EXPIRED, NoticeKind.CONNECTION_EXPIRED),
        (ConnectorState.DISCONNECTED, NoticeKind.CONNECTION_EXPIRED),
    ],
)
def test_each_other_state_of_a_connector_is_a_topic(state: ConnectorState, kind: NoticeKind) -> None:
    assert {kind} == found(standing(a_connector("slack", state))).keys()


def test_every_state_is_in_one_of_the_tables_above() -> None:
    told = {"needs-authorization", "timed-out", "authorization-failed", "failed", "expired", "disconnected"}
    assert {state.value for state in ConnectorState} == told | {state.value for state in QUIET}


def test_p11_a_failure_that_is_tried_again_is_no_topic() -> None:
    assert found(standing(a_connector("slack", "failed", error="no net"), tried_again={"slack"})) == {}


def test_p13_what_is_remembered_of_an_error_has_no_token() -> None:
    topic = found(standing(a_connector("slack", "failed", error="sent with b44k_secret")))[NoticeKind.FAILED]
    assert topic.marks == {"slack": "sent with ***"}


def test_what_a_person_can_do_about_a_failure_stands_in_its_notice() -> None:
    line = a_connector("slack", "failed", error="Already connected by eve@example.com", todo="Use the other account")
    assert found(standing(line))[NoticeKind.FAILED].about(["slack"]).body == (
        "Already connected by eve@example.com. Use the other account"
    )


def test_links_that_nobody_used_are_told_when_the_last_of_them_is_over() -> None:
    late = a_connector("slack", "timed-out", authorize_url=LINK)
    still_open = a_connector("notion", "needs-authorization", authorize_url=LINK)
    assert found(standing(late, still_open)).keys() == {NoticeKind.NEEDS_AUTHORIZATION}
    assert found(standing(late, a_connector("notion", "synced"))).keys() == {NoticeKind.TIMED_OUT}


def test_what_a_push_brings_is_told_when_it_has_ended() -> None:
    waiting = a_connector("slack", "needs-authorization", authorize_url=LINK)
    assert found(standing(waiting, pushing=True)) == {}


def test_a_link_that_the_person_knows_is_known() -> None:
    waiting = a_connector("slack", "needs-authorization", authorize_url=LINK)
    assert list(found(standing(waiting, links_known={LINK}))[NoticeKind.NEEDS_AUTHORIZATION].known) == ["slack"]


def test_a_hold_that_is_approved_needs_nobody_any_more() -> None:
    hold = {"reason": "mass-removal", "types": ("slack", "notion"), "since": NOON, "why": "three files went"}
    held = found(standing(project={"held": (hold,)}))[NoticeKind.REMOVALS_HELD]
    assert held.marks == {"mass-removal": "notion, slack"}
    assert found(standing(project={"held": ({**hold, "approved": True},)})) == {}


def test_a_removal_that_comes_is_none_while_it_is_paused() -> None:
    going = a_connector("slack", "removing", removal_at=NOON + timedelta(seconds=7))
    coming = found(standing(going))[NoticeKind.REMOVAL_COMING]
    assert coming.about(["slack"]).title == "slack will be removed from Base44 in 7 s (shop)"
    assert found(standing(going, project={"state": ProjectState.PAUSED})) == {}


def test_a_warning_is_no_topic_and_an_error_is_named_with_its_place() -> None:
    file = "/home/ada/shop/base44/connectors/slack.jsonc"
    problem = {"file": file, "line": 3, "column": 5, "message": "Expected a comma."}
    invalid = found(standing(project={"problems": (problem,)}))[NoticeKind.INVALID_FILE]
    assert invalid.about(list(invalid.marks)).body == "base44/connectors/slack.jsonc:3:5: Expected a comma."
    assert found(standing(project={"problems": ({**problem, "severity": "warning"},)})) == {}


UNKNOWN = [
    (standing(looked=False), NoticeKind.TIMED_OUT, True),
    (standing(looked=False), NoticeKind.INVALID_FILE, False),
    (standing(removals_known=False), NoticeKind.REMOVALS_HELD, True),
    (standing(), NoticeKind.REMOVALS_HELD, False),
    (standing(a_connector("slack"), compared=False), NoticeKind.CONNECTION_EXPIRED, True),
    (standing(a_connector("slack")), NoticeKind.CONNECTION_EXPIRED, False),
    (standing(complete=False), NoticeKind.TIMED_OUT, True),
    (standing(), NoticeKind.TIMED_OUT, False),
    (standing(a_connector("slack", "pushing")), NoticeKind.FAILED, True),
    (standing(a_connector("slack", "failed"), tried_again={"slack"}), NoticeKind.FAILED, True),
    (standing(a_connector("slack", "invalid", authorize_url=LINK)), NoticeKind.NEEDS_AUTHORIZATION, True),
    (standing(a_connector("slack", "skipped", authorize_url=LINK)), NoticeKind.NEEDS_AUTHORIZATION, False),
]


@pytest.mark.parametrize(("stands", "kind", "may_be"), UNKNOWN)
def test_what_is_not_known_has_not_ended(stands: Standing, kind: NoticeKind, may_be: bool) -> None:
    assert stands.may_still_be(kind, "slack") is may_be


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def of_host(hosts: Hosts) -> list[str]:
    return [topic.about([""]).title for topic in hosts.topics(HOST) if topic.marks]


def test_p7_a_host_is_told_of_once_for_all_its_projects() -> None:
    hosts = Hosts(Clock())
    shop, blog = a_project_status().path, "/home/ada/blog"
    for root in (shop, blog):
        hosts.stands(Path(root), HOST, ProjectState.SIGNED_OUT)
    assert of_host(hosts) == ["You are signed out of Base44"]
    hosts.stands(Path(shop), HOST, ProjectState.SYNCED)
    assert of_host(hosts) == ["You are signed out of Base44"]
    hosts.gone(Path(blog))
    assert of_host(hosts) == []


def test_p11_an_outage_is_told_when_it_has_lasted_and_an_answer_ends_it() -> None:
    clock = Clock()
    hosts, shop = Hosts(clock), Path("/home/ada/shop")
    hosts.stands(shop, HOST, ProjectState.OFFLINE)
    clock.now = LONG - 1
    hosts.stands(shop, HOST, ProjectState.OFFLINE)
    assert of_host(hosts) == []
    clock.now = LONG
    assert of_host(hosts) == ["Base44 has not answered for 15 minutes"]
    assert hosts.may_still_be(HOST)
    hosts.answered(HOST)
    hosts.stands(shop, HOST, ProjectState.SYNCED)
    assert (of_host(hosts), hosts.may_still_be(HOST)) == ([], False)
    hosts.stands(shop, HOST, ProjectState.OFFLINE)
    assert of_host(hosts) == []
