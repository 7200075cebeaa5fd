"""Whatever a person, git, the disk and Base44 do: a DELETE is sent only for what its person deleted (P2 to P6, P9).

The reference is tree.py: it knows who made each file vanish, and judges every DELETE at the moment that it is sent.
What the person deleted in plain circumstances must be gone in the end, so that never removing anything is no way out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.model.folder import Damage, damaged
from tests.model.scene import (
    ACCIDENTS,
    APPS,
    COMMITS,
    DIRECTORY,
    FAULTS,
    MIDDLES,
    MOVING,
    SLOW,
    TYPES,
    UNSENT,
    Accident,
    at,
    remove_anything,
    scene,
)
from tests.model.tree import By, Surroundings, Tree, Word, consented
from tests.support.emulator import emulator_app, write_credentials
from tests.support.git import Repository, in_the_middle
from tests.support.lives import Machine, Running
from tests.support.virtual_time import virtual_time

from connectord.control.models import Approval, ProjectStatus
from connectord.emulator.faults import Fault
from connectord.emulator.state import Connection, ConnectionStatus
from connectord.settings import Settings
from connectord.store import BaseEntry
from connectord.sync import Trigger
from connectord.sync.holds import ApprovalRefused

STORM = os.environ.get("CONNECTORD_STORM") or "1"
SCALE = 40 if STORM == "full" else max(1, int(STORM))

SCOPES = (["one"], ["two"], ["one", "two"])

types = st.sampled_from(TYPES)
pairs = st.lists(types, min_size=2, max_size=2, unique=True)
some = st.lists(types, min_size=1, max_size=2, unique=True)
hinted = st.sampled_from([True, True, False])
seconds = st.sampled_from([0.3, 1.0, 3.0, 6.0, 9.0, 11.0, 12.0, 15.0, 20.0, 30.0, 70.0, 400.0, 4000.0])

QUIET_SECONDS = 800.0
"""More than the slowest retry twice, and more than `GIT_LIMIT` and a rescan."""

GIT_LIMIT = 60.0
LOOKED_SECONDS = 3.0
"""After a hint, a look has come by then, even where the project points elsewhere for a moment."""

AN_INSTANT = 1e-6


class Removals(RuleBasedStateMachine):
    """The rules are what can happen; what may follow from them is in `_judge` and `rests`."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        place = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(scene(), place / "shop", symlinks=True)
        self.time = self.around.enter_context(virtual_time())
        self.emulator = emulator_app(app_ids=APPS, limits=False)
        self.world = self.emulator.world
        self.machine = Machine(place, self.emulator, self.time, Settings(git_limit=GIT_LIMIT))
        self.machine.network.witness = self._witness
        self.tree = Tree(Repository(place / "shop"))
        self.broken: list[str] = []
        self.shown: dict[str, tuple[str, ...]] = {}
        self.accident: Accident | None = None
        self.hinted = False
        self.removed_before: Counter[str] = Counter()
        self.removed_from = self.tree.key
        self.run: Running | None = None
        self._begin()

    def _begin(self) -> None:
        """Everything is connected, committed and known."""
        self.tree.repository.sh("git update-index -q --refresh")
        self.tree.begin()
        for name in TYPES:
            self._connect(name, ["one", "two"] if name == "slack" else ["one"])
        token = self.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 3600}
        write_credentials(self.machine.folder / "home", pair)
        self.begun = self.time.now()
        self.run = Running(self.machine)
        self._running.ask(self._running.life.face.add_project(self.tree.root))
        self._pass(60.0)

    def teardown(self) -> None:
        for life in self.machine.past:
            note("a life: " + "\n    ".join(f"{one.at:%H:%M:%S.%f} {one.message}" for one in life.news))
        for entry in self.world.journal.entries:
            if entry.method not in {"GET", "POST"}:
                note(f"{entry.time:.3f} {entry.method} {entry.path.rpartition('integrations/')[2]} {entry.status}")
        if self.run is not None:
            self.run.kill()
        self.around.close()

    # What the person does by hand

    @rule(name=types, wanted=st.sampled_from(SCOPES), hinted=hinted)
    def saves(self, name: str, wanted: list[str], hinted: bool) -> None:
        if self.tree.directory.is_dir():
            self._by(By.HAND, lambda: self._save(name, wanted), hinted)

    @rule(names=some, hinted=hinted)
    def deletes(self, names: list[str], hinted: bool) -> None:
        self._by(By.HAND, lambda: self._delete(names), hinted)

    @rule(name=types, seconds=seconds)
    def deletes_one_and_waits(self, name: str, seconds: float) -> None:
        self._by(By.HAND, lambda: self._delete([name]), hinted=True)
        self._pass(seconds)

    @rule(names=st.lists(types, min_size=3, max_size=6, unique=True), hinted=hinted, seconds=seconds)
    def deletes_many(self, names: list[str], hinted: bool, seconds: float) -> None:
        self._by(By.HAND, lambda: self._delete(names), hinted)
        self._pass(seconds)

    @rule(name=types, how=st.sampled_from(["git rm -q", "git rm -q --cached", "git mv -k"]), commit=st.booleans())
    def deletes_through_git(self, name: str, how: str, commit: bool) -> None:
        """What a person aims at a path is the person's doing."""
        file, to = f"{DIRECTORY}/{name}.jsonc", f" {name}.old" if "mv" in how else ""
        after = "; git commit -q -m 'Not any more'" if commit else ""
        self._by(By.HAND, lambda: self._attempt(f"{how} {file}{to}{after}"), hinted=True)

    @rule(script=st.sampled_from(COMMITS), hinted=hinted)
    def commits(self, script: str, hinted: bool) -> None:
        by = By.GIT if self.tree.busy else By.HAND
        self._by(by, lambda: self._attempt(script), hinted)

    @rule(name=types, seconds=st.sampled_from([0.3, 2.0, 8.0]))
    def deletes_and_commits(self, name: str, seconds: float) -> None:
        self.deletes_one_and_waits(name, seconds)
        self.commits(COMMITS[0], hinted=True)

    @rule()
    def makes_a_branch(self) -> None:
        """From here, which takes no file along or away."""
        script = f"git checkout -q -b new-{self.time.now():.0f}"
        if not self.tree.busy:
            self._by(By.HAND, lambda: self._attempt(script), hinted=True)

    @rule(name=types, damage=st.sampled_from(Damage), hinted=hinted)
    def damages(self, name: str, damage: Damage, hinted: bool) -> None:
        if self.tree.directory.is_dir():
            self._by(By.HAND, lambda: self._damage(name, damage), hinted)

    @rule(names=pairs, fault=st.sampled_from(SLOW))
    def one_comes_back_while_the_other_is_removed(self, names: list[str], fault: Fault) -> None:
        self.world.faults.add(fault)
        self.deletes(names, hinted=True)
        self._pass(11.0)
        if self.tree.directory.is_dir():
            for name in names:
                self._by(By.HAND, lambda name=name: self._save(name, ["one"]), hinted=True)
        self._pass(20.0)

    @rule(names=pairs, damage=st.sampled_from(Damage), first=st.booleans(), seconds=seconds)
    def deletes_beside_a_broken_one(self, names: list[str], damage: Damage, first: bool, seconds: float) -> None:
        """Whichever came first (P3)."""
        deleted, broken = names
        if not first:
            self.damages(broken, damage, hinted=True)
        self.deletes_one_and_waits(deleted, 5.0)
        if first:
            self.damages(broken, damage, hinted=True)
        self._pass(seconds)

    @rule(names=pairs, wanted=st.sampled_from(SCOPES), fault=st.sampled_from(UNSENT), seconds=seconds)
    def deletes_beside_one_that_is_not_accepted(
        self, names: list[str], wanted: list[str], fault: Fault, seconds: float
    ) -> None:
        """Every set comes first (P4)."""
        deleted, saved = names
        self.deletes_one_and_waits(deleted, 8.0)
        self.world.faults.add(fault)
        self.saves(saved, wanted, hinted=True)
        self._pass(seconds)

    @rule()
    @precondition(lambda self: None in self.tree.files.values())
    def mends(self) -> None:
        for name in [name for name, wanted in self.tree.files.items() if wanted is None]:
            self._by(By.HAND, lambda name=name: self._save(name, ["one"]), hinted=True)

    @rule(app=st.sampled_from(APPS), seconds=seconds)
    def links_to_an_app(self, app: str, seconds: float) -> None:
        place = self.tree.root / "base44/.app.jsonc"
        if place.parent.is_dir():
            self._by(By.ACCIDENT, lambda: place.write_text(f'{{ "id": "{app}" }}\n', encoding="utf-8"), hinted=True)
            self._pass(seconds)

    @rule(name=types, seconds=seconds, back=st.booleans())
    def deletes_and_links_to_another_app(self, name: str, seconds: float, back: bool) -> None:
        """Which has the same connectors, pushed from here (P5)."""
        for app in reversed(APPS):
            self.links_to_an_app(app, 15.0)
        self.deletes_one_and_waits(name, 3.0)
        self.links_to_an_app(APPS[1], 15.0)
        self.machine.network.up = not back
        if self.run is not None and self._shown():
            self.approves_what_is_shown(seconds)
        if back:
            self.links_to_an_app(APPS[0], 5.0)
            self.machine.network.up = True
            self._pass(30.0)

    @rule(mode=st.sampled_from(["tracked", "tracked", "ask", "never"]))
    def sets_the_mode(self, mode: str) -> None:
        if mode == self.machine.settings.removals:
            return
        self.machine.settings = Settings.model_validate({"git_limit": GIT_LIMIT, "removals": mode})
        self.tree.leave_doubt(self.tree.gone)
        if mode == "never":
            self.tree.held.clear()  # nothing waits for a word then
        self.is_killed(None)
        self.engine_begins()

    @rule()
    @precondition(lambda self: self.world.integrations.open_consents())
    def consents(self) -> None:
        for consent in self.world.integrations.open_consents():
            self.world.integrations.allow(consent)
        self._pass(LOOKED_SECONDS)

    # What the person says

    @rule(seconds=st.sampled_from([0.0, 0.3, 30.0]))
    @precondition(lambda self: self.run and self._shown())
    def approves_what_is_shown(self, seconds: float) -> None:
        self._approve(self._shown())
        self._pass(seconds)

    @rule()
    @precondition(lambda self: self.run and (self.shown or self._shown()))
    def approves_what_was_shown_once(self) -> None:
        """A set that is no longer the one in the hold is refused; one that still is, is as good as read now (P6)."""
        now, once = self._shown(), self.shown
        self.shown = now
        if any(set(now.get(reason, ())) != set(types) for reason, types in once.items()):
            with pytest.raises(ApprovalRefused):
                self._approve(once)
        else:
            self._approve(once)

    @rule(names=st.lists(types, min_size=3, max_size=4, unique=True), more=types)
    @precondition(lambda self: self.run)
    def a_hold_changes_after_it_was_read(self, names: list[str], more: str) -> None:
        self.deletes_many(names, hinted=True, seconds=15.0)
        self.shown = self._shown()
        self.deletes_one_and_waits(more, 15.0)
        self.approves_what_was_shown_once()
        self._pass(15.0)

    @rule(data=st.data(), seconds=st.sampled_from([0.1, 0.3, 5.0]))
    @precondition(lambda self: self.run and self._shown())
    def approves_and_one_comes_back(self, data: st.DataObject, seconds: float) -> None:
        """While Base44 can't be reached: then nothing of that set goes (P6)."""
        self.machine.network.up = False
        back = data.draw(st.sampled_from(sorted(self._shown_types())))
        self.approves_what_is_shown(seconds)
        if self.tree.directory.is_dir():
            self._by(By.HAND, lambda: self._save(back, ["one"]), hinted=True)
        self._pass(LOOKED_SECONDS)
        self.machine.network.up = True

    @rule()
    @precondition(lambda self: self.run and self.tree.gone)
    def restores(self) -> None:
        """What waits has its file again, and nothing is sent for it (P6)."""
        self.rescans()
        self._pass(LOOKED_SECONDS)
        if self.tree.key is None:
            return
        waiting, before = self._shown_types(), self.tree.directory.is_dir()
        restoration = self._running.ask(self._running.life.face.restore(self.tree.root))
        self._by(By.HAND if before else By.ACCIDENT, lambda: None, hinted=True)
        failed = {one.type for one in restoration.failures}
        assert waiting - failed <= self.tree.files.keys(), f"P6: {waiting} were to be restored"

    # What git does

    @rule(script=st.sampled_from(MOVING), seconds=seconds, hinted=hinted)
    def git_moves(self, script: str, seconds: float, hinted: bool) -> None:
        self._by(By.GIT, lambda: self._attempt(script), hinted)
        self._pass(seconds)

    @rule(there=st.sampled_from(MOVING), back=st.sampled_from(MOVING), seconds=seconds, deleted=types)
    def git_moves_around_a_deletion(self, there: str, back: str, seconds: float, deleted: str) -> None:
        self.git_moves(there, seconds, hinted=True)
        self.deletes_one_and_waits(deleted, seconds)
        self.git_moves(back, 30.0, hinted=True)

    @rule(middle=st.sampled_from(MIDDLES), seconds=st.sampled_from([0.3, 2.5, 8.0]), killed=st.booleans())
    @precondition(lambda self: self.run and self.accident is None and self._git_is_ready)
    def git_is_looked_at_in_the_middle(self, middle: tuple[str, tuple[str, str]], seconds: float, killed: bool) -> None:
        script, state = middle
        with in_the_middle(self.tree.repository, script, hook=at(*state)):
            self._by(By.GIT, lambda: None, hinted=True)
            self._pass(seconds)
            if killed:
                self.is_killed(None)
                self.engine_begins()
        self._by(By.GIT, lambda: None, hinted=True)

    @rule(name=types, seconds=st.sampled_from([0.3, 2.5, 8.0]))
    @precondition(lambda self: self.run and self.accident is None and self._git_is_ready)
    def a_stash_is_looked_at_in_the_middle(self, name: str, seconds: float) -> None:
        """Of a file that git doesn't follow: its ref moves first, then the file goes, and no log of HEAD's tells."""
        if not self.tree.files.get(name):
            return
        unfollowed = f"git rm -q --cached --ignore-unmatch {DIRECTORY}/{name}.jsonc; git commit -q --allow-empty -m x"
        self._by(By.HAND, lambda: self._attempt(unfollowed), hinted=True)
        self._pass(15.0)
        with in_the_middle(
            self.tree.repository, f"git stash push -q -u -- {DIRECTORY}", hook=at("committed", "refs/stash")
        ):
            self._by(By.GIT, lambda: None, hinted=True)
            self._pass(seconds)
        self._by(By.GIT, lambda: None, hinted=True)
        self._pass(30.0)

    @rule(wanted=st.sampled_from(SCOPES))
    @precondition(lambda self: len(self.tree.files) < len(TYPES) and self.tree.directory.is_dir())
    def saves_all(self, wanted: list[str]) -> None:
        """A person begins again with everything."""
        for name in set(TYPES) - self.tree.files.keys():
            self._by(By.HAND, lambda name=name: self._save(name, wanted), hinted=False)
        self._by(By.HAND, lambda: None, hinted=True)
        self._pass(LOOKED_SECONDS)
        self.consents()

    @rule()
    def git_is_killed_at_work(self) -> None:
        (self.tree.root / ".git/index.lock").touch()

    @rule()
    def the_lock_is_removed(self) -> None:
        (self.tree.root / ".git/index.lock").unlink(missing_ok=True)

    # What happens to the directory

    @rule(kind=st.sampled_from(ACCIDENTS), hinted=hinted, seconds=seconds)
    @precondition(lambda self: self.accident is None and self.tree.directory.is_dir())
    def an_accident_happens(self, kind: str, hinted: bool, seconds: float) -> None:
        def happens() -> None:
            self.accident = Accident(self.tree.directory, self.machine.folder / "elsewhere", kind)

        self._by(By.ACCIDENT, happens, hinted)
        self._pass(seconds)

    @rule(hinted=hinted)
    @precondition(lambda self: self.accident)
    def it_is_undone(self, hinted: bool) -> None:
        if self.accident is not None:
            self._by(By.ACCIDENT, self.accident.undo, hinted)
            self.accident = None

    @rule(kind=st.sampled_from(ACCIDENTS), seconds=seconds)
    @precondition(lambda self: self.accident is None and self.tree.is_complete)
    def an_accident_passes(self, kind: str, seconds: float) -> None:
        """The hold names every victim, and ends by itself when the files are back, without one request (P5)."""
        self._remove_obstacles()
        self._pass(QUIET_SECONDS)
        if consented(self._base()) != self._base().keys():
            return  # what nobody consented to is forgotten, and asks for a consent when it is back
        held, sent = self._shown_types(), self._sent()
        self.an_accident_happens(kind, hinted=True, seconds=max(seconds, 15.0))
        if self.machine.settings.removals != "never":
            victims = consented(self._base()) - self.tree.files.keys()
            assert self._shown_types() == victims, "P5: not every victim is named"
        self.it_is_undone(hinted=True)
        self._pass(15.0)
        assert self._shown_types() == held, "P5: a hold ends when the files are back"
        assert self._sent() == sent, "P5: an accident that passed has cost a request"

    # What others do

    @rule(name=types, wanted=st.sampled_from(SCOPES))
    def somebody_changes_it(self, name: str, wanted: list[str]) -> None:
        if name in self._there():
            self._connect(name, [*wanted, "else"])
            self.tree.meddled.add(name)
            self.tree.leave_doubt([name])

    @rule(name=types)
    def somebody_changes_it_before_it_is_deleted(self, name: str) -> None:
        self.somebody_changes_it(name, ["one"])
        self.deletes_one_and_waits(name, 15.0)

    @rule(name=types)
    def somebody_removes_it(self, name: str) -> None:
        for app in APPS:
            self.world.integrations.remove(app, name)

    @rule(name=types)
    def somebody_connects_what_is_gone(self, name: str) -> None:
        """Another person's daemon: what this machine has removed is theirs now (P2)."""
        if name not in self._there() and name not in self._base():
            self._connect(name, ["one"])

    @rule(up=st.booleans())
    def network_goes_or_comes(self, up: bool) -> None:
        self.machine.network.up = up

    @rule(fault=st.sampled_from(FAULTS))
    def something_goes_wrong(self, fault: Fault) -> None:
        self.world.faults.add(fault)

    @rule(name=types, wanted=st.sampled_from(SCOPES), script=st.sampled_from(MOVING))
    def git_takes_it_while_it_is_sent(self, name: str, wanted: list[str], script: str) -> None:
        self.world.faults.add(Fault("set", delay=25.0, count=1))
        self.saves(name, wanted, hinted=True)
        self._pass(1.0)
        self.git_moves(script, 60.0, hinted=True)

    # What happens to the process

    @rule(seconds=seconds)
    @precondition(lambda self: self.run)
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    @rule(writes=st.none() | st.integers(0, 6))
    @precondition(lambda self: self.run)
    def is_killed(self, writes: int | None) -> None:
        """At once, or before one of the next writes."""
        if self.run is None:
            return
        if writes is not None:
            self._running.life.writes_left = writes
            self._pass(0.3)
        self._running.kill()
        self.run = None

    @rule(name=types, writes=st.integers(0, 5))
    @precondition(lambda self: self.run)
    def is_killed_while_it_removes(self, name: str, writes: int) -> None:
        self.deletes_one_and_waits(name, 9.0)
        self._running.life.writes_left = writes
        self._pass(6.0)
        self.is_killed(None)
        self.engine_begins()

    @rule()
    @precondition(lambda self: not self.run)
    def engine_begins(self) -> None:
        self.begun = self.time.now()
        self.run = Running(self.machine)
        self.hinted = True
        self._pass(0.3)

    @rule()
    @precondition(lambda self: self.run)
    def rescans(self) -> None:
        self._running.life.engine.hint_all(Trigger.RESCAN)

    # What must hold

    @rule(name=types, commit=st.booleans())
    def a_plain_deletion_comes_about(self, name: str, commit: bool) -> None:
        """It is gone in the end."""
        self.rests()
        self.deletes_one_and_waits(name, 5.0)
        if commit:
            self.commits(COMMITS[0], hinted=True)
        self.rests()

    @rule()
    def rests(self) -> None:
        """Once nothing is in the way any more, what was deleted in plain circumstances is gone, and status is true."""
        self._remove_obstacles()
        self._pass(QUIET_SECONDS)
        self.rescans()
        self._pass(30.0)
        there, base, held = self._there(), self._base(), self._shown_types()
        assert held <= self.tree.gone.keys(), f"P5: {held} are held, and only {set(self.tree.gone)} are gone"
        if self.machine.settings.removals == "tracked" and self.tree.is_complete:
            plain = {name for name, how in self.tree.gone.items() if how.plain and how.key == self.tree.key}
            assert not plain & there, f"P4: {plain & there} were deleted by hand and are still there"
            assert not plain & base.keys(), f"P4: {plain & base.keys()} were deleted by hand and are still known"
        if not self.tree.busy and self.tree.key is not None:
            self.tree.settled = self.tree.is_complete

    @invariant()
    def p2_to_p6_nothing_is_removed_that_its_person_wants(self) -> None:
        assert not self.broken, self.broken

    @invariant()
    def p9_each_disappearance_is_one_removal_in_history(self) -> None:
        removed = self._count_removals()
        twice = {name for name, count in removed.items() if count > self.removed_before[name] + 1}
        assert not twice, f"P9: {twice} were removed twice"

    @invariant()
    def the_engine_lives(self) -> None:
        if self.run is not None:
            self.run.alive()
            assert not self.run.life.troubles
            assert not [one for one in self.run.life.news if one.error and "Traceback" in one.error]

    # How

    def _witness(self, request: httpx.Request) -> None:
        """Judges each DELETE at the moment that it is sent."""
        if request.method != "DELETE":
            return
        app, name = request.url.path.split("/")[3], request.url.path.split("/")[-2]
        life = self.machine.past[-1]
        around = Surroundings(
            now=self.time.now(),
            begun=self.begun,
            mode=self.machine.settings.removals,
            base=self._base(),
            held=tuple(hold.types for hold in life.project(self.tree.root).held),
            remote=self._remote(app, name),
        )
        if (why := self.tree.objection(name, app, around)) is not None:
            self.broken.append(f"DELETE of {name}: {why}")
        self.tree.sent[name] = around.now

    def _by(self, by: By, act: object, hinted: bool) -> None:
        """Let somebody do something to the files, and see what it has left."""
        assert callable(act)
        base = self._base()
        act()
        self.tree.observe(by, self.time.now(), base)
        self._count_removals()
        if hinted and self.run is not None:
            self._running.life.engine._hinted(self.tree.root)
            self.hinted = True
            self._pass(0.3)

    def _save(self, name: str, wanted: list[str]) -> None:
        file = self.tree.directory / f"{name}.jsonc"
        remove_anything(file)
        text = ", ".join(f'"{scope}"' for scope in wanted)
        file.write_text(f'{{ "type": "{name}", "scopes": [{text}] }}\n', encoding="utf-8")

    def _damage(self, name: str, damage: Damage) -> None:
        file = self.tree.directory / f"{name}.jsonc"
        remove_anything(file)
        damaged(file, damage)

    def _delete(self, names: list[str]) -> None:
        for name in names:
            if self.tree.directory.is_dir():
                remove_anything(self.tree.directory / f"{name}.jsonc")

    def _attempt(self, script: str) -> None:
        self.tree.repository.attempt(script)

    def _remove_obstacles(self) -> None:
        self.world.faults.clear()
        self.machine.network.up = True
        self.the_lock_is_removed()
        for what in ("rebase", "merge", "cherry-pick", "revert"):
            if self.tree.busy:
                self._by(By.GIT, lambda what=what: self._attempt(f"git {what} --abort"), hinted=True)
        if self.accident is not None:
            self.it_is_undone(hinted=True)
        if self.run is None:
            self.engine_begins()
        self._running.ask(self._running.life.face.push(None))

    def _approve(self, shown: dict[str, tuple[str, ...]]) -> None:
        self._running.ask(self._running.life.face.approve(self.tree.root, Approval(holds=shown)))
        key = self.tree.key
        if key is not None:
            self.tree.words += [Word(key, frozenset(types)) for types in shown.values()]

    def _pass(self, seconds: float) -> None:
        self.time.pass_(seconds + AN_INSTANT)  # so that what is due at the very end comes to rest
        if self.run is None:
            return
        if self.hinted and seconds >= LOOKED_SECONDS:
            self.hinted = False
            self.tree.seen()
        if self.tree.key is not None:
            self.tree.over(self._base())
        if not self.run.life.dead:
            lasting = (hold for hold in self._status().held if hold.reason != "git-busy")
            self.tree.held |= {name for hold in lasting for name in hold.types} - self.tree.files.keys()

    def _connect(self, name: str, wanted: list[str]) -> None:
        for app in APPS:
            granted = tuple(wanted)
            allowed = frozenset(("one", "two", *granted))
            new = Connection(name, ConnectionStatus.ACTIVE, granted, allowed, "x@y.z", "dev@example.com")
            self.world.integrations.overwrite(app, new)

    def _there(self) -> set[str]:
        key = self.tree.key
        return set(self.world.state.connections.get(key.app_id, {})) if key else set()

    def _remote(self, app: str, name: str) -> frozenset[str] | None:
        there = self.world.state.connections.get(app, {}).get(name)
        return frozenset(there.scopes) if there else None

    def _base(self) -> dict[str, BaseEntry]:
        key = self.tree.key
        return dict(self.machine.past[-1].store.base(key)) if key and self.machine.past else {}

    def _status(self) -> ProjectStatus:
        return self._running.life.project(self.tree.root)

    def _shown(self) -> dict[str, tuple[str, ...]]:
        return {hold.reason: hold.types for hold in self._status().held}

    def _shown_types(self) -> set[str]:
        return {name for types in self._shown().values() for name in types}

    def _count_removals(self) -> Counter[str]:
        """How often history says of each that it was removed; what has a file is counted from here."""
        if self.run is None or self.run.life.dead:
            return self.removed_before
        rows, key = self._running.life.store.history(self.tree.root, 10_000), self.tree.key
        removed = Counter(row.type for row in rows if row.type and row.result == "removed")
        if key != self.removed_from:
            self.removed_before, self.removed_from = removed.copy(), key
        for name in self.tree.files:
            self.removed_before[name] = removed[name]
        return removed

    def _sent(self) -> int:
        return sum(entry.method in {"PUT", "DELETE"} for entry in self.world.journal.entries)

    @property
    def _git_is_ready(self) -> bool:
        return not self.tree.busy and self.tree.place[1] != "unborn"

    @property
    def _running(self) -> Running:
        assert self.run is not None
        return self.run


TestRemovals = pytest.mark.timeout(600)(Removals.TestCase)  # it computes for a while, on a busy machine for long
TestRemovals.settings = settings(
    max_examples=30 * SCALE,
    stateful_step_count=20,
    deadline=None,
    derandomize=SCALE == 1,
    database=None,
    phases=(Phase.generate, Phase.shrink) if os.environ.get("CONNECTORD_SHRINK") else (Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
