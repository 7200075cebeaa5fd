"""Whatever a person, Base44, the machine and its clock do: every link ends once, and is told of once (P10, P11)."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.support.authorize import ConsentWorld, set_the_clock_on_the_wall
from tests.support.virtual_time import VirtualTime, virtual_time

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.authorize.turns import Ask
from connectord.authorize.watch import Watch
from connectord.base44 import Base44Error, Busy, Unreachable
from connectord.base44.models import ConsentStatus

LIMIT = 120.0
LONG_ENOUGH = 600.0
"""Seconds for the last polls of all links, behind the longest Retry-After there is."""

types = st.sampled_from(["slack", "github", "gmail", "box"])
apps = st.sampled_from(["one", "two"])
which = st.integers(0, 1000)


@dataclass
class Row:
    """What is on disk of a link: its deadline is a time of day."""

    app: str
    type: str
    url: str
    deadline: float
    open: bool = True


class AnySequence(RuleBasedStateMachine):
    """Keeps rows as the daemon does: written when a link is given, opened or ends, and read by the next life."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.time: VirtualTime = self.around.enter_context(virtual_time())
        self.around.enter_context(mock.patch.object(Watch, "begin", self.begins(Watch.begin)))
        self.world = ConsentWorld(takes=0.3, error=self.meets)
        self.trouble: Base44Error | None = None
        self.wall = 1_000_000.0
        self.rows: dict[tuple[str, str], Row] = {}
        self.told: list[tuple[str, AuthorizationState]] = []
        self.overlaps: list[str] = []
        self.given: list[Row] = []
        self.life()

    def teardown(self) -> None:
        self.trouble = None
        self.time.pass_(LONG_ENOUGH)
        self.everything_ended_once()
        self.time.run(self.authorizations.__aexit__(None, None, None))
        self.around.close()

    # What happens

    @rule(app=apps, type=types, with_id=st.booleans())
    def saves(self, app: str, type: str, with_id: bool) -> None:
        row = Row(app, type, f"https://x/{len(self.given)}", self.now() + LIMIT)
        self.given.append(row)
        self.watch(row, LIMIT, with_id=with_id)
        self.rows[app, type] = row

    @rule(which=which, allow=st.booleans())
    def answers(self, which: int, allow: bool) -> None:
        """Of any link, old ones too; the first word stands."""
        if not self.given:
            return
        row = self.given[which % len(self.given)]
        if row.url in self.world.consents:
            return
        if allow:
            self.world.allow(row.app, row.type, row.url, "a")
        else:
            self.world.consents[row.url] = ConsentStatus.FAILED

    @rule(app=apps, type=types)
    def skips(self, app: str, type: str) -> None:
        self.time.run(self.soon(lambda: self.authorizations.skip(app, type)))

    @rule(app=apps, type=types)
    def deletes_the_file(self, app: str, type: str) -> None:
        self.time.run(self.soon(lambda: self.authorizations.supersede(app, type)))

    @rule(app=apps, type=types)
    def opens_the_link(self, app: str, type: str) -> None:
        async def opened() -> Authorization | None:
            return self.authorizations.opened_by_person(app, type)

        if self.time.run(opened()) is not None:
            self.rows[app, type].deadline = self.now() + LIMIT

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 7.3, 119.9, 121.0]))
    def waits(self, seconds: float) -> None:
        self.time.pass_(seconds)

    @rule(down=st.sampled_from([0.0, 10.0, 3600.0]))
    def restarts(self, down: float) -> None:
        self.time.run(self.authorizations.__aexit__(None, None, None))
        self.time.pass_(down)
        self.life()
        for row in self.rows.values():
            if row.open:
                self.watch(row, row.deadline - self.now(), with_id=True)

    @rule(by=st.sampled_from([-86_400.0, -90.0, 90.0, 86_400.0]))
    def the_clock_jumps(self, by: float) -> None:
        self.wall += by
        self.time.run(self.soon(lambda: set_the_clock_on_the_wall(by)))

    @rule(noticed=st.booleans())
    def the_machine_sleeps(self, noticed: bool) -> None:
        self.the_clock_jumps(86_400.0)
        if noticed:
            self.time.run(self.soon(self.authorizations.poll_now))

    @rule(
        trouble=st.sampled_from([None, Unreachable("no route"), Busy("slow down", status=429, retry_after=20.0)]),
    )
    def the_weather_changes(self, trouble: Base44Error | None) -> None:
        self.trouble = trouble

    # What always holds

    @invariant()
    def nothing_is_told_twice(self) -> None:
        assert max(Counter(url for url, _ in self.told).values(), default=1) == 1, self.told

    @invariant()
    def no_two_polls_of_a_link_overlap(self) -> None:
        assert not self.overlaps

    @invariant()
    def an_end_is_true(self) -> None:
        for url, state in self.told:
            if state is AuthorizationState.FAILED:
                assert self.world.consents[url] is ConsentStatus.FAILED

    @invariant()
    def what_is_open_is_watched(self) -> None:
        assert {one.url for one in self.authorizations.open_ones} == {row.url for row in self.rows.values() if row.open}

    def everything_ended_once(self) -> None:
        assert sorted(url for url, _ in self.told) == sorted(row.url for row in self.given)
        assert not any(row.open for row in self.rows.values())

    # How

    def life(self) -> None:
        self.authorizations = Authorizations(clock=self.time.now, on_end=self.note, rng=random.Random(1))
        self.time.run(self.authorizations.__aenter__())

    def now(self) -> float:
        return self.wall + self.time.now()

    def watch(self, row: Row, seconds_left: float, *, with_id: bool) -> None:
        async def opened() -> None:
            self.authorizations.open(
                self.world.app(row.app),
                owner=row.app,
                type=row.type,
                url=row.url,
                connection_id=row.url if with_id else None,
                scopes=("a",),
                seconds_left=seconds_left,
            )

        self.time.run(opened())

    def note(self, ended: Authorization) -> None:
        self.told.append((ended.url, ended.state))
        row = self.rows[ended.owner, ended.type]
        if row.url == ended.url:
            row.open = False

    def meets(self, about: str) -> Base44Error | None:
        return self.trouble

    def begins(self, begin: object) -> object:
        def checked(watch: Watch, ask: Ask, now: float) -> None:
            if watch.under_way:
                self.overlaps.append(watch.authorization.url)
            begin(watch, ask, now)  # type: ignore[operator]

        return checked

    async def soon(self, act: object) -> None:
        act()  # type: ignore[operator]


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
