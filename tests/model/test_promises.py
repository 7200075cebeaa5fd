"""Any sequence of saves, consents, faults, outages, kills and waits keeps the promises (design.md, by number)."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.model import checks
from tests.model.folder import MINE, REFUSED, Damage, Folder
from tests.support.emulator import emulator_app, write_credentials
from tests.support.lives import Machine, Running
from tests.support.project import a_project
from tests.support.virtual_time import virtual_time

from connectord.authorize import Authorization
from connectord.control.models import Approval, ConnectorState, ProjectStatus
from connectord.control.news import NewsKind
from connectord.emulator.faults import Fault, FaultBody
from connectord.emulator.state import Connection, ConnectionStatus, Consent
from connectord.notify import NoticeKind
from connectord.settings import Settings
from connectord.sync import Trigger
from connectord.sync.holds import ApprovalRefused
from connectord.sync.reconcile import base_key

STORM = os.environ.get("CONNECTORD_STORM") or "1"
SCALE = 40 if STORM == "full" else max(1, int(STORM))

APPS = ("0123456789abcdef01234567", "89abcdef0123456789abcdef")
APPS_PATH = "/apps/"
PROJECTS = ("shop", "blog")
THEIRS = ("notion", "gmail")
"""Only on Base44: somebody else's, never to be touched (P2)."""

projects = st.sampled_from([0, 0, 0, 1])
types = st.sampled_from(MINE)
plain = st.sampled_from(["slack", "github", "linear"])
scopes = st.lists(st.sampled_from(["read", "write", "restricted:all"]), max_size=2, unique=True)
WIDE = ["read", "write"]
short = st.sampled_from([0.0, 0.01, 0.06, 0.3, 1.0, 2.5, 7.0, 12.0, 130.0])
passing = st.sampled_from(
    [
        Fault(status=500, count=4),
        Fault(status=429, retry_after="30", count=2),
        Fault(status=503, carried_out=True, count=2),
        Fault(reset=True, count=3),
        Fault(reset=True, carried_out=True, count=1),
        Fault("set", status=503, count=12),
        Fault("set", delay=3.0, count=3),
        Fault("set", delay=30.0, count=2),
        Fault("stripe-install", status=502, count=8),
        Fault("list", status=403, count=1),
        Fault("poll", status=404, count=2),
        Fault(body=FaultBody.TRUNCATED, count=2),
        Fault(body=FaultBody.HTML, count=2),
        Fault(body=FaultBody.EMPTY, count=2),
    ]
)
refusals = st.sampled_from([Fault("set", status=422, count=1), Fault("stripe-install", status=422, count=1)])

SENT_SECONDS = 40.0
"""Enough for a save to be sent where nothing is in the way, behind the slowest request there is."""

RETRIED_SECONDS = 330.0
"""More than the longest backoff."""

QUIET_SECONDS = 400.0
"""More than the longest backoff, the limit of a consent and an access token's last minute."""

AN_INSTANT = 1e-6

MOST_A_SECOND = 16.0
MOST_AT_ONCE = 120
"""Bounds of P8, far above what is usual and far below what a tight loop does."""


class Promises(RuleBasedStateMachine):
    """The model is what a person knows: their files, what they were told, and what can't be."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.time = self.around.enter_context(virtual_time())
        place = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        self.emulator = emulator_app(app_ids=APPS, limits=False)
        self.world = self.emulator.world
        self.machine = Machine(place, self.emulator, self.time, Settings(authorization_poll=10.0))
        made = [
            a_project(place / name, {}, app_id=app, api_url=self.emulator.url)
            for name, app in zip(PROJECTS, APPS, strict=True)
        ]
        self.folders = [Folder(project) for project in made]
        self.signed_in = self.paused = False
        self.asked_after = 0  # so many requests had been sent when the person last said push
        self.settles = True
        self.run: Running | None = None
        self.broken: list[str] = []
        self.machine.network.witness = self._witness
        self.login()
        self.engine_begins()
        for folder in self.folders:
            self._running.ask(self._running.life.face.add_project(folder.root))

    def teardown(self) -> None:
        for life in self.machine.past:
            note("a life: " + "\n    ".join(f"{one.at:%H:%M:%S.%f} {one.message}" for one in life.news))
        if self.run is not None:
            self.run.kill()
        self.around.close()

    # What a person does

    @rule(where=projects, type=types, scopes=scopes, hinted=st.booleans())
    def saves(self, where: int, type: str, scopes: list[str], hinted: bool) -> None:
        folder = self._present(where)
        folder.save(type, scopes)
        self._changed(folder, hinted)

    @rule(where=projects, type=types, damage=st.sampled_from(Damage), hinted=st.booleans())
    def damages(self, where: int, type: str, damage: Damage, hinted: bool) -> None:
        folder = self._present(where)
        folder.damage(type, damage)
        self._changed(folder, hinted)

    @rule(where=projects, type=types, hinted=st.booleans())
    def deletes(self, where: int, type: str, hinted: bool) -> None:
        folder = self._present(where)
        folder.delete(type)
        self._changed(folder, hinted)

    @rule(where=projects, type=plain, first=scopes, second=scopes)
    def takes_it_back_during_the_push(self, where: int, type: str, first: list[str], second: list[str]) -> None:
        """What Base44 has already is saved again while something else is on its way there (P1)."""
        self._remove_obstacles()
        self.saves(where, type, first, hinted=True)
        self._pass(SENT_SECONDS)
        self.world.faults.add(Fault("set", type=type, delay=3.0, count=1))
        self.saves(where, type, second, hinted=True)
        self._pass(0.3)
        self.saves(where, type, first, hinted=True)
        self._pass(SENT_SECONDS)
        self._check_sent(where, type)

    @rule(where=projects, type=plain, kept=st.sampled_from(WIDE), slow=st.sampled_from(["list", "stripe-status"]))
    def saves_while_base44_is_asked(self, where: int, type: str, kept: str, slow: str) -> None:
        """An answer that is older than a save makes nobody else's change of it (P2)."""
        self._remove_obstacles()
        self.saves(where, type, WIDE, hinted=True)
        self._pass(SENT_SECONDS)
        links = self.world.integrations.open_consents()
        for consent in [one for one in links if (one.app_id, one.type) == (APPS[where], type)][-1:]:
            self._answer(consent, yes=True)
        self._pass(SENT_SECONDS)
        self.world.faults.add(Fault(slow, app=APPS[where], delay=3.0, count=1, carried_out=True))
        self.rescans()
        self._pass(1.0)
        self.saves(where, type, [kept], hinted=True)
        self._pass(SENT_SECONDS)
        self.rescans()
        self._pass(5.0)

    @rule(where=projects, type=plain, scopes=scopes)
    def deletes_it_during_the_push(self, where: int, type: str, scopes: list[str]) -> None:
        """A link that comes for a file that went meanwhile is shown, and ends with the file's grace (P10)."""
        self._remove_obstacles()
        self.world.faults.add(Fault("set", type=type, delay=3.0, count=1))
        self.saves(where, type, scopes, hinted=True)
        self._pass(0.3)
        self.deletes(where, type, hinted=True)
        self._pass(5.0)

    @rule(where=projects, type=plain, first=scopes, second=scopes, writes=st.sampled_from([1, 1, 1, 0, 2]))
    def is_killed_during_a_push_that_is_taken_back(
        self, where: int, type: str, first: list[str], second: list[str], writes: int
    ) -> None:
        """Base44 may have what nobody noted; the file says again what was noted last (P9)."""
        self._remove_obstacles()
        self.saves(where, type, first, hinted=True)
        self._pass(SENT_SECONDS)
        self._running.life.writes_left = writes
        self.saves(where, type, second, hinted=True)
        self._pass(0.3)
        self.is_killed(None)
        self.saves(where, type, first, hinted=False)
        self.engine_begins()
        self._pass(SENT_SECONDS)
        self._check_sent(where, type)

    @rule(where=projects, hinted=st.booleans())
    def moves_the_directory(self, where: int, hinted: bool) -> None:
        folder = self.folders[where]
        if folder.is_away:
            folder.come_back()
        else:
            folder.move_away()
        self._changed(folder, hinted)

    @rule(where=projects)
    @precondition(lambda self: self.run)
    def approves_what_is_shown(self, where: int) -> None:
        folder = self.folders[where]
        shown = {hold.reason: hold.types for hold in self._running.life.project(folder.root).held}
        if shown:
            self._running.ask(self._running.life.face.approve(folder.root, Approval(holds=shown)))
        folder.approved |= {name for types in shown.values() for name in types}

    @rule(where=projects)
    @precondition(lambda self: self.run)
    def approves_what_was_shown_once(self, where: int) -> None:
        folder = self.folders[where]
        now = {hold.reason: hold.types for hold in self._running.life.project(folder.root).held}
        if any(now.get(reason) != types for reason, types in folder.shown.items()):
            with pytest.raises(ApprovalRefused):
                self._running.ask(self._running.life.face.approve(folder.root, Approval(holds=folder.shown)))
        folder.shown = now

    @rule(where=projects)
    @precondition(lambda self: self.run)
    def restores(self, where: int) -> None:
        """The files of what waits are there again, as they were when Base44 accepted them (P6)."""
        folder = self.folders[where]
        base = self._running.life.store.base(base_key(folder.project))
        restoration = self._running.ask(self._running.life.face.restore(folder.root))
        folder.restored({one.type: list(base[one.type].scopes) for one in restoration.files})
        self._changed(folder, hinted=True)

    @rule(data=st.data(), yes=st.booleans())
    @precondition(lambda self: self.world.integrations.open_consents())
    def answers_a_link(self, data: st.DataObject, yes: bool) -> None:
        self._answer(data.draw(st.sampled_from(self.world.integrations.open_consents())), yes=yes)

    @rule(paused=st.booleans())
    @precondition(lambda self: self.run)
    def pauses_or_resumes(self, paused: bool) -> None:
        face = self._running.life.face
        self._running.ask(face.pause(None) if paused else face.resume(None))
        self.paused = paused
        self._looks_everywhere()

    @rule()
    @precondition(lambda self: self.run)
    def says_push(self) -> None:
        self.asked_after = len(self.world.journal.entries)
        self._running.ask(self._running.life.face.push(None))
        self._looks_everywhere()

    @rule()
    def login(self) -> None:
        token = self.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 3600}
        self.credentials = write_credentials(self.machine.folder / "home", pair)
        self.signed_in, self.token = True, token.access_token
        if self.run is not None:
            self.machine.time.loop.call_soon(self.run.life.engine._hinted, self.credentials)
            self._looks_everywhere()

    @rule()
    def logout(self) -> None:
        self.credentials.unlink(missing_ok=True)
        self.signed_in = False

    # What others do

    @rule(where=projects, type=st.sampled_from(THEIRS))
    def somebody_connects(self, where: int, type: str) -> None:
        self._overwrite(where, type, ["read"])

    @rule(where=projects, type=types)
    def somebody_changes_it(self, where: int, type: str) -> None:
        if type in self.world.state.connections.get(APPS[where], {}):
            self._overwrite(where, type, ["somebody:else"])
            self.folders[where].meddled.add(type)

    @rule(where=projects, type=types)
    def somebody_removes_it(self, where: int, type: str) -> None:
        if type in self.world.state.connections.get(APPS[where], {}):
            self.world.integrations.remove(APPS[where], type)
            self.folders[where].meddled.add(type)
        if type == "stripe" and APPS[where] in self.world.state.stripe:
            self.world.payments.remove(APPS[where])
            self.folders[where].meddled.add(type)

    @rule(up=st.booleans())
    def network_goes_or_comes(self, up: bool) -> None:
        self.machine.network.up = up

    @rule(fault=passing)
    def something_goes_wrong(self, fault: Fault) -> None:
        self.world.faults.add(fault)

    @rule(where=projects, type=types, scopes=scopes, fault=refusals)
    def saves_what_is_refused(self, where: int, type: str, scopes: list[str], fault: Fault) -> None:
        self.world.faults.add(fault)
        self.saves(where, type, scopes, hinted=True)

    @rule(where=projects, type=plain, scopes=scopes, fault=passing)
    def saves_into_trouble_that_passes(self, where: int, type: str, scopes: list[str], fault: Fault) -> None:
        """What failed for a while is sent once it can be, without a word or a rescan (P8)."""
        self._remove_obstacles()
        self.world.faults.add(fault)
        self.saves(where, type, scopes, hinted=True)
        self._pass(5.0)
        self.world.faults.clear()
        if self._login_is_lost():
            self.login()
        self._pass(RETRIED_SECONDS)
        self._check_sent(where, type)

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
    @precondition(lambda self: self.run)
    def is_restarted_while_links_wait(self) -> None:
        """A link outlives the process, and nothing is sent for it (P9, P10)."""
        self._remove_obstacles()
        waiting = {link.url: _path(folder, link) for folder, link in self._links() if self._waits(folder, link)}
        sets = self._sets()
        self._running.kill()
        self.run = None
        self.engine_begins()
        self._pass(3.0)
        still = {link.url for _, link in self._links()}
        assert waiting.keys() <= still, f"P10: a link was lost by a restart: {waiting}, {still}"
        again = set(waiting.values()) & set(self._sets() - sets)
        assert not again, f"P9: {again} was sent again by a restart"

    @rule()
    @precondition(lambda self: not self.run)
    def engine_begins(self) -> None:
        self.run = Running(self.machine)
        self._looks_everywhere()

    @rule()
    @precondition(lambda self: self.run)
    def rescans(self) -> None:
        self._running.life.engine.hint_all(Trigger.RESCAN)
        self._looks_everywhere()

    # What must hold once it is quiet

    @rule(then_killed=st.booleans())
    def all_comes_about_by_itself(self, then_killed: bool) -> None:
        """Nothing is in the way any more, and nobody says push (P8)."""
        self._remove_obstacles()
        self._becomes_quiet(then_killed)

    @rule(then_killed=st.booleans())
    def all_comes_about_when_asked(self, then_killed: bool) -> None:
        self._remove_obstacles()
        self.says_push()
        self._becomes_quiet(then_killed)

    def _becomes_quiet(self, then_killed: bool) -> None:
        self._pass(QUIET_SECONDS)
        for folder in self.folders:
            if not folder.unseen:
                checks.p1_base44_has_the_newest_content(folder, self.world, types=self._not_refused(folder))
        self.rescans()
        self._pass(20.0)
        for folder in self.folders:
            self._check_quiet(folder)
        if then_killed:
            self._check_p9()

    def _login_is_lost(self) -> bool:
        """Base44 has renewed it, and the answer got lost: nobody knows the new one, so a person is needed (P7)."""
        return json.loads(self.credentials.read_text())["refreshToken"] not in self.world.state.refresh_tokens

    def _remove_obstacles(self) -> None:
        self.world.faults.clear()
        self.machine.network.up = True
        if self.run is None:
            self.engine_begins()
        if not self.signed_in or self._login_is_lost():
            self.login()
        if self.paused:
            self.pauses_or_resumes(paused=False)

    def _check_sent(self, where: int, type: str) -> None:
        folder = self.folders[where]
        checks.p1_base44_has_the_newest_content(folder, self.world, types={type} & self._not_refused(folder))

    def _check_quiet(self, folder: Folder) -> None:
        status = self._running.life.project(folder.root)
        checks.p1_base44_has_the_newest_content(folder, self.world, types=self._not_refused(folder))
        checks.p12_status_is_what_is_true(folder, self.world, status, refused=self._refused(folder))
        checks.p4_what_was_deleted_is_gone_or_held(folder, self.world, status)

    def _check_p9(self) -> None:
        sets, told = self._sets(), self._notices()
        before = self._statuses()
        self._running.kill()
        self.run = None
        self.engine_begins()
        self._pass(12.0)
        again = {path for path in self._sets() - sets if not path.endswith(REFUSED)}
        if any(self._refused(folder) for folder in self.folders):
            return  # what was refused was not taken: it gets one more try at a start
        assert not again, f"P9: {again} was sent again by a restart"
        assert self._notices() == told, "P9/P11: a notice was repeated"
        assert self._states(self._statuses()) == self._states(before), "P12: a restart changed what status says"

    # What must hold always

    @invariant()
    def the_engine_lives(self) -> None:
        if self.run is not None:
            self.run.alive()
            assert not self.run.life.troubles

    @invariant()
    def p2_to_p6_nothing_is_removed_that_its_person_wants(self) -> None:
        assert not self.broken, self.broken

    @invariant()
    def p7_credentials_are_never_deleted(self) -> None:
        assert self.credentials.exists() == self.signed_in

    @invariant()
    def p2_p3_p10_p12_status_is_true_of_each_project(self) -> None:
        if self.run is None or self.run.life.dead:
            return
        for folder in self.folders:
            checks.p2_only_others_make_drift(folder, self.run.life)
            checks.p3_only_deletions_are_taken_for_deletions(folder, self.run.life)
            checks.p10_every_open_link_is_shown(folder, self.run.life)
            checks.p12_synced_means_accepted(folder, self.run.life)

    @invariant()
    def p11_at_most_one_notice_a_link(self) -> None:
        news = [news for life in self.machine.past for news in life.news if news.event is NewsKind.NOTICE]
        told = Counter(one.url for one in news if one.url)
        twice = [url for url, count in told.items() if count > 1 and "/claim/" not in url]
        assert not twice, f"P11: {twice}"

    @invariant()
    def p13_the_token_is_never_told(self) -> None:
        told = [news.message for life in self.machine.past[-1:] for news in life.news]
        assert not any(self.token in message for message in told), "P13"

    # How

    @property
    def _running(self) -> Running:
        assert self.run is not None
        return self.run

    def _present(self, where: int) -> Folder:
        folder = self.folders[where]
        if folder.is_away:
            folder.come_back()
        return folder

    def _changed(self, folder: Folder, hinted: bool) -> None:
        if self.run is None:
            return
        folder.unseen = not hinted
        if hinted:
            self.run.life.engine._hinted(folder.root)
            # Half of a person's saves are followed by another one before the first has settled.
            self._pass(0.3 if self.settles else 0.01)
            if self.settles:
                folder.seen()
            self.settles = not self.settles

    def _refused(self, folder: Folder) -> bool:
        """Whether something was refused for good since the person last said push: then it waits for the next word."""
        since = self.world.journal.entries[self.asked_after :]
        return any(entry.status == 422 and folder.project.app_id in entry.path for entry in since)

    def _links(self) -> list[tuple[Folder, Authorization]]:
        """Every link that is being watched."""
        links = self._running.life.engine.consents.authorizations.open_ones
        return [(folder, link) for folder in self.folders for link in links if link.owner.startswith(f"{folder.root} ")]

    def _waits(self, folder: Folder, link: Authorization) -> bool:
        """Whether this link is for the very content of its file, still good for a while, and nobody has answered it."""
        consent = self.world.state.consents.get(link.connection_id or "")
        lines = self._running.life.project(folder.root).connectors
        state = next((one.state for one in lines if one.type == link.type), None)
        return (
            folder.valid.get(link.type) == list(link.scopes)
            and not folder.unseen
            and state is ConnectorState.NEEDS_AUTHORIZATION
            and link.deadline - self.time.now() > 5.0
            and consent in self.world.integrations.open_consents()
        )

    def _not_refused(self, folder: Folder) -> set[str]:
        return set() if self._refused(folder) else set(MINE)

    def _states(self, statuses: list[ProjectStatus]) -> list[dict[str, ConnectorState]]:
        """What a restart must not change."""
        return [{one.type: one.state for one in status.connectors if one.type != REFUSED} for status in statuses]

    def _looks_everywhere(self) -> None:
        for folder in self.folders:
            folder.unseen = False

    def _pass(self, seconds: float) -> None:
        before = self.machine.network.attempts.total()
        self.time.pass_(seconds)
        self.time.pass_(AN_INSTANT)  # whatever was due at the very end comes to rest before anything changes
        self._see_what_is_known()
        sent = self.machine.network.attempts.total() - before
        assert sent <= MOST_AT_ONCE + MOST_A_SECOND * seconds, f"P8: {sent} requests in {seconds:g} s"

    def _witness(self, request: httpx.Request) -> None:
        """Sees each request at the moment that it is sent."""
        if request.method != "DELETE":
            return
        folder = self.folders[APPS.index(request.url.path.split("/")[3])]
        name = "stripe" if request.url.path.endswith("stripe") else request.url.path.split("/")[-2]
        base = self._running.life.store.base(base_key(folder.project))
        if (why := folder.objection(name, base)) is not None:
            self.broken.append(f"DELETE of {name}: {why}")

    def _see_what_is_known(self) -> None:
        """Which removals are over, and what the person can see held."""
        if self.run is None:
            return
        for folder in self.folders:
            folder.keep_only(self.run.life.store.base(base_key(folder.project)))
            if not self.run.life.dead:
                folder.held |= {name for hold in self.run.life.project(folder.root).held for name in hold.types}

    def _answer(self, consent: Consent, *, yes: bool) -> None:
        (self.world.integrations.allow if yes else self.world.integrations.deny)(consent)
        # An older link that is answered late brings the scopes of an older file: somebody else's doing, as it looks.
        same = [
            one.connection_id
            for one in self.world.state.consents.values()
            if (one.app_id, one.type) == (consent.app_id, consent.type)
        ]
        if same[-1] != consent.connection_id:
            self.folders[APPS.index(consent.app_id)].meddled.add(consent.type)

    def _overwrite(self, where: int, type: str, scopes: list[str]) -> None:
        new = Connection(type, ConnectionStatus.ACTIVE, tuple(scopes), frozenset(scopes), "x@y.z", "dev@example.com")
        self.world.integrations.overwrite(APPS[where], new)

    def _notices(self) -> int:
        """How many were shown. A removal that waits begins its grace anew with a start, and is told of again."""
        return sum(1 for notice in self.machine.notices if notice.kind is not NoticeKind.REMOVAL_COMING)

    def _sets(self) -> Counter[str]:
        return Counter(
            entry.path for entry in self.world.journal.entries if entry.method != "GET" and APPS_PATH in entry.path
        )

    def _statuses(self) -> list[ProjectStatus]:
        return [self._running.life.project(folder.root) for folder in self.folders]


def _path(folder: Folder, link: Authorization) -> str:
    """Where a set of this connector goes."""
    return f"/api/apps/{folder.project.app_id}/external-auth/integrations/{link.type}"


TestPromises = pytest.mark.timeout(600)(Promises.TestCase)  # it computes for a while, on a busy machine for long
TestPromises.settings = settings(
    max_examples=50 * SCALE,
    stateful_step_count=30,
    deadline=None,
    derandomize=SCALE == 1,
    database=None,
    # Shrinking a long story takes minutes, which looks like a hang: it is done on demand.
    phases=(Phase.generate, Phase.shrink) if os.environ.get("CONNECTORD_SHRINK") else (Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
