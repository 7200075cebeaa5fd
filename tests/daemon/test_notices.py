"""What a person is told, and answers with one press: once for each thing, for as long as it is so (P11)."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from tests.support.bench import Bench
from tests.support.engine import connected
from tests.support.project import a_project

from connectord.control import NewsKind
from connectord.control.models import Approval, ConnectorState, ProjectState
from connectord.daemon.hosts import LONG
from connectord.daemon.notices import SAME_AGAIN
from connectord.emulator.faults import Fault
from connectord.emulator.state import ConnectionStatus
from connectord.notify import Action
from connectord.settings import ProjectSettings, Settings
from connectord.sync import Trigger


def titles(bench: Bench) -> list[str]:
    """Everything that the person was ever told, in all lives."""
    return [notice.title for notice in bench.machine.notices]


def on_show(bench: Bench) -> list[str]:
    return [notice.title for notice in bench.running.life.on_show.values()]


def lines(bench: Bench) -> list[str]:
    """The lines that stand for a notice in terminal and log, in all lives."""
    news = (news for life in bench.machine.past for news in life.news)
    return [one.message for one in news if one.event is NewsKind.NOTICE]


def waits_for_slack(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.machine.time.pass_(0.1)


def has_slack(bench: Bench) -> None:
    """Pushed, consented to, and nothing to tell."""
    waits_for_slack(bench)
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert on_show(bench) == []


def refuse(bench: Bench) -> None:
    """A person says no to the one link that is open, and that is noticed."""
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.emulator.world.integrations.deny(consent)
    bench.pass_(5.0)


NEEDS = "slack needs your authorization (shop)"


# Consents


def test_a_new_connector_is_told_once_and_withdrawn_when_the_consent_arrives(bench: Bench) -> None:
    waits_for_slack(bench)
    assert on_show(bench) == [NEEDS]
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert (titles(bench), on_show(bench)) == ([NEEDS], [])


def test_p11_what_one_push_brings_is_one_notice_and_one_batch_of_lines(bench: Bench) -> None:
    names = ("github", "gmail", "linear", "notion", "slack")
    for name in names:
        bench.save("read", name=name)
    bench.add()
    bench.wait()
    bench.machine.time.pass_(0.1)
    assert titles(bench) == ["github, gmail, linear, notion, slack need your authorization (shop)"]
    assert len(lines(bench)) == 1 + len(names)


def test_a_later_one_is_told_with_those_that_are_still_open_and_its_line_is_about_it_alone(bench: Bench) -> None:
    waits_for_slack(bench)
    bench.save("read", name="notion")
    bench.pass_(2.0)
    assert titles(bench) == [NEEDS, "notion, slack need your authorization (shop)"]
    assert on_show(bench) == ["notion, slack need your authorization (shop)"]
    assert [line for line in lines(bench) if not line.startswith("  ")] == [
        f"{NEEDS}:",
        "notion needs your authorization (shop):",
    ]


def test_p11_a_batch_of_which_some_are_consented_to_is_not_told_again(bench: Bench) -> None:
    bench.save("read", name="notion")
    waits_for_slack(bench)
    bench.allow_one("notion")
    bench.pass_(5.0)
    assert titles(bench) == ["notion, slack need your authorization (shop)"]


def test_what_was_not_authorized_in_time_is_told_as_one_in_place_of_what_waited(bench: Bench) -> None:
    bench.save("read", name="notion")
    waits_for_slack(bench)
    bench.pass_(130.0)
    assert on_show(bench) == ["notion, slack were not authorized in time (shop)"]
    bench.pass_(3600.0)
    assert len(titles(bench)) == 2


def test_a_refused_consent_is_told_once(bench: Bench) -> None:
    waits_for_slack(bench)
    refuse(bench)
    bench.restart()
    bench.pass_(600.0)
    assert titles(bench) == [NEEDS, "The authorization of slack was refused (shop)"]


def test_a_fresh_link_that_is_refused_too_is_told_again(bench: Bench) -> None:
    waits_for_slack(bench)
    refuse(bench)
    bench.running.life.press(Action.AUTHORIZE)
    bench.pass_(2.0)
    refuse(bench)
    assert titles(bench).count("The authorization of slack was refused (shop)") == 2


def test_new_scopes_are_another_thing_to_consent_to(bench: Bench) -> None:
    waits_for_slack(bench)
    bench.save("read", "write")
    bench.pass_(2.0)
    assert (titles(bench), on_show(bench)) == ([NEEDS, NEEDS], [NEEDS])


def test_a_file_that_goes_takes_its_notice_with_it(bench: Bench) -> None:
    waits_for_slack(bench)
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(20.0)
    bench.pass_(1.0)
    assert (titles(bench), on_show(bench)) == ([NEEDS], [])


def test_a_project_that_is_removed_takes_its_notices_with_it(bench: Bench) -> None:
    waits_for_slack(bench)
    bench.ask(bench.face.remove_project(bench.root))
    bench.machine.time.pass_(1.0)
    assert (on_show(bench), bench.running.life.store.noticed(str(bench.root))) == ([], ())


def test_a_consent_that_covers_less_is_told_and_one_that_covers_all_is_not(bench: Bench) -> None:
    bench.save("read", "write")
    bench.add()
    bench.wait()
    (consent,) = bench.emulator.world.integrations.open_consents()
    bench.emulator.world.integrations.allow(replace(consent, scopes=("read",)))
    bench.pass_(5.0)
    assert on_show(bench) == ["slack: Added, but 1 of 2 scopes was not granted (shop)"]


def test_p11_that_a_consent_arrived_is_told_to_who_wants_to_hear_everything(bench: Bench) -> None:
    bench.machine.settings = Settings(notify_level="all")
    bench.restart()
    waits_for_slack(bench)
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert on_show(bench) == ["slack is authorized (shop)"]


def test_a_project_with_a_level_of_its_own_is_not_told_of(bench: Bench) -> None:
    bench.machine.settings = Settings(projects={str(bench.root): ProjectSettings(notify_level="none")})
    bench.restart()
    waits_for_slack(bench)
    assert (titles(bench), lines(bench)[0]) == ([], f"{NEEDS}:")


# Restarts


@pytest.mark.parametrize("writes", range(12))
def test_p9_wherever_it_is_killed_nothing_is_told_twice(bench: Bench, writes: int) -> None:
    bench.add()
    bench.save("read")
    bench.running.life.writes_left = writes
    bench.pass_(2.0)
    bench.restart()
    bench.pass_(2.0)
    bench.restart()
    bench.pass_(5.0)
    assert len(titles(bench)) <= 1
    assert lines(bench).count(f"{NEEDS}:") <= 1
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION
    assert bench.slack.authorize_url is not None


def test_what_quiet_hours_held_back_is_shown_after_a_restart_and_has_one_line(bench: Bench) -> None:
    bench.running.life.night = True
    waits_for_slack(bench)
    bench.restart()
    bench.pass_(1.0)
    assert (on_show(bench), lines(bench).count(f"{NEEDS}:")) == ([NEEDS], 1)


def test_p11_after_a_restart_nothing_is_repeated_while_it_is_not_known_yet(bench: Bench) -> None:
    has_slack(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    assert on_show(bench) == ["The connection of slack no longer works (shop)"]
    bench.machine.network.up = False
    bench.restart()
    bench.pass_(SAME_AGAIN + 60.0)
    bench.machine.network.up = True
    bench.pass_(400.0)
    bench.rescan()
    assert titles(bench).count("The connection of slack no longer works (shop)") == 1


# What breaks


def test_a_broken_file_is_told_once_however_often_it_is_saved_broken(bench: Bench) -> None:
    bench.add()
    for text in ("{", '{"type": "slack",', "{\n\n,"):
        (bench.connectors / "slack.jsonc").write_text(text)
        bench.pass_(5.0)
    assert on_show(bench) == titles(bench) == ["slack.jsonc can't be used as it is (shop)"]
    bench.save("read")
    bench.pass_(5.0)
    assert on_show(bench) == [NEEDS]


def test_p11_a_file_that_breaks_and_is_whole_again_and_again_is_told_once_until_it_calms_down(bench: Bench) -> None:
    has_slack(bench)
    whole = (bench.connectors / "slack.jsonc").read_text()
    for _ in range(5):
        (bench.connectors / "slack.jsonc").write_text("{")
        bench.pass_(60.0)
        (bench.connectors / "slack.jsonc").write_text(whole)
        bench.pass_(60.0)
    assert len(titles(bench)) == 2
    bench.pass_(SAME_AGAIN)
    (bench.connectors / "slack.jsonc").write_text("{")
    bench.pass_(5.0)
    assert len(titles(bench)) == 3


def test_a_failure_for_good_is_told_and_withdrawn_when_it_is_mended(bench: Bench) -> None:
    bench.save("read", name="share_point")
    bench.add()
    bench.wait()
    bench.machine.time.pass_(1.0)
    (notice,) = bench.machine.notices
    assert (notice.title, notice.body) == (
        "share_point could not be pushed (shop)",
        "SharePoint needs connection_config.subdomain",
    )
    (bench.connectors / "share_point.jsonc").write_text(
        '{"type": "share_point", "scopes": ["read"], "connection_config": {"subdomain": "contoso"}}'
    )
    bench.pass_(2.0)
    assert on_show(bench) == ["share_point needs your authorization (shop)"]


def test_p9_a_failure_for_good_is_told_once_though_each_try_has_another_request_id(bench: Bench) -> None:
    bench.save("read", name="asana")
    bench.add()
    bench.wait()
    bench.pass_(2.0)
    error = bench.status.connectors[0].error
    bench.restart()
    bench.wait()
    bench.pass_(2.0)
    assert error != bench.status.connectors[0].error
    assert titles(bench) == ["asana could not be pushed (shop)"]


def test_p11_a_failure_that_passes_is_nobodys_business(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.emulator.world.faults.add(Fault("set", status=503, count=12))
    bench.save("read")
    bench.add()
    bench.pass_(600.0)
    assert (titles(bench), bench.slack.state) == ([], ConnectorState.SYNCED)


def test_a_project_that_cannot_be_read_is_told_until_it_can(bench: Bench) -> None:
    has_slack(bench)
    config = bench.root / "base44" / "config.jsonc"
    text = config.read_text()
    config.write_text("{")
    bench.pass_(5.0)
    assert on_show(bench) == ["config.jsonc can't be used as it is (shop)"]
    config.write_text(text)
    bench.pass_(5.0)
    assert on_show(bench) == []


# Removals


def a_held_pair(bench: Bench) -> None:
    """Two of two connectors have lost their files at once."""
    connected(bench.emulator, {"slack": ["read"], "notion": ["read"]})
    bench.save("read", name="notion")
    bench.save("read")
    bench.add()
    bench.wait()
    for file in bench.connectors.iterdir():
        file.unlink()
    bench.pass_(30.0)
    assert on_show(bench) == ["notion, slack are kept on Base44 until you say so (shop)"]


def test_approve_removes_what_was_shown(bench: Bench) -> None:
    a_held_pair(bench)
    bench.running.life.press(Action.APPROVE)
    bench.pass_(30.0)
    assert (bench.emulator.world.state.connections[bench.emulator.app_id], on_show(bench)) == ({}, [])


def test_restore_brings_the_files_back(bench: Bench) -> None:
    a_held_pair(bench)
    bench.running.life.press(Action.RESTORE)
    bench.pass_(5.0)
    assert sorted(file.name for file in bench.connectors.iterdir()) == ["notion.jsonc", "slack.jsonc"]
    assert (len(titles(bench)), on_show(bench)) == (1, [])


def test_a_hold_that_is_approved_in_a_terminal_is_withdrawn(bench: Bench) -> None:
    a_held_pair(bench)
    holds = {hold.reason: hold.types for hold in bench.status.held}
    bench.ask(bench.face.approve(bench.root, Approval(holds=holds)))
    bench.machine.time.pass_(0.1)
    assert on_show(bench) == []


def test_p11_a_hold_is_told_once_over_restarts_and_rescans(bench: Bench) -> None:
    a_held_pair(bench)
    for _ in range(3):
        bench.restart()
        bench.pass_(1000.0)
        bench.rescan()
    assert len(titles(bench)) == 1


def test_p6_an_answer_to_a_hold_that_is_another_by_now_removes_nothing_and_says_so(bench: Bench) -> None:
    a_held_pair(bench)
    (held,) = bench.running.life.on_show.values()
    card = bench.engine.notices.card(held.subject)
    assert card is not None
    bench.engine.notices._cards[held.subject] = replace(card, marks=dict.fromkeys(card.marks, "slack"))
    bench.running.life.press(Action.APPROVE)
    bench.pass_(30.0)
    assert sorted(bench.emulator.world.state.connections[bench.emulator.app_id]) == ["notion", "slack"]
    (failed,) = (one for one in bench.running.life.news if one.event is NewsKind.ANSWER_FAILED)
    assert failed.message.startswith("Approve: The hold root-emptied is now for notion, slack. Nothing was approved.")


def a_removal_that_comes(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"], "notion": ["read"]})
    bench.save("read", name="notion")
    bench.save("read")
    bench.add()
    bench.wait()
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(1.0)
    assert on_show(bench) == ["slack will be removed from Base44 in 10 s (shop)"]


def test_keep_brings_the_file_back_and_nothing_is_removed(bench: Bench) -> None:
    a_removal_that_comes(bench)
    bench.running.life.press(Action.KEEP)
    bench.pass_(60.0)
    assert (bench.connectors / "slack.jsonc").exists()
    assert "slack" in bench.emulator.world.state.connections[bench.emulator.app_id]


def test_a_removal_that_was_announced_is_withdrawn_when_it_is_done(bench: Bench) -> None:
    a_removal_that_comes(bench)
    bench.pass_(30.0)
    assert (on_show(bench), "slack" in bench.emulator.world.state.connections[bench.emulator.app_id]) == ([], False)


def test_p12_the_notice_of_what_never_had_a_file_here_promises_none(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"], "notion": ["read"]})
    bench.machine.settings = Settings(removals="mirror")
    bench.restart()
    bench.save("read")
    bench.add()
    bench.pass_(5.0)
    (told,) = bench.running.life.on_show.values()
    assert (told.body, told.buttons) == ("It has no file here. connectord pull writes the file.", ())


def test_each_time_that_a_removal_comes_is_told(bench: Bench) -> None:
    a_removal_that_comes(bench)
    bench.save("read")
    bench.pass_(5.0)
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(1.0)
    assert titles(bench) == ["slack will be removed from Base44 in 10 s (shop)"] * 2


# Answers about consents


def test_skip_skips_and_nothing_more_is_said(bench: Bench) -> None:
    waits_for_slack(bench)
    bench.running.life.press(Action.SKIP)
    bench.pass_(600.0)
    assert (bench.slack.state, titles(bench)) == (ConnectorState.SKIPPED, [NEEDS])


def test_authorize_on_what_timed_out_asks_for_a_fresh_link_that_nobody_is_told_of(bench: Bench) -> None:
    waits_for_slack(bench)
    old = bench.slack.authorize_url
    bench.pass_(130.0)
    bench.running.life.press(Action.AUTHORIZE)
    bench.pass_(5.0)
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION
    assert bench.slack.authorize_url not in {None, old}
    assert titles(bench) == [NEEDS, "slack was not authorized in time (shop)"]
    assert bench.machine.screen.opened == [bench.slack.authorize_url]


def test_an_answer_for_a_project_that_is_gone_is_nothing_special(bench: Bench) -> None:
    waits_for_slack(bench)
    (notice,) = bench.running.life.on_show.values()
    bench.ask(bench.face.remove_project(bench.root))
    bench.running.life.on_action(Action.SKIP, notice.subject)
    bench.machine.time.pass_(1.0)
    assert not any(one.event in {NewsKind.DEFECT, NewsKind.ANSWER_FAILED} for one in bench.running.life.news)


# Base44


def signed_out(bench: Bench) -> None:
    (bench.machine.folder / "home/.base44/auth/auth.json").unlink()
    bench.save("read")
    bench.pass_(5.0)


def test_p7_signed_out_is_told_once_for_all_projects_and_withdrawn_after_a_login(bench: Bench) -> None:
    blog = a_project(bench.root.with_name("blog"), {}, app_id=bench.emulator.app_id, api_url=bench.emulator.url)
    bench.ask(bench.face.add_project(blog.root))
    bench.add()
    file = bench.machine.folder / "home/.base44/auth/auth.json"
    kept = file.with_name("kept")
    shutil.copy(file, kept)
    signed_out(bench)
    bench.save("read", name="notion")
    bench.pass_(1000.0)
    assert (bench.status.state, on_show(bench)) == (ProjectState.SIGNED_OUT, ["You are signed out of Base44"])
    shutil.copy(kept, file)
    bench.engine.retry_all()
    bench.pass_(30.0)
    assert on_show(bench) == ["notion, slack need your authorization (shop)"]


def test_p11_base44_that_is_away_for_a_while_is_nobodys_business_and_for_long_it_is_once(bench: Bench) -> None:
    has_slack(bench)
    bench.machine.network.up = False
    bench.save("read", "write")
    bench.pass_(LONG - 60.0)
    before = titles(bench)
    bench.pass_(600.0)
    bench.restart()
    bench.pass_(LONG + 60.0)
    assert [title for title in titles(bench) if title not in before] == ["Base44 has not answered for 15 minutes"]
    bench.machine.network.up = True
    bench.pass_(60.0)
    assert on_show(bench) == [NEEDS]


def test_a_connection_that_expires_is_told_once_and_withdrawn_when_it_works_again(bench: Bench) -> None:
    has_slack(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    assert on_show(bench) == ["The connection of slack no longer works (shop)"]
    for _ in range(3):
        bench.rescan()
    bench.becomes(ConnectionStatus.ACTIVE)
    assert on_show(bench) == []
    bench.becomes(ConnectionStatus.EXPIRED)
    assert titles(bench).count("The connection of slack no longer works (shop)") == 1, "it flaps"


def a_sandbox(bench: Bench) -> None:
    (bench.connectors / "stripe.jsonc").write_text('{"type": "stripe"}')
    bench.add()
    bench.wait()
    bench.machine.time.pass_(1.0)
    assert on_show(bench) == ["The Stripe sandbox is ready to claim (shop)"]


def test_a_stripe_sandbox_is_told_once_until_it_is_claimed(bench: Bench) -> None:
    a_sandbox(bench)
    bench.restart()
    for _ in range(3):
        bench.rescan()
    assert (len(titles(bench)), len(lines(bench))) == (1, 2)
    account = bench.emulator.world.payments.account(bench.emulator.app_id)
    assert account is not None
    bench.emulator.world.payments.claim(account.claim_token)
    bench.rescan()
    assert bench.status.connectors[0].claim_url is None
    assert bench.running.life.store.noticed(str(bench.root))[0].ended_at is not None


@pytest.mark.parametrize("objection", [None, "there is no display"])
def test_claim_opens_the_link_or_says_it(bench: Bench, objection: str | None) -> None:
    a_sandbox(bench)
    bench.machine.screen.objection = objection
    url = bench.status.connectors[0].claim_url
    bench.running.life.press(Action.CLAIM)
    bench.machine.time.pass_(1.0)
    said = bench.running.life.news[-1]
    assert (said.event, said.url) == (NewsKind.LINK_NOT_OPENED if objection else NewsKind.LINK_OPENED, url)
    assert bench.machine.screen.opened == ([] if objection else [url])


# What isn't known


def test_what_is_told_of_a_connector_stays_while_it_is_being_pushed(bench: Bench) -> None:
    has_slack(bench)
    bench.becomes(ConnectionStatus.EXPIRED)
    bench.emulator.world.faults.add(Fault("set", type="slack", delay=3.0, count=1))
    bench.save("read", "write")
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(1.0)
    assert bench.slack.state is ConnectorState.PUSHING
    assert on_show(bench) == ["The connection of slack no longer works (shop)"]
    bench.machine.time.pass_(5.0)
    assert on_show(bench) == [NEEDS]
