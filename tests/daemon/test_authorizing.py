"""Consents that a person asks for: fresh links, one after another, skipped, late, in vain; over restarts (P10, P11)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.support.bench import Bench
from tests.support.engine import connected, requests

from connectord.authorize import Authorization
from connectord.control import NewsKind
from connectord.control.models import ConnectorState
from connectord.daemon import fresh_link
from connectord.daemon.fresh_link import NoLink, NotAuthorizable
from connectord.emulator.faults import Fault
from connectord.emulator.state import ConnectionStatus
from connectord.notify import NoticeKind
from connectord.settings import Settings
from connectord.sync import Trigger

LIMIT = Settings().authorization_limit


def state_of(bench: Bench, name: str = "slack") -> ConnectorState:
    return next(one.state for one in bench.status.connectors if one.type == name)


def sets(bench: Bench, name: str = "slack") -> int:
    return requests(bench.emulator).count(("set", name))


def begun(bench: Bench, *types: str) -> asyncio.Task[None]:
    """A click on Authorize."""

    async def click() -> asyncio.Task[None]:
        return asyncio.create_task(bench.engine.authorize(bench.root, types))

    task: asyncio.Task[None] = bench.ask(click())
    bench.machine.time.pass_(1.0)
    return task


def get(bench: Bench, name: str = "slack") -> Authorization | None:
    link: Authorization | None = bench.ask(bench.engine.links.get(bench.root, name))
    return link


def pending(bench: Bench, *names: str) -> None:
    for name in names or ("slack",):
        bench.save("read", name=name)
    bench.add()
    bench.wait()


def consents(bench: Bench) -> Any:
    """A person who agrees to whatever is opened."""

    def agree(link: str) -> None:
        integrations = bench.emulator.world.integrations
        integrations.allow(integrations.consent_behind(link.rsplit("/", 1)[1]))

    return agree


def skip(bench: Bench, name: str = "slack") -> bool:
    async def skipped() -> bool:
        return bench.engine.skip(bench.root, name)

    there_was_one: bool = bench.ask(skipped())
    return there_was_one


def said(bench: Bench, kind: NewsKind) -> list[str]:
    return [news.message for news in bench.running.life.news if news.event is kind]


def test_a_link_that_is_open_is_opened_and_has_all_of_its_time_again(bench: Bench) -> None:
    pending(bench)
    link = bench.slack.authorize_url
    bench.machine.time.pass_(100.0)
    task = begun(bench)
    bench.machine.time.pass_(100.0)
    assert (bench.machine.screen.opened, sets(bench), state_of(bench), task.done()) == (
        [link], 1, ConnectorState.NEEDS_AUTHORIZATION, False,
    )  # fmt: skip


def test_a_link_whose_time_is_over_is_renewed_by_a_set_and_told_to_nobody(bench: Bench) -> None:
    pending(bench)
    old = bench.slack.authorize_url
    bench.machine.time.pass_(LIMIT + 5.0)
    assert state_of(bench) is ConnectorState.TIMED_OUT
    notices = len(bench.machine.notices)
    begun(bench, "slack")
    (opened,) = bench.machine.screen.opened
    assert (sets(bench), opened == old, opened == bench.slack.authorize_url) == (2, False, True)
    assert len(bench.machine.notices) == notices
    bench.restart()
    bench.machine.time.pass_(10.0)
    assert len(bench.machine.notices) == notices


def test_the_next_one_is_opened_when_the_one_before_has_its_consent(bench: Bench) -> None:
    pending(bench, "slack", "github", "gmail")
    waited_for = []

    def agree(link: str) -> None:
        waited_for.append(len(bench.emulator.world.integrations.open_consents()))
        consents(bench)(link)

    bench.machine.screen.person = agree
    task = begun(bench)
    bench.machine.time.pass_(10.0)
    assert (waited_for, task.done()) == ([3, 2, 1], True)
    assert {line.state for line in bench.status.connectors} == {ConnectorState.SYNCED}


def test_one_that_nobody_answers_ends_it_and_the_others_stay_as_they_are(bench: Bench) -> None:
    pending(bench, "slack", "github")
    task = begun(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    assert (len(bench.machine.screen.opened), task.done()) == (1, True)
    assert all(line.authorize_url for line in bench.status.connectors)


@pytest.mark.parametrize("deny", [True, False])
def test_a_refusal_and_a_skip_go_on_to_the_next(bench: Bench, *, deny: bool) -> None:
    pending(bench, "github", "slack")
    begun(bench)
    integrations = bench.emulator.world.integrations
    first = next(consent for consent in integrations.open_consents() if consent.type == "github")
    if deny:
        integrations.deny(first)
    else:
        assert skip(bench, "github")
    bench.machine.time.pass_(5.0)
    assert state_of(bench, "github") is (ConnectorState.AUTHORIZATION_FAILED if deny else ConnectorState.SKIPPED)
    assert len(bench.machine.screen.opened) == 2


def test_p12_a_link_that_was_refused_or_has_expired_is_in_no_status_also_after_a_restart(bench: Bench) -> None:
    pending(bench)
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.emulator.world.integrations.deny(consent)
    bench.machine.time.pass_(5.0)
    assert (state_of(bench), bench.slack.authorize_url) == (ConnectorState.AUTHORIZATION_FAILED, None)
    bench.restart()
    bench.wait()
    assert (state_of(bench), bench.slack.authorize_url) == (ConnectorState.AUTHORIZATION_FAILED, None)


def test_one_that_is_skipped_before_its_turn_is_not_opened(bench: Bench) -> None:
    pending(bench, "github", "slack")
    begun(bench)
    skip(bench)
    bench.allow_one("github")
    bench.machine.time.pass_(5.0)
    assert (len(bench.machine.screen.opened), state_of(bench, "slack")) == (1, ConnectorState.SKIPPED)


def test_a_second_click_opens_the_same_link_again_and_nothing_else(bench: Bench) -> None:
    pending(bench, "github", "slack")
    begun(bench)
    begun(bench)
    opened = bench.machine.screen.opened
    assert (len(opened), len(set(opened)), sets(bench)) == (2, 1, 1)
    bench.allow_one("github")
    bench.machine.time.pass_(5.0)
    assert len(set(opened)) == 2


def test_a_click_on_another_one_waits_for_its_turn(bench: Bench) -> None:
    pending(bench, "github", "slack")
    begun(bench, "github")
    begun(bench, "slack")
    bench.machine.time.pass_(1.0)
    before = len(bench.machine.screen.opened)
    bench.allow_one("github")
    bench.machine.time.pass_(5.0)
    assert (before, len(bench.machine.screen.opened)) == (1, 2)


def test_where_there_is_no_browser_the_link_is_said_with_the_reason(bench: Bench) -> None:
    bench.machine.screen.objection = "there is no display here"
    pending(bench)
    begun(bench)
    link = bench.slack.authorize_url
    assert said(bench, NewsKind.LINK_NOT_OPENED) == [
        f"slack: open this link to authorize it: {link} (not opened: there is no display here)"
    ]
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert state_of(bench) is ConnectorState.SYNCED


def test_without_a_name_it_is_about_all_that_need_it(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    pending(bench, "slack", "github")
    bench.machine.screen.person = consents(bench)
    begun(bench)
    bench.machine.time.pass_(5.0)
    assert (len(bench.machine.screen.opened), sets(bench, "slack")) == (1, 1)


def test_where_base44_has_the_consent_already_there_is_nothing_to_open(bench: Bench) -> None:
    pending(bench)
    bench.allow()
    bench.machine.time.pass_(5.0)
    begun(bench, "slack")
    assert (said(bench, NewsKind.LINK_NOT_OPENED), bench.machine.screen.opened) == (
        ["slack: there is nothing to authorize"], [],
    )  # fmt: skip


def test_a_connector_that_is_not_there_is_said_with_those_that_are(bench: Bench) -> None:
    pending(bench)
    with pytest.raises(NotAuthorizable, match=r"has no connector 'slak'. It has slack\.$"):
        get(bench, "slak")
    begun(bench, "slak")
    assert "no authorization link" in said(bench, NewsKind.LINK_NOT_OPENED)[0]


def test_a_file_that_says_nothing_usable_is_said(bench: Bench) -> None:
    pending(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    (bench.connectors / "slack.jsonc").write_text("{")
    with pytest.raises(NotAuthorizable, match="can't be pushed as it is"):
        get(bench)


def test_a_paused_project_opens_what_is_open_and_asks_for_nothing_new(bench: Bench) -> None:
    pending(bench)
    bench.ask(bench.face.pause(bench.root))
    assert get(bench) is not None
    bench.machine.time.pass_(LIMIT + 5.0)
    with pytest.raises(NotAuthorizable, match="is paused") as refused:
        get(bench)
    assert (refused.value.todo, sets(bench)) == ((f"connectord resume {bench.root}",), 1)


def test_what_base44_says_instead_of_a_link_is_the_error(bench: Bench) -> None:
    pending(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.machine.network.up = False
    with pytest.raises(NoLink) as refused:
        get(bench)
    assert refused.value.code == "UNREACHABLE"
    bench.machine.network.up = True
    bench.machine.time.pass_(30.0)
    assert state_of(bench) is ConnectorState.NEEDS_AUTHORIZATION  # the wish stands


def test_a_link_that_does_not_come_is_not_waited_for_without_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pending(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    monkeypatch.setattr(fresh_link, "LINK_SECONDS", 2.0)
    bench.emulator.world.faults.add(Fault("set", delay=5.0))
    with pytest.raises(NotAuthorizable, match="no link for slack within 2 s"):
        get(bench)
    bench.machine.time.pass_(10.0)
    assert state_of(bench) is ConnectorState.NEEDS_AUTHORIZATION  # the wish stands


def test_the_wrong_account_is_said_with_the_way_out(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    connections = bench.emulator.world.state.connections[bench.emulator.app_id]
    connections["slack"] = bench.someone_elses(connections["slack"])
    pending(bench)
    with pytest.raises(NoLink, match=r"already connected by boss@example\.com") as refused:
        get(bench)
    assert "add the file back and authorize with the correct account" in refused.value.todo[0]
    assert "boss@example.com" in (bench.slack.error or "")
    assert bench.slack.todo == refused.value.todo[0]


@pytest.mark.parametrize("state", [ConnectionStatus.EXPIRED, ConnectionStatus.DISCONNECTED])
def test_an_expired_connection_is_renewed_when_a_person_says_so(bench: Bench, state: ConnectionStatus) -> None:
    pending(bench)
    bench.allow()
    bench.machine.time.pass_(5.0)
    bench.becomes(state)
    assert (state_of(bench).value, bench.slack.authorize_url) == (state.value, None)
    bench.machine.screen.person = consents(bench)
    begun(bench)
    bench.machine.time.pass_(5.0)
    assert (state_of(bench), len(bench.machine.screen.opened)) == (ConnectorState.SYNCED, 1)


def test_a_skip_after_its_time_is_kept_over_a_restart(bench: Bench) -> None:
    pending(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    skipped = skip(bench)
    assert (skipped, state_of(bench)) == (True, ConnectorState.SKIPPED)
    bench.restart()
    bench.machine.time.pass_(5.0)
    assert state_of(bench) is ConnectorState.SKIPPED
    assert said(bench, NewsKind.AUTHORIZATION_ENDED) == []


def test_there_is_nothing_to_skip_where_nobody_is_waited_for(bench: Bench) -> None:
    pending(bench)
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert skip(bench) is False


@pytest.mark.parametrize("seconds", [LIMIT + 1.0, LIMIT + 10.0, 3600.0])
def test_p10_a_consent_that_comes_late_is_settled_by_the_next_rescan_and_kept(bench: Bench, seconds: float) -> None:
    state = bench.emulator.world.state
    state.settings = replace(state.settings, link_lifetime=2 * seconds)
    pending(bench)
    bench.machine.time.pass_(seconds)
    bench.allow()
    bench.engine.hint_all(Trigger.RESCAN)
    bench.machine.time.pass_(5.0)
    assert state_of(bench) is ConnectorState.SYNCED
    newest = bench.face.history(bench.root, limit=1, before=None)[0]
    assert (newest.kind, newest.result, newest.message) == ("authorization.ended", "added", "slack: Added")
    assert skip(bench) is False


def test_p10_a_link_of_scopes_that_changed_is_superseded_by_the_new_one(bench: Bench) -> None:
    pending(bench)
    old = bench.slack.authorize_url
    bench.save("read", "write")
    bench.wait()
    (open_one,) = bench.engine.consents.authorizations.open_ones
    assert (open_one.url == old, open_one.scopes, bench.slack.authorize_url) == (False, ("read", "write"), open_one.url)
    superseded = "slack: the open authorization link is no longer needed"
    assert said(bench, NewsKind.AUTHORIZATION_ENDED) == [superseded]


def test_a_restart_every_ten_seconds_neither_prolongs_a_link_nor_sends_or_says_anything_twice(bench: Bench) -> None:
    pending(bench)
    for _ in range(11):
        bench.machine.time.pass_(10.0)
        bench.restart()
    bench.machine.time.pass_(5.0)
    open_still = state_of(bench)
    bench.machine.time.pass_(10.0)
    assert (open_still, state_of(bench)) == (ConnectorState.NEEDS_AUTHORIZATION, ConnectorState.TIMED_OUT)
    kinds = [notice.kind for notice in bench.machine.notices]
    assert (sets(bench), kinds) == (1, [NoticeKind.NEEDS_AUTHORIZATION, NoticeKind.TIMED_OUT])


def test_the_network_that_is_back_is_a_reason_to_ask_for_every_link(bench: Bench) -> None:
    pending(bench)
    bench.machine.network.up = False
    bench.machine.time.pass_(100.0)
    bench.machine.network.up = True
    bench.allow()
    bench.machine.time.loop.call_soon(bench.engine.retry_all)
    bench.machine.time.pass_(1.5)
    assert state_of(bench) is ConnectorState.SYNCED


def test_a_defect_in_a_poll_is_told_as_one_of_the_project(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pending(bench)
    monkeypatch.setattr("connectord.base44.client.App.poll_authorization", None)
    bench.machine.time.pass_(10.0)
    (news,) = [news for news in bench.running.life.news if news.event is NewsKind.DEFECT]
    assert (news.project, "TypeError" in news.message) == (str(bench.root), True)


def test_always_opens_a_batch_one_after_another_and_nothing_after_a_restart(bench: Bench) -> None:
    bench.machine.settings = Settings(open_browser="always")
    bench.restart()
    pending(bench, "github", "slack")
    bench.machine.time.pass_(1.0)
    assert len(bench.machine.screen.opened) == 1
    bench.restart()
    bench.machine.time.pass_(10.0)
    assert len(bench.machine.screen.opened) == 1


def test_always_says_nothing_more_where_there_is_no_browser(bench: Bench) -> None:
    bench.machine.settings = Settings(open_browser="always")
    bench.machine.screen.objection = "there is no display here"
    bench.restart()
    pending(bench)
    bench.machine.time.pass_(1.0)
    assert said(bench, NewsKind.LINK_NOT_OPENED) == []


def test_a_project_that_is_removed_as_soon_as_its_links_are_asked_for_can_be_asked_again(bench: Bench) -> None:
    pending(bench)

    async def ask_and_end() -> None:
        bench.engine.authorizing.begin(bench.root)
        bench.engine.authorizing.end(bench.root)

    bench.ask(ask_and_end())
    begun(bench)
    assert len(bench.machine.screen.opened) == 1


def test_a_project_that_cannot_be_read_is_said(bench: Bench) -> None:
    pending(bench)
    begun(bench)
    bench.root.rename(bench.root.with_name("elsewhere"))
    bench.pass_(20.0)
    begun(bench, "slack")
    assert "can't be read now" in said(bench, NewsKind.LINK_NOT_OPENED)[0]
    assert said(bench, NewsKind.DEFECT) == []


def test_always_leaves_a_link_alone_that_a_person_asked_for_elsewhere(bench: Bench) -> None:
    bench.machine.settings = Settings(open_browser="always", authorization_limit=5.0)
    bench.restart()
    pending(bench)
    bench.machine.time.pass_(20.0)
    assert get(bench) is not None
    bench.machine.time.pass_(1.0)
    assert len(bench.machine.screen.opened) == 1


def test_removing_the_project_ends_what_is_gone_through(bench: Bench) -> None:
    pending(bench, "github", "slack")
    task = begun(bench)
    bench.ask(bench.face.remove_project(bench.root))
    bench.machine.time.pass_(10.0)
    assert (task.cancelled(), len(bench.machine.screen.opened)) == (True, 1)


def test_a_link_that_is_waited_for_when_the_project_goes_is_given_up(bench: Bench) -> None:
    pending(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.emulator.world.faults.add(Fault("set", delay=30.0))

    async def play() -> None:
        asked = asyncio.Event()
        bench.machine.network.witness = lambda request: asked.set() if request.method == "PUT" else None
        waiting = asyncio.create_task(bench.engine.links.get(bench.root, "slack"))
        await asked.wait()
        await bench.face.remove_project(bench.root)
        with pytest.raises(NotAuthorizable):
            await waiting

    bench.ask(play())
