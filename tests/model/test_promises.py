"""Any sequence of saves, consents, faults, outages, kills and waits keeps the promises (design.md, by number)."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.emulator import emulator_app, write_credentials
from tests.support.lives import Machine, Running
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import virtual_time

from connectord.control.models import ConnectorState, ConnectorStatus, ProjectState, ProjectStatus
from connectord.emulator.catalogue import CATALOGUE
from connectord.emulator.faults import Fault, FaultBody
from connectord.emulator.state import Connection, ConnectionStatus
from connectord.sync import Trigger

STORM = os.environ.get("CONNECTORD_STORM") or "1"
SCALE = 40 if STORM == "full" else max(1, int(STORM))

MINE = ("slack", "github", "linear", "share_point")
"""share_point is refused for good, since it wants a connection_config that no file here has."""

THEIRS = ("notion", "gmail")
"""Only on Base44: somebody else's, never to be touched (P2)."""

types = st.sampled_from(MINE)
scopes = st.lists(st.sampled_from(["read", "write", "restricted:all"]), max_size=2, unique=True)
short = st.sampled_from([0.0, 0.01, 0.06, 0.3, 1.0, 2.5, 7.0])
faults = st.sampled_from(
    [
        Fault(status=500, count=4),
        Fault(status=429, retry_after="30", count=2),
        Fault(status=503, carried_out=True, count=2),
        Fault(reset=True, count=3),
        Fault(reset=True, carried_out=True, count=1),
        Fault("set", delay=3.0, count=3),
        Fault("set", delay=30.0, count=2),
        Fault("set", status=422, count=1),
        Fault("list", status=403, count=1),
        Fault("poll", status=404, count=2),
        Fault(body=FaultBody.TRUNCATED, count=2),
        Fault(body=FaultBody.HTML, count=2),
        Fault(body=FaultBody.EMPTY, count=2),
    ]
)
QUIET_SECONDS = 400.0
"""More than the longest backoff, the limit of a consent and an access token's last minute."""

MOST_A_SECOND = 8.0
MOST_AT_ONCE = 60
"""Bounds of P8, far above what is usual and far below what a tight loop does."""


class Promises(RuleBasedStateMachine):
    """The model is what a person knows: their files, what they were told, and what can't be."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.time = self.around.enter_context(virtual_time())
        folder = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        self.emulator = emulator_app(limits=False)
        self.world = self.emulator.world
        self.machine = Machine(folder, self.emulator, self.time)
        self.project = a_project(folder / "shop", {}, app_id=self.emulator.app_id, api_url=self.emulator.url)
        self.root = self.project.root
        self.files: dict[str, list[str] | None] = {}  # None: broken
        self.meddled: set[str] = set()
        self.signed_in = False
        self.paused = False
        self.settles = True
        self.login()
        self.run: Running | None = None
        self.engine_begins()
        self._running.ask(self._running.life.engine.add_project(self.root))

    def teardown(self) -> None:
        if self.run is not None:
            self.run.kill()
        self.around.close()

    # What a person does

    @rule(type=types, scopes=scopes, hinted=st.booleans())
    def saves(self, type: str, scopes: list[str], hinted: bool) -> None:
        a_connector(self.project, type, scopes)
        self.files[type] = scopes
        self._hint(hinted)

    @rule(type=types, hinted=st.booleans())
    def saves_half_of_it(self, type: str, hinted: bool) -> None:
        a_connector(self.project, type, '{"type": ')
        self.files[type] = None
        self._hint(hinted)

    @rule(type=types, hinted=st.booleans())
    def deletes(self, type: str, hinted: bool) -> None:
        (self.project.connectors_dir / f"{type}.jsonc").unlink(missing_ok=True)
        self.files.pop(type, None)
        self._hint(hinted)

    @rule(data=st.data(), yes=st.booleans())
    @precondition(lambda self: self.world.integrations.open_consents())
    def answers_a_link(self, data: st.DataObject, yes: bool) -> None:
        consent = data.draw(st.sampled_from(self.world.integrations.open_consents()))
        (self.world.integrations.allow if yes else self.world.integrations.deny)(consent)
        # An older link that is answered late brings the scopes of an older file: somebody else's doing, as it looks.
        newest = [one for one in self.world.state.consents.values() if one.type == consent.type][-1]
        if newest is not consent:
            self.meddled.add(consent.type)

    @rule(paused=st.booleans())
    @precondition(lambda self: self.run)
    def pauses_or_resumes(self, paused: bool) -> None:
        engine = self._running.life.engine
        self._running.ask(engine.pause(None) if paused else engine.resume(None))
        self.paused = paused

    @rule()
    @precondition(lambda self: self.run)
    def says_push(self) -> None:
        self._running.ask(self._running.life.engine.push(None))

    @rule()
    def login(self) -> None:
        token = self.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 3600}
        self.credentials = write_credentials(self.machine.folder / "home", pair)
        self.signed_in = True
        if getattr(self, "run", None) is not None:
            self._running.life.engine.retry_all()

    @rule()
    def logout(self) -> None:
        self.credentials.unlink(missing_ok=True)
        self.signed_in = False

    # What others do

    @rule(type=st.sampled_from(THEIRS))
    def somebody_connects(self, type: str) -> None:
        self._overwrite(type, ["read"])

    @rule(type=types)
    def somebody_changes_it(self, type: str) -> None:
        if type in self.world.state.connections.get(self.emulator.app_id, {}):
            self._overwrite(type, ["somebody:else"])
            self.meddled.add(type)

    @rule(type=types)
    def somebody_removes_it(self, type: str) -> None:
        if type in self.world.state.connections.get(self.emulator.app_id, {}):
            self.world.integrations.remove(self.emulator.app_id, type)
            self.meddled.add(type)

    @rule(up=st.booleans())
    def network_goes_or_comes(self, up: bool) -> None:
        self.machine.network.up = up

    @rule(fault=faults)
    def something_goes_wrong(self, fault: Fault) -> None:
        self.world.faults.add(fault)

    # What happens to the process

    @rule(seconds=short)
    @precondition(lambda self: self.run)
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    @rule(writes=st.none() | st.integers(0, 6))
    @precondition(lambda self: self.run)
    def is_killed(self, writes: int | None) -> None:
        """At once, or before one of the next writes."""
        if writes is not None:
            self._running.life.writes_left = writes
            self._pass(0.3)
        self._running.kill()
        self.run = None

    @rule()
    @precondition(lambda self: not self.run)
    def engine_begins(self) -> None:
        self.run = Running(self.machine)

    @rule()
    @precondition(lambda self: self.run)
    def rescans(self) -> None:
        self._running.life.engine.hint_all(Trigger.RESCAN)

    # What must hold once it is quiet

    @rule(then_killed=st.booleans())
    def it_becomes_quiet(self, then_killed: bool) -> None:
        self.world.faults.clear()
        self.machine.network.up = True
        if self.run is None:
            self.engine_begins()
        if not self.signed_in:
            self.login()
        self.pauses_or_resumes(paused=False)
        self.says_push()
        self._pass(QUIET_SECONDS)
        self._rescan_and_pass()
        self._check_p1()
        self._check_p12()
        if then_killed:
            self._check_p9()

    def _check_p1(self) -> None:
        sent = self._last_sent()
        for name, wanted in self.files.items():
            if wanted is not None:
                assert sent.get(name) == wanted, f"P1: {name} was last sent {sent.get(name)}, the file asks {wanted}"

    def _check_p12(self) -> None:
        status = self._running.life.project(self.root)
        there = self.world.state.connections.get(self.emulator.app_id, {})
        shown = {one.type: one for one in status.connectors}
        for name, wanted in self.files.items():
            assert name in shown, f"P12: {name} has a file and no line in the status"
            self._check_connector(shown[name], wanted, there.get(name))
        theirs = {name for name in there if name in THEIRS}
        assert theirs <= set(status.untracked), "P2: an untracked one isn't reported"
        assert status.state in {ProjectState.SYNCED, ProjectState.NEEDS_ACTION}, status
        bad = [one for one in status.connectors if one.state is not ConnectorState.SYNCED]
        assert (status.state is ProjectState.SYNCED) == (not bad and not status.held), status

    def _check_connector(self, shown: ConnectorStatus, wanted: list[str] | None, there: Connection | None) -> None:
        if wanted is None:
            assert shown.state is ConnectorState.INVALID, f"P12: {shown}"
            return
        assert shown.state not in {ConnectorState.QUEUED, ConnectorState.PUSHING}, f"P8: {shown} stays on its way"
        if shown.type == "share_point":
            assert shown.state is ConnectorState.FAILED, f"P12: a refused one is shown as {shown.state}"
        elif shown.state is ConnectorState.SYNCED and shown.type not in self.meddled:
            granted = CATALOGUE[shown.type].granted(wanted)
            assert there is not None, f"P12: {shown} is not there"
            assert (there.status, set(there.scopes)) == (ConnectionStatus.ACTIVE, set(granted)), (
                f"P12: {shown}, {there}"
            )
        elif shown.type not in self.meddled:
            assert shown.state is not ConnectorState.DRIFTED, f"P2: nobody touched {shown}"

    def _check_p9(self) -> None:
        sets, told = self._sets(), len(self.machine.notices)
        before = self._running.life.project(self.root)
        self._running.kill()
        self.run = None
        self.engine_begins()
        self._pass(10.0)
        refused = {"share_point"}  # what was refused was not committed: one more try at a start
        again = [name for name in (self._sets() - sets) if name not in refused]
        assert not again, f"P9: {again} was sent again by a restart"
        assert len(self.machine.notices) == told, "P9: a notice was repeated"
        after = self._running.life.project(self.root)
        assert _states(after, refused) == _states(before, refused), "P12: a restart changed what status says"

    # What must hold always

    @invariant()
    def the_engine_lives(self) -> None:
        if self.run is not None:
            self.run.alive()
            assert not self.run.life.troubles

    @invariant()
    def p2_nothing_is_ever_removed(self) -> None:
        removals = [entry for entry in self.world.journal.entries if entry.method == "DELETE"]
        assert removals == []

    @invariant()
    def p7_credentials_are_never_deleted(self) -> None:
        assert self.credentials.exists() == self.signed_in

    @invariant()
    def p10_an_open_link_is_in_status(self) -> None:
        if self.run is None:
            return
        life = self.run.life
        status = life.project(self.root)
        shown = {one.type: one for one in status.connectors}
        for link in life.engine.consents.authorizations.open_ones:
            assert link.type in shown, f"P10: {link} has no line in {status}"
            assert shown[link.type].authorize_url == link.url, f"P10: {link} is not in {status}"

    @invariant()
    def p11_at_most_one_notice_a_link(self) -> None:
        told = Counter(link.url for notice in self.machine.notices for link in notice.links)
        assert all(count == 1 for count in told.values()), f"P11: {told}"

    # How

    @property
    def _running(self) -> Running:
        assert self.run is not None
        return self.run

    def _hint(self, hinted: bool) -> None:
        if self.run is None:
            return
        if hinted:
            self.run.life.engine._hinted(self.root)
            # Half of a person's saves are followed by another one before the first has settled.
            self._pass(0.3 if self.settles else 0.01)
            self.settles = not self.settles

    def _pass(self, seconds: float) -> None:
        before = self.machine.network.attempts.total()
        self.time.pass_(seconds)
        sent = self.machine.network.attempts.total() - before
        assert sent <= MOST_AT_ONCE + MOST_A_SECOND * seconds, f"P8: {sent} requests in {seconds:g} s"

    def _rescan_and_pass(self) -> None:
        self._running.life.engine.hint_all(Trigger.RESCAN)
        self._pass(10.0)

    def _overwrite(self, type: str, scopes: list[str]) -> None:
        new = Connection(type, ConnectionStatus.ACTIVE, tuple(scopes), frozenset(scopes), "x@y.z", "dev@example.com")
        self.world.integrations.overwrite(self.emulator.app_id, new)

    def _last_sent(self) -> dict[str, object]:
        sets = [entry for entry in self.world.journal.entries if entry.method == "PUT" and entry.status == 200]
        return {entry.path.rpartition("/")[2]: entry.body["scopes"] for entry in sets if isinstance(entry.body, dict)}

    def _sets(self) -> Counter[str]:
        sets = [entry for entry in self.world.journal.entries if entry.method == "PUT"]
        return Counter(entry.path.rpartition("/")[2] for entry in sets)


def _states(status: ProjectStatus, without: set[str]) -> dict[str, ConnectorState]:
    return {one.type: one.state for one in status.connectors if one.type not in without}


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    max_examples=100 * SCALE,
    stateful_step_count=30,
    deadline=None,
    derandomize=SCALE == 1,
    # Shrinking a long story takes minutes: a storm says what it met, the everyday run says it briefly.
    phases=tuple(Phase) if SCALE == 1 else (Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
