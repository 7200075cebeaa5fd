"""What becomes of connections on Base44, said once each; granted scopes; a Stripe sandbox until it is claimed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.bench import Bench
from tests.support.engine import connected, requests

from connectord.control import NewsKind
from connectord.control.models import ConnectorState, ConnectorStatus
from connectord.emulator.state import ConnectionStatus
from connectord.notify import NoticeKind
from connectord.settings import Settings

HOUR = 3600.0


def ready(bench: Bench) -> None:
    """A connector that somebody consented to."""
    bench.save("read")
    bench.add()
    bench.wait()
    bench.allow()
    bench.machine.time.pass_(5.0)


def said(bench: Bench, *kinds: NewsKind) -> list[str]:
    """In all lives."""
    return [news.message for life in bench.machine.past for news in life.news if news.event in kinds]


def line(bench: Bench, name: str) -> ConnectorStatus:
    return next(one for one in bench.status.connectors if one.type == name)


@pytest.mark.parametrize("status", [ConnectionStatus.EXPIRED, ConnectionStatus.DISCONNECTED])
def test_p11_a_connection_that_is_lost_is_said_once_over_rescans_and_restarts(
    bench: Bench, status: ConnectionStatus
) -> None:
    ready(bench)
    bench.becomes(status)
    since = bench.slack.updated_at
    for _ in range(3):
        bench.rescan()
    assert (bench.slack.state.value, bench.slack.updated_at) == (status.value, since)
    bench.restart()
    bench.machine.time.pass_(1.0)
    assert bench.slack.state.value == status.value
    bench.rescan()
    sentence = f"slack: its authorization is {status.value} on Base44; the connector needs a new one"
    assert said(bench, NewsKind.CONSENT_LOST) == [sentence]
    assert requests(bench.emulator).count(("set", "slack")) == 1


def test_a_connection_that_is_healed_is_synced_again_and_a_second_loss_is_news(bench: Bench) -> None:
    ready(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    bench.becomes(ConnectionStatus.ACTIVE)
    healed = bench.slack.state
    bench.becomes(ConnectionStatus.EXPIRED)
    assert (healed, bench.slack.state) == (ConnectorState.SYNCED, ConnectorState.EXPIRED)
    assert len(said(bench, NewsKind.CONSENT_LOST)) == 2


def test_a_loss_that_turns_into_another_one_shows(bench: Bench) -> None:
    ready(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    bench.becomes(ConnectionStatus.DISCONNECTED)
    assert (bench.slack.state, len(said(bench, NewsKind.CONSENT_LOST))) == (ConnectorState.DISCONNECTED, 2)


def test_a_lost_connection_whose_new_link_timed_out_is_not_said_again(bench: Bench) -> None:
    ready(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    bench.ask(bench.engine.links.get(bench.root, "slack"))
    bench.machine.time.pass_(Settings().authorization_limit + 5.0)
    bench.rescan()
    assert bench.slack.state is ConnectorState.TIMED_OUT
    assert len(said(bench, NewsKind.CONSENT_LOST)) == 1


@pytest.mark.parametrize(("how", "words"), [("changed", "was changed on"), ("gone", "was removed from")])
def test_p2_drift_is_said_once_over_rescans_and_restarts_and_goes_when_it_is_undone(
    bench: Bench, how: str, words: str
) -> None:
    ready(bench)
    connections = bench.emulator.world.state.connections[bench.emulator.app_id]
    before = connections["slack"]
    if how == "changed":
        connections["slack"] = replace(before, scopes=("read", "more"))
    else:
        del connections["slack"]
    for _ in range(2):
        bench.rescan()
        bench.restart()
        bench.machine.time.pass_(1.0)
        assert bench.slack.state is ConnectorState.DRIFTED
    (sentence,) = said(bench, NewsKind.DRIFT)
    assert sentence.startswith(f"slack {words} Base44 by someone else")
    connections["slack"] = before
    bench.rescan()
    assert (bench.slack.state, bench.slack.error) == (ConnectorState.SYNCED, None)


def test_an_expired_connection_with_other_scopes_is_expired_first_of_all(bench: Bench) -> None:
    ready(bench)
    connections = bench.emulator.world.state.connections[bench.emulator.app_id]
    connections["slack"] = replace(connections["slack"], scopes=("other",))
    bench.becomes(ConnectionStatus.EXPIRED)
    assert bench.slack.state is ConnectorState.EXPIRED


def test_defect_10_what_was_not_granted_stands_in_the_status_over_restarts(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read", "write"]})
    bench.save("read", "write", "admin")
    bench.add()
    bench.wait()
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.emulator.world.state.consents[consent.connection_id] = replace(consent, scopes=("read", "write"))
    bench.allow()
    bench.machine.time.pass_(5.0)
    first = bench.slack
    bench.rescan()
    rescanned = bench.slack
    bench.restart()
    bench.machine.time.pass_(1.0)
    assert [one.missing_scopes for one in (first, rescanned, bench.slack)] == [("admin",)] * 3
    ended = said(bench, NewsKind.AUTHORIZATION_ENDED)
    assert ended == ["slack: Added, but 1 of 3 scopes were not granted: admin"]


def stripe(bench: Bench) -> str:
    """Have Stripe provisioned; its claim link."""
    (bench.connectors / "stripe.jsonc").write_text('{"type": "stripe"}')
    bench.add()
    bench.wait()
    return line(bench, "stripe").claim_url or ""


def test_p10_the_claim_link_stays_until_the_sandbox_is_claimed_and_is_noticed_once(bench: Bench) -> None:
    url = stripe(bench)
    assert url.startswith("http")
    for _ in range(2):
        bench.rescan()
        assert line(bench, "stripe").claim_url == url
        bench.restart()
        bench.machine.time.pass_(1.0)
        assert line(bench, "stripe").claim_url == url
    bench.emulator.world.payments.claim(url.rsplit("/", 1)[1])
    bench.rescan()
    assert (line(bench, "stripe").claim_url, line(bench, "stripe").state) == (None, ConnectorState.SYNCED)
    bench.restart()
    bench.rescan()
    assert line(bench, "stripe").claim_url is None
    assert said(bench, NewsKind.STRIPE_CLAIMED) == ["stripe: the sandbox is claimed"]
    assert [notice.kind for notice in bench.machine.notices] == [NoticeKind.STRIPE_READY]


def test_a_claim_link_is_no_consent_that_could_be_skipped(bench: Bench) -> None:
    stripe(bench)

    async def skip() -> bool:
        return bench.engine.skip(bench.root, "stripe")

    assert bench.ask(skip()) is False
    assert bench.engine.links.needed(bench.root) == ()


def test_stripe_that_cannot_be_asked_about_keeps_its_claim_link(bench: Bench) -> None:
    url = stripe(bench)
    bench.refuse("stripe-status")
    bench.rescan()
    assert line(bench, "stripe").claim_url == url


def test_the_claim_link_goes_with_its_file(bench: Bench) -> None:
    bench.save("read")
    stripe(bench)
    (bench.connectors / "stripe.jsonc").unlink()
    bench.pass_(20.0)
    stripe_rows = [row.state for row in bench.running.life.store.authorizations(bench.root) if row.type == "stripe"]
    assert stripe_rows == ["superseded"]
    assert said(bench, NewsKind.STRIPE_CLAIMED) == []
