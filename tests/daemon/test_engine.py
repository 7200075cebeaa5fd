"""The engine as its clients see it (control/face.py), with its consents and what it remembers over a restart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from tests.support.bench import Bench
from tests.support.engine import connected, requests
from tests.support.project import a_project

from connectord.authorize import Authorization
from connectord.control import News, NewsKind
from connectord.control.consent_models import ConsentState
from connectord.control.face import UnknownProject
from connectord.control.models import (
    Approval,
    ConnectorState,
    ProjectState,
    Restoration,
)
from connectord.daemon.answers import NotRestorable
from connectord.daemon.consents import caller_of
from connectord.daemon.daemon import Daemon, not_among
from connectord.daemon.history import KEPT, kept
from connectord.emulator.faults import Fault
from connectord.emulator.state import DEFAULT_API_KEY
from connectord.project import NoProject
from connectord.sync import ProjectLoop, Reading, Trigger, around


def test_a_project_that_is_added_is_looked_at_before_the_answer(bench: Bench) -> None:
    bench.save("read")
    added = bench.ask(bench.face.add_project(bench.root))
    assert (added.new, [one.type for one in added.project.connectors]) == (True, ["slack"])
    assert bench.face.roots() == (bench.root,)


def test_a_project_added_twice_is_one(bench: Bench) -> None:
    bench.add()
    again = bench.ask(bench.face.add_project(bench.root / "base44"))
    assert (again.new, bench.face.roots()) == (False, (bench.root,))


def test_a_project_added_through_a_symlink_is_the_same_one(bench: Bench) -> None:
    bench.add()
    link = bench.root.with_name("link")
    link.symlink_to(bench.root)
    again = bench.ask(bench.face.add_project(link))
    assert (again.new, len(bench.face.roots())) == (False, 1)


def test_what_is_no_project_is_refused_and_not_registered(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(NoProject):
        bench.ask(bench.face.add_project(tmp_path / "nowhere"))
    assert bench.face.roots() == ()


def test_a_removed_project_is_followed_no_more_and_base44_is_left_alone(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    sent = requests(bench.emulator)
    bench.ask(bench.face.remove_project(bench.root))
    bench.save("read", "write")
    bench.machine.time.pass_(1000)
    assert (bench.face.roots(), requests(bench.emulator)) == ((), sent)
    assert bench.engine.consents.authorizations.open_ones == ()


def test_a_removed_project_is_not_there_after_a_restart(bench: Bench) -> None:
    bench.add()
    bench.ask(bench.face.remove_project(bench.root))
    bench.restart()
    assert bench.face.roots() == ()


def test_a_project_that_is_unknown_is_refused_by_every_call(bench: Bench, tmp_path: Path) -> None:
    face = bench.face
    with pytest.raises(UnknownProject):
        face.status(tmp_path)
    for call in (face.remove_project, face.pause, face.resume, face.push):
        with pytest.raises(UnknownProject):
            bench.ask(call(tmp_path))
    with pytest.raises(UnknownProject):
        bench.ask(face.wait(tmp_path, timeout=1.0))


def test_a_paused_project_sends_nothing_and_stays_so_over_a_restart(bench: Bench) -> None:
    bench.add()
    bench.wait()
    bench.ask(bench.face.pause(bench.root))
    before = requests(bench.emulator)
    bench.save("read")
    bench.restart()
    bench.machine.time.pass_(1000)
    assert (bench.status.state, requests(bench.emulator)) == (ProjectState.PAUSED, before)


def test_a_resumed_project_sends_what_was_saved_meanwhile(bench: Bench) -> None:
    bench.add()
    bench.ask(bench.face.pause(None))
    bench.save("read")
    bench.ask(bench.face.resume(None))
    bench.wait()
    assert ("set", "slack") in requests(bench.emulator)


def test_waiting_returns_when_the_files_as_they_are_now_are_sent(bench: Bench) -> None:
    bench.add()
    bench.wait()
    bench.save("read")
    assert bench.wait().settled
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION


def test_waiting_for_all_projects_is_possible(bench: Bench) -> None:
    bench.add()
    result = bench.ask(bench.face.wait(None, timeout=60.0))
    assert (result.settled, len(result.projects)) == (True, 1)


def test_waiting_ends_when_the_time_is_up_and_says_so(bench: Bench) -> None:
    bench.machine.network.up = False
    bench.save("read")
    bench.add()
    result = bench.wait(20.0)
    assert (result.settled, result.why, result.projects[0].state) == (False, "the time was up", ProjectState.OFFLINE)


def test_waiting_outlasts_an_outage(bench: Bench) -> None:
    bench.machine.network.up = False
    bench.save("read")
    bench.add()
    bench.machine.time.loop.call_later(30, setattr, bench.machine.network, "up", True)
    assert bench.wait(60.0).settled


def test_waiting_ends_at_once_where_somebody_paused(bench: Bench) -> None:
    bench.add()
    bench.ask(bench.face.pause(None))
    assert bench.wait().why == "paused"


def test_waiting_ends_where_nobody_is_signed_in(bench: Bench) -> None:
    (bench.machine.folder / "home/.base44/auth/auth.json").unlink()
    bench.save("read")
    bench.add()
    assert bench.wait().why == "signed out"


def test_waiting_ends_where_the_app_is_closed_to_this_user(bench: Bench) -> None:
    bench.emulator.world.set_access(bench.emulator.app_id, accessible=False)
    bench.save("read")
    bench.add()
    result = bench.wait()
    assert (result.why, result.projects[0].state) == ("halted", ProjectState.HALTED)


def test_p8_what_failed_for_good_is_tried_again_by_a_word_only(bench: Bench) -> None:
    bench.emulator.world.faults.add(Fault("set", status=422, count=1))
    bench.save("read")
    bench.add()
    bench.wait()
    bench.machine.time.pass_(1000)
    refused = requests(bench.emulator).count(("set", "slack"))
    bench.ask(bench.face.push(bench.root))
    bench.wait()
    assert (refused, requests(bench.emulator).count(("set", "slack"))) == (1, 2)
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION


def test_p7_a_login_is_noticed_by_its_file(bench: Bench) -> None:
    file = bench.machine.folder / "home/.base44/auth/auth.json"
    kept_text = file.read_text()
    file.unlink()
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(1000)  # by now its own tries are minutes apart
    file.write_text(kept_text)
    bench.machine.time.loop.call_soon(bench.engine._hinted, file)
    bench.machine.time.pass_(1.0)
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION


def test_p9_what_base44_may_have_is_sent_again_where_its_file_was_taken_back_after_a_kill(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.save("read", "write")
    bench.running.life.writes_left = 1  # that it is about to be sent; not what came of it
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(1.0)
    bench.save("read")
    bench.restart()
    bench.wait()
    sets = [entry.body for entry in bench.emulator.world.journal.entries if entry.method == "PUT"]
    assert [cast("dict[str, object]", body)["scopes"] for body in sets] == [["read"], ["read", "write"], ["read"]]


def test_p10_a_link_survives_a_restart_and_is_settled_by_the_next_life(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    link = bench.slack.authorize_url
    bench.restart()
    bench.wait()
    resumed = bench.slack.authorize_url
    bench.allow()
    bench.machine.time.pass_(5.0)
    assert (link is not None, resumed, bench.slack.state) == (True, link, ConnectorState.SYNCED)
    assert requests(bench.emulator).count(("set", "slack")) == 1


def test_p11_a_link_is_told_once_over_restarts(bench: Bench) -> None:
    bench.save("read")
    bench.save("read", name="github")
    bench.add()
    bench.wait()
    bench.restart()
    bench.restart()
    bench.wait()
    assert [[link.label for link in notice.links] for notice in bench.machine.notices] == [["github", "slack"]]


def test_p11_a_link_whose_notice_was_cut_off_is_told_by_the_next_life(bench: Bench) -> None:
    bench.add()
    bench.wait()
    bench.save("read")
    bench.running.life.writes_left = 2  # the job, the outcome; not that it was finished
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(1.0)
    told = len(bench.machine.notices)
    bench.restart()
    bench.wait()
    assert (told, len(bench.machine.notices)) == (0, 1)


def test_p10_a_resumed_link_gets_what_is_left_of_its_time(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.machine.time.pass_(100.0)
    bench.restart()
    bench.machine.time.pass_(10.0)
    open_still = bench.slack.state
    bench.machine.time.pass_(15.0)
    assert (open_still, bench.slack.state) == (ConnectorState.NEEDS_AUTHORIZATION, ConnectorState.TIMED_OUT)


def test_p10_a_link_that_a_person_opens_has_its_time_anew_after_a_restart_too(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.machine.time.pass_(100.0)
    project = bench.engine.followed[bench.root].project
    assert project is not None

    async def opens() -> Authorization | None:
        return bench.engine.consents.opened_by_person(project, "slack")

    assert bench.ask(opens()) is not None
    bench.restart()
    bench.machine.time.pass_(115.0)
    open_still = bench.slack.state
    bench.machine.time.pass_(10.0)
    assert (open_still, bench.slack.state) == (ConnectorState.NEEDS_AUTHORIZATION, ConnectorState.TIMED_OUT)


def test_links_of_one_caller_share_the_limits_and_a_key_of_its_own_has_its_own(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    project = bench.engine.followed[bench.root].project
    assert project is not None
    other = replace(project, environment={"BASE44_API_KEY": "b44k_other"})
    assert caller_of(project) == caller_of(replace(project, app_id="another"))
    assert caller_of(project) != caller_of(other)


def test_a_link_is_superseded_when_its_file_goes(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    (bench.root / "base44/connectors/slack.jsonc").unlink()
    bench.wait()
    bench.machine.time.pass_(bench.machine.settings.removal_grace + 1.0)
    assert bench.engine.consents.authorizations.open_ones == ()
    assert bench.running.life.store.open_authorizations() == ()


def test_p12_a_rescan_takes_no_old_consent_for_the_one_that_new_scopes_wait_for(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.allow()
    bench.machine.time.pass_(5.0)
    bench.save("read", "write")
    bench.wait()
    bench.machine.time.pass_(bench.machine.settings.authorization_limit + 5.0)
    for _ in range(2):
        bench.engine.hint_all(Trigger.RESCAN)
        bench.machine.time.pass_(5.0)
    assert bench.slack.state is ConnectorState.TIMED_OUT


def test_a_file_that_goes_before_anybody_consented_is_forgotten_at_once_after_its_grace(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    (bench.root / "base44/connectors/slack.jsonc").unlink()
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(1.0)
    (held,) = bench.status.connectors
    bench.machine.time.pass_(bench.machine.settings.removal_grace)
    assert (held.state, held.authorize_url is not None) == (ConnectorState.REMOVING, True)
    assert (bench.status.connectors, bench.status.state) == ((), ProjectState.SYNCED)
    assert not any(news.event is NewsKind.REMOVAL_COMING for news in bench.running.life.news)


def test_p12_nothing_is_under_way_for_what_nobody_consented_to_while_the_directory_is_away(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.connectors.rename(bench.root / "away")
    bench.pass_(60.0)
    assert bench.wait().settled
    assert (bench.slack.state, bench.slack.authorize_url is not None) == (ConnectorState.HELD, True)
    assert "isn't there" in (bench.slack.error or "")


def test_p6_a_restore_ends_a_hold_without_a_request(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.allow()
    bench.pass_(20.0)
    sent = len(requests(bench.emulator))
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(60.0)
    assert [hold.reason for hold in bench.status.held] == ["root-emptied"]
    assert bench.wait().projects[0].held == bench.status.held
    restored = bench.ask(bench.face.restore(bench.root))
    assert [file.file for file in restored.files] == [str(bench.connectors / "slack.jsonc")]
    bench.wait()
    assert (bench.status.held, bench.status.state) == ((), ProjectState.SYNCED)
    assert len(requests(bench.emulator)) == sent
    assert bench.ask(bench.face.restore(bench.root)) == Restoration()
    assert [news.event for news in bench.running.life.news].count(NewsKind.RESTORED) == 1


@pytest.mark.parametrize("word", ["approve", "restore", "link"])
def test_what_is_asked_right_after_a_start_waits_for_the_first_look(
    bench: Bench, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.allow()
    bench.pass_(20.0)
    if word != "link":
        (bench.connectors / "slack.jsonc").unlink()
        bench.pass_(60.0)

    async def in_a_while(work: Callable[[], object]) -> object:
        await asyncio.sleep(0.5)
        return work()

    monkeypatch.setattr(around, "in_thread", in_a_while)  # git is asked, and the app's other folders
    bench.restart()
    assert bench.running.life.news == []
    if word == "approve":
        bench.ask(bench.face.approve(bench.root, Approval(holds={"root-emptied": ("slack",)})))
        bench.pass_(60.0)
        assert ("remove", "slack") in requests(bench.emulator)
    elif word == "restore":
        assert [one.type for one in bench.ask(bench.face.restore(bench.root)).files] == ["slack"]
    else:
        assert bench.ask(bench.face.consents.link(bench.root, "slack")).state is ConsentState.AUTHORIZED


def test_nothing_is_written_into_a_project_that_is_gone(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.root.rename(bench.root.with_name("elsewhere"))
    bench.pass_(60.0)
    with pytest.raises(NotRestorable, match="no file was written"):
        bench.ask(bench.face.restore(bench.root))
    assert not bench.root.exists()


def test_p12_a_removal_that_the_app_refuses_to_this_user_halts_the_project(bench: Bench) -> None:
    for name in ("slack", "github"):
        bench.save("read", name=name)
    bench.add()
    bench.wait()
    for consent in bench.emulator.world.integrations.open_consents():
        bench.emulator.world.integrations.allow(consent)
    bench.pass_(20.0)
    bench.emulator.world.faults.add(Fault("remove", status=403))
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(20.0)
    assert bench.wait().why == "halted"
    assert (bench.status.state, bench.slack.state) == (ProjectState.HALTED, ConnectorState.FAILED)


def test_p12_the_last_push_is_known_after_a_restart(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    before = bench.status.last_push
    bench.ask(bench.face.pause(None))
    bench.restart()
    after = bench.status.last_push
    assert before is not None
    assert after is not None
    assert (after.id, after.trigger, after.outcomes) == (before.id, before.trigger, before.outcomes)


def test_the_history_says_what_happened_newest_first(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    bench.allow()
    bench.machine.time.pass_(5.0)
    entries = bench.face.history(bench.root, limit=10, before=None)
    assert [(one.kind, one.result) for one in entries] == [
        ("authorization.ended", "added"),
        ("connector.outcome", "needs-authorization"),
    ]
    assert bench.face.history(bench.root, limit=10, before=entries[0].id) == entries[1:]


def outcomes_in_history(bench: Bench) -> list[tuple[str | None, str | None]]:
    """Of all pushes since the first one, the oldest first."""
    rows = bench.face.history(bench.root, limit=100, before=None)[::-1]
    return [(row.type, row.result) for row in rows if row.kind == "connector.outcome"]


def test_p11_offline_is_one_failure_in_the_history_and_in_the_log(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"], "github": ["read"]})
    bench.save("read")
    bench.save("read", name="github")
    bench.add()
    bench.wait()
    before = len(outcomes_in_history(bench))
    bench.machine.network.up = False
    bench.save("write")
    (bench.connectors / "github.jsonc").unlink()
    bench.pass_(200.0)
    bench.save("write", "more")
    bench.pass_(200.0)
    assert bench.machine.network.attempts["PUT"] > 50
    assert len(said(bench, NewsKind.RETRY_SCHEDULED)) <= 2
    bench.machine.network.up = True
    bench.machine.time.pass_(60.0)
    assert outcomes_in_history(bench)[before:] == [
        ("slack", "failed"),
        ("github", "held"),
        ("slack", "needs-authorization"),
        ("github", "removed"),
    ]


def test_p11_a_removal_that_finds_no_network_after_its_grace_is_one_failure_in_the_history(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"], "github": ["read"]})
    bench.save("read")
    bench.save("read", name="github")
    bench.add()
    bench.wait()
    before = len(outcomes_in_history(bench))
    (bench.connectors / "github.jsonc").unlink()
    bench.pass_(3.0)
    bench.machine.network.up = False
    bench.pass_(600.0)
    assert outcomes_in_history(bench)[before:] == [("github", "failed")]
    bench.machine.network.up = True
    bench.machine.time.pass_(60.0)
    assert outcomes_in_history(bench)[before:] == [("github", "failed"), ("github", "removed")]


def test_p7_signed_out_for_hours_is_one_failure_in_the_history_and_a_new_one_after_a_login(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.wait()
    before = len(outcomes_in_history(bench))
    credentials = bench.machine.folder / "home/.base44/auth/auth.json"
    for scope in ("write", "admin"):
        login = credentials.read_bytes()
        credentials.unlink()
        bench.save(scope)
        bench.pass_(3 * 3600.0)
        credentials.write_bytes(login)
        bench.pass_(900.0)
    ends = [result for _, result in outcomes_in_history(bench)[before:]]
    assert ends == ["failed", "needs-authorization"] * 2


def test_p12_a_restart_says_of_the_last_push_what_it_came_to_though_it_failed_as_before(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.wait()
    bench.machine.network.up = False
    bench.save("write")
    bench.pass_(600.0)
    before = bench.status.last_push
    bench.ask(bench.face.pause(None))
    bench.restart()
    after = bench.status.last_push
    assert before is not None
    assert after is not None
    assert before.outcomes == {"slack": "failed"}
    assert (after.id, after.outcomes) == (before.id, before.outcomes)


def test_stopping_is_only_a_word_to_the_daemon(bench: Bench) -> None:
    bench.face.stop()
    assert bench.engine.stopping.is_set()


@pytest.mark.parametrize("kind", list(NewsKind))
def test_only_what_happened_to_a_project_is_kept(kind: NewsKind, bench: Bench) -> None:
    news = News(at=bench.engine._in.at(), event=kind, message="so it was", project="/shop", type="slack")
    row = kept(news, Path("/shop"), 12.0)
    assert (row is not None) == (kind in KEPT)
    assert row is None or (row.at, row.project, row.kind, row.message) == (12.0, Path("/shop"), kind.value, "so it was")


def test_p2_a_project_removed_while_it_is_pushed_leaves_no_base_that_could_remove_something_later(
    bench: Bench,
) -> None:
    bench.emulator.world.faults.add(Fault("set", delay=5.0))
    bench.add()
    bench.save("chat:write")
    bench.engine.followed[bench.root].loop.hint()
    bench.machine.time.pass_(2.0)
    bench.ask(bench.face.remove_project(bench.root))
    bench.machine.time.pass_(60.0)
    assert [operation for operation, _ in requests(bench.emulator)].count("set") == 1
    assert bench.running.life.store._mirror.base == {}


def test_a_project_named_by_another_path_is_looked_after_once(tmp_path: Path) -> None:
    shop, link, other = tmp_path / "shop", tmp_path / "link", tmp_path / "other"
    shop.mkdir()
    link.symlink_to(shop)
    assert not_among([link, other], [shop]) == [other]
    assert len(not_among([shop, link], [])) == 1


def test_waiting_goes_on_while_the_project_is_turned_to_another_app(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.wait()
    other = "f" * 24
    a_project(bench.root, app_id=other, api_url=bench.emulator.url)
    bench.wait()
    assert (bench.status.app_id, bench.status.state) == (other, ProjectState.HALTED)  # no such app there


def test_p7_a_login_in_the_projects_own_env_is_noticed_at_once(bench: Bench) -> None:
    credentials = bench.machine.folder / "home/.base44/auth/auth.json"
    credentials.unlink()
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(3600.0)  # the next try is minutes away by now
    assert bench.status.state is ProjectState.SIGNED_OUT
    env = bench.root / ".env"
    env.write_text(f"{env.read_text(encoding='utf-8')}BASE44_API_KEY={DEFAULT_API_KEY}\n", encoding="utf-8")
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(3.0)
    assert bench.slack.state is ConnectorState.NEEDS_AUTHORIZATION


def test_p12_signed_out_shows_though_there_is_nothing_to_push_and_ends_with_a_login(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(30.0)
    credentials = bench.machine.folder / "home/.base44/auth/auth.json"
    login = credentials.read_bytes()
    credentials.unlink()
    bench.restart()
    bench.machine.time.pass_(5.0)
    assert bench.status.state is ProjectState.SIGNED_OUT
    assert bench.wait().why == "signed out"
    connected(bench.emulator, {"slack": ["read", "by someone else"]})
    credentials.write_bytes(login)
    bench.machine.time.loop.call_soon(bench.engine.retry_all)  # what the watched credentials file leads to
    bench.machine.time.pass_(5.0)
    assert bench.slack.state is ConnectorState.DRIFTED


def test_p12_a_logout_shows_within_seconds_though_there_is_nothing_to_push_and_sends_nothing(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(30.0)
    before = requests(bench.emulator)
    credentials = bench.machine.folder / "home/.base44/auth/auth.json"
    login = credentials.read_bytes()
    credentials.unlink()
    bench.machine.time.loop.call_soon(bench.engine.credentials_changed)
    bench.machine.time.pass_(3.0)
    signed_out, sent = bench.status.state, requests(bench.emulator)
    credentials.write_bytes(login)
    bench.machine.time.loop.call_soon(bench.engine.credentials_changed)
    bench.machine.time.pass_(3.0)
    assert (signed_out, bench.status.state) == (ProjectState.SIGNED_OUT, ProjectState.SYNCED)
    assert sent == before
    assert len(requests(bench.emulator)) == len(before) + 2  # one list, and Stripe's status
    bench.machine.time.loop.call_soon(bench.engine.credentials_changed)  # a token was renewed
    bench.machine.time.pass_(3.0)
    assert len(requests(bench.emulator)) == len(before) + 2


def test_p12_offline_shows_though_there_is_nothing_to_push_and_ends_by_itself(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(30.0)
    bench.machine.network.up = False
    bench.restart()
    bench.machine.time.pass_(120.0)
    before = bench.status.state
    bench.machine.network.up = True
    bench.machine.time.pass_(30.0)
    assert (before, bench.status.state) == (ProjectState.OFFLINE, ProjectState.SYNCED)


def test_p12_a_link_that_can_not_be_polled_shows_that_base44_is_out_of_reach_until_it_is_not(bench: Bench) -> None:
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(10.0)
    bench.machine.network.up = False
    bench.machine.time.pass_(10.0)
    before = bench.status.state
    bench.machine.network.up = True
    bench.machine.time.pass_(6.0)
    assert (before, bench.status.state) == (ProjectState.OFFLINE, ProjectState.NEEDS_ACTION)
    bench.allow()
    bench.machine.time.pass_(3.0)
    assert bench.slack.state is ConnectorState.SYNCED


def test_p12_a_sign_in_that_is_refused_shows_on_every_project_that_uses_it(bench: Bench) -> None:
    second = a_project(bench.machine.folder / "second", {}, app_id="f" * 24, api_url=bench.emulator.url).root
    own = a_project(bench.machine.folder / "own", {}, app_id="e" * 24, api_url=bench.emulator.url).root
    (own / ".env").write_text(f"BASE44_API_KEY={DEFAULT_API_KEY}\n", encoding="utf-8")
    bench.add()
    bench.ask(bench.face.add_project(second))
    bench.ask(bench.face.add_project(own))
    bench.machine.time.pass_(30.0)
    bench.emulator.world.accounts.revoke_everything()
    before = lists(bench)
    bench.save("read")
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(5.0)
    states = [bench.running.life.project(root).state for root in (bench.root, second, own)]
    assert states == [ProjectState.SIGNED_OUT, ProjectState.SIGNED_OUT, ProjectState.SYNCED]
    assert lists(bench) - before == 1  # the second's, nobody else's


def lists(bench: Bench) -> int:
    return requests(bench.emulator).count(("list", ""))


def test_p8_a_list_that_fails_for_a_passing_reason_is_asked_for_again_by_itself(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(30.0)
    bench.emulator.world.faults.add(Fault(route="list", status=429, retry_after="20", count=1))
    before = lists(bench)
    bench.restart()
    bench.machine.time.pass_(5.0)
    assert "asks to wait 20 s" in (bench.status.error or "")
    bench.machine.time.pass_(10.0)
    assert lists(bench) == before + 1
    bench.machine.time.pass_(15.0)
    assert (bench.status.error, bench.status.state) == (None, ProjectState.SYNCED)
    assert lists(bench) == before + 2


def test_p8_lists_that_fail_for_hours_grow_no_more_frequent_though_pushes_fail_beside_them(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["read"]})
    bench.save("read")
    bench.add()
    bench.machine.time.pass_(30.0)
    bench.emulator.world.faults.add(Fault(status=503))
    bench.save("write")
    bench.restart()
    before = lists(bench)
    bench.pass_(2 * 3600.0)
    # Two attempts each, for a list of its own and one beside each try of the push, which wait 150 s on the average.
    assert 50 < lists(bench) - before < 400


def a_defect_at_the_next_look(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = bench.engine.followed[bench.root]
    read = followed.loop._read

    def fail() -> Reading:
        monkeypatch.setattr(followed.loop, "_read", read)
        raise RuntimeError("a defect")

    monkeypatch.setattr(followed.loop, "_read", fail)


def said(bench: Bench, kind: NewsKind) -> list[News]:
    return [one for one in bench.running.life.news if one.event is kind]


def test_after_a_defect_what_was_waited_for_still_comes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(bench.emulator, {"slack": ["a"], "github": ["a"]})
    for name in ("slack", "github"):
        bench.save("a", name=name)
    bench.add()
    assert bench.wait().settled
    (bench.connectors / "slack.jsonc").unlink()
    bench.pass_(1.0)
    assert said(bench, NewsKind.REMOVAL_COMING)
    a_defect_at_the_next_look(bench, monkeypatch)
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(15.0)  # its grace is ten seconds, and nothing but that wakes it
    assert len(said(bench, NewsKind.DEFECT)) == 1
    assert ("remove", "slack") in requests(bench.emulator)


def test_who_waits_for_a_look_that_a_defect_ended_gets_the_next_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(bench.emulator, {"slack": ["a"]})
    bench.add()
    bench.save("a")
    a_defect_at_the_next_look(bench, monkeypatch)
    assert bench.wait().settled
    assert len(said(bench, NewsKind.DEFECT)) == 1
    assert ("set", "slack") in requests(bench.emulator)


def test_a_project_whose_name_is_not_utf_8_has_its_history(tmp_path: Path, bench: Bench) -> None:
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    root = a_project(named, {"slack": "{"}, app_id=bench.emulator.app_id, api_url=bench.emulator.url).root
    bench.ask(bench.face.add_project(root))
    bench.machine.time.pass_(5.0)
    (invalid,) = [one for one in bench.running.life.news if one.event is NewsKind.FILE_INVALID]
    daemon = Daemon((), bench.engine._in)
    daemon._engine, daemon._store = bench.engine, bench.running.life.store
    daemon._publish(invalid)
    assert [one.kind for one in bench.face.history(root, limit=10, before=None)] == [NewsKind.FILE_INVALID.value]


def test_p12_a_service_that_hangs_is_offline_after_the_first_time_out_and_its_end_ends_that(bench: Bench) -> None:
    connected(bench.emulator, {"slack": ["a"], "github": ["a"]})
    bench.add()
    bench.emulator.world.faults.add(Fault(delay=60.0))
    for name in ("slack", "github"):
        bench.save("a", name=name)
    bench.engine.hint_all(Trigger.SAVE)
    bench.machine.time.pass_(10.5)
    hanging = bench.status
    bench.emulator.world.faults.clear()
    bench.machine.time.pass_(20.0)
    assert hanging.state is ProjectState.OFFLINE
    assert "did not answer within 10 s" in (hanging.error or "")
    assert hanging.todo == "Check the network, then try again."
    assert bench.status.state is ProjectState.SYNCED


def test_a_loop_that_a_defect_ends_is_begun_again_later_and_later_and_soon_after_a_long_time_without_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float] = []

    async def run(self: ProjectLoop) -> None:
        begun.append(bench.machine.time.loop.time())
        if len(begun) == 5:
            await asyncio.sleep(1000)
        raise ValueError("a defect")

    monkeypatch.setattr(ProjectLoop, "run", run)
    bench.machine.time.loop.call_soon(bench.engine.follow, bench.root)
    bench.machine.time.pass_(1100)
    assert [round(later - earlier) for earlier, later in pairwise(begun)] == [1, 2, 4, 8, 1001, 2, 4, 8, 16, 32]
