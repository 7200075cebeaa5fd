"""Links that pushes beside the daemon were given: which one is watched, and shown to whoever comes next."""

from __future__ import annotations

from tests.support.bench import Bench

from connectord.control.consent_models import Consent, ConsentState, LinkToWatch
from connectord.control.models import ConnectorState
from connectord.notify import NoticeKind


def a_push(bench: Bench, *scopes: str, config: dict[str, str] | None = None) -> Consent:
    """Another process sets slack, and hands its link over; what it is to show its person."""
    app_id, link = bench.emulator.app_id, "{}/api/external-auth/connect/{}"
    consent = bench.emulator.world.integrations.put(
        app_id, "slack", list(scopes), None, caller="dev@example.com"
    ).consent
    assert consent is not None
    given = LinkToWatch(
        app_id=app_id,
        api_url=bench.emulator.url,
        type="slack",
        url=link.format(bench.emulator.url, consent.link_token),
        connection_id=consent.connection_id,
        scopes=scopes,
        connection_config=dict(config) if config else None,
    )

    async def watch() -> Consent:
        return bench.face.consents.watch(bench.root, given)

    shown: Consent = bench.ask(watch())
    return shown


def saved(bench: Bench) -> str:
    """A connector that the daemon has a link for, which nobody has opened yet."""
    bench.save("read")
    bench.add()
    bench.wait()
    return bench.slack.authorize_url or ""


def test_a_push_has_its_person_open_its_own_link_where_nobody_has_opened_another(bench: Bench) -> None:
    link = saved(bench)
    shown = a_push(bench, "read")
    assert (shown.url == link, shown.url == bench.slack.authorize_url) == (False, True)


def test_p11_a_second_push_is_given_the_link_of_the_first(bench: Bench) -> None:
    saved(bench)
    first, second = a_push(bench, "read"), a_push(bench, "read")
    assert (first.url, first.connection_id) == (second.url, second.connection_id)
    bench.emulator.world.integrations.allow(bench.emulator.world.integrations.consent(first.connection_id or ""))
    bench.machine.time.pass_(5.0)
    assert bench.slack.state is ConnectorState.SYNCED


def test_p11_a_push_is_given_the_link_that_a_click_has_opened(bench: Bench) -> None:
    link = saved(bench)
    bench.ask(bench.engine.links.get(bench.root, "slack"))
    assert a_push(bench, "read").url == link


def test_a_link_for_something_else_takes_the_place_of_the_one_before(bench: Bench) -> None:
    saved(bench)
    links = {a_push(bench, "read").url, a_push(bench, "read", "write").url}
    links |= {a_push(bench, "read", "write", config={"team": "a"}).url}
    assert len(links) == 3
    assert bench.slack.authorize_url in links


def test_p10_a_link_whose_time_is_over_takes_no_newer_ones_place(bench: Bench) -> None:
    saved(bench)
    first = a_push(bench, "read")
    bench.machine.time.pass_(125.0)
    assert bench.slack.state is ConnectorState.TIMED_OUT
    second = a_push(bench, "read")
    assert (second.state, second.url == first.url) == (ConsentState.OPEN, False)


def test_p11_a_consent_to_the_older_link_is_found_when_the_time_of_the_newer_one_is_over_and_nobody_is_told_otherwise(
    bench: Bench,
) -> None:
    saved(bench)
    older = bench.emulator.world.integrations.open_consents()[0]
    a_push(bench, "read")
    bench.emulator.world.integrations.allow(older)
    told = len(bench.machine.notices)
    bench.machine.time.pass_(125.0)
    assert bench.slack.state is ConnectorState.SYNCED
    assert len(bench.machine.notices) == told


def test_what_timed_out_is_told_though_the_project_is_paused(bench: Bench) -> None:
    saved(bench)
    bench.ask(bench.face.pause(bench.root))
    bench.machine.time.pass_(125.0)
    assert bench.machine.notices[-1].kind is NoticeKind.TIMED_OUT
