"""A link that leads nowhere is shown by nobody: refused, ended at Base44, or another app's (P10, P12)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.bench import Bench
from tests.support.emulator import EmulatorApp

from connectord.base44.pace import PER_WINDOW
from connectord.base44.request import Limited
from connectord.control.models import ConnectorState
from connectord.daemon.consent_rows import is_with
from connectord.daemon.old_links import SPARE
from connectord.emulator.faults import Fault
from connectord.settings import Settings
from connectord.store import Change
from connectord.sync import Trigger

LIMIT = Settings().authorization_limit


def needs_consent(bench: Bench, *names: str) -> None:
    for name in names or ("slack",):
        bench.save("read", name=name)
    bench.add()
    bench.wait()


def skip(bench: Bench) -> None:
    async def skipped() -> None:
        assert bench.engine.skip(bench.root, "slack")

    bench.ask(skipped())


def rescan(bench: Bench) -> None:
    """And what follows from it, once the polls of a watched link are a minute ago."""
    bench.rescan()
    bench.machine.time.pass_(70.0)


def shown(bench: Bench) -> tuple[ConnectorState, str | None]:
    return bench.slack.state, bench.slack.authorize_url


def polls(emulator: EmulatorApp) -> int:
    return len([one for one in emulator.world.journal.entries if one.operation == "poll"])


@pytest.mark.parametrize("refusal", ["deny", "expire"])
def test_p12_skipping_what_was_refused_shows_no_link_also_after_a_restart(bench: Bench, refusal: str) -> None:
    needs_consent(bench)
    integrations = bench.emulator.world.integrations
    (consent,) = integrations.open_consents()
    getattr(integrations, refusal)(consent)
    bench.machine.time.pass_(5.0)
    assert shown(bench) == (ConnectorState.AUTHORIZATION_FAILED, None)
    skip(bench)
    assert shown(bench) == (ConnectorState.SKIPPED, None)
    bench.restart()
    bench.wait()
    assert shown(bench) == (ConnectorState.SKIPPED, None)
    fresh = bench.ask(bench.engine.links.get(bench.root, "slack"))
    assert shown(bench) == (ConnectorState.NEEDS_AUTHORIZATION, fresh.url)


@pytest.mark.parametrize("skipped", [False, True])
def test_p12_a_link_that_base44_has_ended_later_is_taken_from_status_and_told_to_nobody(
    bench: Bench, skipped: bool
) -> None:
    needs_consent(bench)
    link = bench.slack.authorize_url
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.machine.time.pass_(LIMIT + 5.0)
    if skipped:
        skip(bench)
    state = ConnectorState.SKIPPED if skipped else ConnectorState.TIMED_OUT
    rescan(bench)
    assert shown(bench) == (state, link), "it can still be followed"
    notices = len(bench.machine.notices)
    bench.emulator.world.integrations.expire(consent)
    rescan(bench)
    assert shown(bench) == (state, None)
    bench.restart()
    rescan(bench)
    assert (shown(bench), len(bench.machine.notices)) == ((state, None), notices)


def test_a_link_that_base44_no_longer_knows_is_over_too(bench: Bench) -> None:
    needs_consent(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.emulator.world.state.consents.clear()
    rescan(bench)
    assert shown(bench) == (ConnectorState.TIMED_OUT, None)


def test_where_base44_does_not_answer_nothing_is_known_of_an_old_link(bench: Bench) -> None:
    needs_consent(bench)
    link = bench.slack.authorize_url
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.emulator.world.integrations.expire(consent)
    bench.emulator.world.faults.add(Fault("poll", status=503, count=20))
    rescan(bench)
    assert shown(bench) == (ConnectorState.TIMED_OUT, link)


def test_p14_what_is_known_to_be_over_is_asked_for_no_more(bench: Bench) -> None:
    needs_consent(bench)
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.emulator.world.integrations.expire(consent)
    rescan(bench)
    asked = polls(bench.emulator)
    rescan(bench)
    assert polls(bench.emulator) == asked


def test_old_links_wait_while_one_is_watched(bench: Bench) -> None:
    needs_consent(bench)
    old = bench.slack.authorize_url
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.machine.time.pass_(LIMIT + 5.0)
    bench.emulator.world.integrations.expire(consent)
    bench.save("read", name="github")
    bench.wait()
    rescan(bench)
    assert shown(bench) == (ConnectorState.TIMED_OUT, old)
    bench.allow_one("github")
    bench.machine.time.pass_(5.0)
    rescan(bench)
    assert shown(bench) == (ConnectorState.TIMED_OUT, None)


def test_p12_another_apps_link_is_not_shown(bench: Bench) -> None:
    needs_consent(bench)
    bench.machine.time.pass_(LIMIT + 5.0)
    store = bench.running.life.store
    (row,) = store.authorizations(bench.root)
    store.record(Change(authorizations=(replace(row, app_id="another"),)))
    bench.restart()
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(5.0)
    project = bench.engine.links.project(bench.root)
    assert not is_with(bench.running.life.store.authorizations(bench.root)[0], project)
    assert shown(bench) == (ConnectorState.NEEDS_AUTHORIZATION, None)


def test_p14_many_old_links_leave_the_limit_to_those_that_are_watched(bench: Bench) -> None:
    names = ("slack", "github", "notion", "gmail", "linear", "hubspot", "discord", "linkedin", "salesforce", "tiktok",
             "clickup", "googledrive", "googlesheets", "googledocs")  # fmt: skip
    needs_consent(bench, *names)
    bench.machine.time.pass_(LIMIT + 15.0)
    assert {line.state for line in bench.status.connectors} == {ConnectorState.TIMED_OUT}
    asked: list[float] = []
    bench.machine.network.witness = lambda request: (
        asked.append(bench.machine.time.now()) if request.url.path.endswith("external-auth/status") else None
    )
    for _ in range(4):
        bench.rescan()
        bench.machine.time.pass_(60.0)
    assert len(asked) >= len(names)
    in_a_minute = [sum(at - 60.0 < other <= at for other in asked) for at in asked]
    assert max(in_a_minute) <= PER_WINDOW[Limited.POLL] - SPARE
