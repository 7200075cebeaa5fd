"""P11 over any story: what is told is true and news, each thing once; and what is true has been told."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.emulator import emulator_app, write_credentials
from tests.support.lives import Machine, Running
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import virtual_time

from connectord.authorize import AuthorizationState
from connectord.control.news import NewsKind
from connectord.daemon.topics import topics
from connectord.emulator.state import ConnectionStatus
from connectord.notify import NoticeKind
from connectord.sync import Trigger

STORM = os.environ.get("CONNECTORD_STORM") or "1"
SCALE = 40 if STORM == "full" else max(1, int(STORM))

OF_AUTHORIZATIONS = frozenset({NoticeKind.NEEDS_AUTHORIZATION, NoticeKind.TIMED_OUT, NoticeKind.AUTHORIZATION_FAILED})

types = st.sampled_from(["slack", "notion", "github"])
scopes = st.lists(st.sampled_from(["read", "write"]), min_size=1, max_size=2, unique=True)
spans = st.sampled_from([0.0, 0.5, 3.0, 15.0, 125.0, 400.0])
jumps = st.sampled_from([-86_400.0, -30.0, 45.0, 3_600.0, 86_400.0])


class Notices(RuleBasedStateMachine):
    """A person with one project, who saves, consents, refuses, skips and sleeps, on a machine that is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.time = self.around.enter_context(virtual_time())
        folder = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        self.emulator = emulator_app(limits=False)
        self.world = self.emulator.world
        token = self.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 10**7}
        write_credentials(folder / "home", pair)
        self.project = a_project(folder / "shop", {}, app_id=self.emulator.app_id, api_url=self.emulator.url)
        self.machine = Machine(folder, self.emulator, self.time)
        self.running = Running(self.machine)
        self.running.ask(self.running.life.face.add_project(self.project.root))

    def teardown(self) -> None:
        for life in self.machine.past:
            note("a life: " + "\n    ".join(f"{one.at:%H:%M:%S.%f} {one.message}" for one in life.news))
            note("told: " + "\n    ".join(notice.title for notice in life.notices))
        self.running.kill()
        self.around.close()

    # What a person does

    @rule(name=types, wanted=scopes)
    def saves(self, name: str, wanted: list[str]) -> None:
        a_connector(self.project, name, wanted)
        self.looks()

    @rule(name=types)
    def breaks(self, name: str) -> None:
        a_connector(self.project, name, '{"type": ')
        self.looks()

    @rule(name=types)
    def deletes(self, name: str) -> None:
        (self.project.connectors_dir / f"{name}.jsonc").unlink(missing_ok=True)
        self.looks()

    @rule(data=st.data(), answer=st.sampled_from(["allow", "allow", "allow", "deny", "allow less"]))
    def answers_a_link(self, data: st.DataObject, answer: str) -> None:
        if consents := sorted(self.world.integrations.open_consents(), key=lambda one: one.type):
            consent = data.draw(st.sampled_from(consents))
            if answer == "deny":
                self.world.integrations.deny(consent)
            else:
                granted = consent.scopes[:1] if answer == "allow less" else consent.scopes
                self.world.integrations.allow(replace(consent, scopes=granted))
            self.time.pass_(3.0)

    @rule(data=st.data())
    def presses(self, data: st.DataObject) -> None:
        on_show = [(notice, action) for notice in self.running.life.on_show.values() for action in notice.buttons]
        if on_show:
            notice, action = data.draw(st.sampled_from(sorted(on_show, key=lambda one: (one[0].subject, one[1]))))
            del self.running.life.on_show[notice.subject]
            self.running.life.on_action(action, notice.subject)
            self.time.pass_(1.0)

    @rule(seconds=spans)
    def waits(self, seconds: float) -> None:
        self.time.pass_(seconds)
        self.looks()

    # What happens to the machine and on Base44

    @rule(writes=st.none() | st.integers(0, 4), name=types, wanted=scopes)
    def is_killed(self, writes: int | None, name: str, wanted: list[str]) -> None:
        """At once, or at one of the next writes."""
        if writes is not None:
            self.running.life.writes_left = writes
            self.saves(name, wanted)
        self.running.kill()
        self.running = Running(self.machine)
        self.time.pass_(1.0)

    @rule(seconds=jumps)
    def the_clock_is_set(self, seconds: float) -> None:
        self.machine.clock_error += seconds

    @rule()
    def rescans(self) -> None:
        self.running.life.engine.hint_all(Trigger.RESCAN)
        self.time.pass_(5.0)

    @rule(up=st.booleans())
    def the_network_goes_or_comes(self, up: bool) -> None:
        self.machine.network.up = up
        self.time.pass_(5.0)

    @precondition(lambda self: self.world.state.connections.get(self.emulator.app_id))
    @rule(data=st.data(), status=st.sampled_from([ConnectionStatus.EXPIRED, ConnectionStatus.ACTIVE]))
    def a_connection_changes(self, data: st.DataObject, status: ConnectionStatus) -> None:
        connections = self.world.state.connections[self.emulator.app_id]
        name = data.draw(st.sampled_from(sorted(connections)))
        connections[name] = replace(connections[name], status=status)
        self.rescans()

    # What must hold

    @invariant()
    def each_link_has_one_line(self) -> None:
        news = [one for life in self.machine.past for one in life.news if one.event is NewsKind.NOTICE]
        twice = [url for url, count in Counter(one.url for one in news if one.url).items() if count > 1]
        assert not twice, twice

    @invariant()
    def each_notice_of_an_authorization_tells_of_one_that_was_never_told_to_be_so(self) -> None:
        known: set[tuple[NoticeKind, str, str]] = set()
        for life in self.machine.past:
            for notice, card in zip(life.notices, life.cards, strict=True):
                if card is not None and card.kind in OF_AUTHORIZATIONS:
                    now = {(card.kind, item, mark) for item, mark in card.marks.items()}
                    assert now - known, f"{notice.title} was told before"
                    known |= now

    @invariant()
    def each_authorization_ends_once(self) -> None:
        ended = Counter(
            one.url
            for life in self.machine.past
            for one in life.news
            if one.event is NewsKind.AUTHORIZATION_ENDED and one.url and one.result != AuthorizationState.SKIPPED.value
        )
        assert not [url for url, count in ended.items() if count > 1]

    @invariant()
    def what_is_on_show_is_true_and_what_is_true_was_told(self) -> None:
        life = self.running.life
        if life.dead:
            return
        self.time.pass_(0.01)
        standing = life.engine.notices.standing(life.engine.followed[self.project.root])
        told = {(row.kind, row.item): row for row in life.store.noticed(str(self.project.root)) if row.ended_at is None}
        now = {topic.kind: topic for topic in topics(standing)}
        kinds = {kind for kind, _ in told}
        for notice in life.on_show.values():
            # What isn't known for sure hasn't ended; what is of a host, no project says.
            assert notice.kind in kinds or notice.place != standing.place, f"{notice.title} is over"
        for topic in now.values():
            for item, mark in topic.marks.items():
                row = told.get((topic.kind, item))
                assert row is not None, f"nobody was told: {topic.about([item]).title}"
                assert row.mark == mark

    # How

    def looks(self) -> None:
        self.running.life.engine.hint_all(Trigger.SAVE)
        self.time.pass_(0.5)


TestNotices = pytest.mark.timeout(600)(Notices.TestCase)  # it computes for a while, on a busy machine for long
TestNotices.settings = settings(
    max_examples=30 * SCALE,
    stateful_step_count=30,
    deadline=None,
    derandomize=SCALE == 1,
    database=None,
    phases=(Phase.generate, Phase.shrink) if os.environ.get("CONNECTORD_SHRINK") else (Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
