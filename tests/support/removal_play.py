"""Plays rows together, each with a project of its own, under one real daemon: straight through, or with `kill -9`."""

from __future__ import annotations

import os
import queue
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.emulator import RunningEmulator
from tests.support.project import a_project
from tests.support.removal_rows import SENTINEL, Row, Site, Step
from tests.support.running import RunningDaemon
from tests.support.storm import Storm, started

from connectord.control.client import Client
from connectord.control.models import ProjectState, ProjectStatus

WITHIN = 20.0
"""Seconds that all rows together may take until each is where it should be."""

GRACE, LONG_GRACE = 0.5, 60.0
"""Seconds. Until a daemon is killed no grace may be over, so that one has a long one."""

MORTAL = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--") if os.geteuid() == 0 else ()
"""Root reads what is closed to everyone; this daemon doesn't."""

BASICS = "settle_cap = 1.0\nhalf_written_patience = 0.1\nbackoff_first = 0.1\nbackoff_cap = 0.5\n"

KILLS = 0.03
"""How likely a daemon is to die by chance, each time that somebody looks at what it has done."""

Look = Callable[[Row, Site], bool]
Failures = dict[str, BaseException]
"""What went wrong with which row, by its name."""


@dataclass(frozen=True)
class Stage:
    """Where a play takes place."""

    emulator: RunningEmulator
    folder: Path
    home: Path


def failures_of(
    rows: Sequence[Row], stage: Stage, *, killed: bool, chance: random.Random | None = None
) -> Mapping[str, BaseException]:
    """Play these rows side by side; what failed, by the rows' names.

    All together they have what a minute allows: 10 removals and 60 lists. `killed`: the daemon dies between what
    happens and what comes of it, and once more before that is answered; by `chance` it dies at any moment, too.
    """
    play = _Play(rows, stage, killed=killed, chance=chance)
    with ExitStack() as cleaning:
        play.prepare(cleaning)
        try:
            play.run()
        except Exception as error:  # noqa: BLE001  (the daemon's failure is that of every row)
            play.failures |= {row.name: error for row in rows if row.name not in play.failures}
        finally:
            play.close()
    return play.failures


class _Play:
    def __init__(self, rows: Sequence[Row], stage: Stage, *, killed: bool, chance: random.Random | None) -> None:
        emulator, folder, home = stage.emulator, stage.folder, stage.home
        emulator.admin("reset")
        emulator.settings(limits=False)
        emulator.sign_in(home)
        self.failures: Failures = {}
        self._emulator, self._folder, self._home, self._killed = emulator, folder, home, killed
        runtime = Path(os.environ["CONNECTORD_RUNTIME_DIR"])
        self._client = Client(runtime)
        self._sites = [(row, self._site(row, number)) for number, row in enumerate(rows)]
        self._config = folder / "settings.toml"
        environ = {"CONNECTORD_CONFIG": str(self._config), "CONNECTORD_STATE_DIR": str(folder / "state")}
        first = self._sites[0][1].project
        self._storm = Storm(emulator, first, home, folder / "state", runtime, environ)
        self._chance = chance
        self._grace = LONG_GRACE if killed else GRACE
        self._life = ExitStack()
        self._daemon: RunningDaemon

    def prepare(self, cleaning: ExitStack) -> None:
        """Set every row up; what is to be cleaned up in any case is."""
        for row, site in self._sites:
            cleaning.callback(row.cleanup, site)
            row.setup(site)

    def close(self) -> None:
        """End the daemon, if it lives."""
        self._life.close()

    def run(self) -> None:
        """The play from its first scene to its last."""
        self._begin()
        self._act()
        self._see_what_it_comes_to()
        self._say_the_word()
        if self._killed:
            self._kill()
            self._live()
            self._see_what_it_comes_to()
        self._answer()
        self._see_how_it_ends()
        self._save_once_more()
        assert self._daemon.end() == 0

    # Scenes

    def _begin(self) -> None:
        self._live()
        for _, site in self._sites:
            self._client.add_project(site.root)
        assert self._client.wait(timeout=WITHIN).settled
        for _, site in self._sites:
            site.before = site.status
            assert site.before.state is ProjectState.SYNCED, site.before
        self._emulator.forget_requests()

    def _act(self) -> None:
        self._each(lambda row: row.act)
        self._until("noticed", lambda _, site: site.before is not None and _said(site.status) != _said(site.before))
        if self._killed:
            self._kill()
        self._each(lambda row: row.soon)
        if self._killed:
            self._grace = GRACE
            self._live()

    def _see_what_it_comes_to(self) -> None:
        self._until("it goes by itself", lambda row, site: not row.goes_by_itself or _is_over(row, site))
        self._until("held", lambda row, site: row.hold is None or site.held == {row.hold: row.victims})
        self._until("waiting", lambda row, site: row.waits is None or row.waits(site))
        self._check(lambda row, site: row.goes_by_itself or site.sent("DELETE") == [], "something was removed")

    def _say_the_word(self) -> None:
        """While the project is paused: so that it is certain to be said before anything comes of it."""
        for site in (site for row, site in self._sites if row.word):
            self._client.pause(site.root)
        self._each(lambda row: row.word)

    def _answer(self) -> None:
        self._each(lambda row: row.then)
        for site in (site for row, site in self._sites if row.word):
            self._client.resume(site.root)

    def _see_how_it_ends(self) -> None:
        self._until("over", _is_over)
        self._check(lambda row, site: row.asks or _only_removals(site), "more was sent than removals")
        if not self._killed:
            self._check(lambda row, site: row.asks or bool(row.deletes) or site.requests() == [], "Base44 was asked")

    def _save_once_more(self) -> None:
        """Whatever else was to be sent is sent with this. Base says what it should: what was removed is set anew."""
        before = {row.name: len(site.sent("PUT")) for row, site in self._sites}
        self._each(lambda _: lambda it: it.put(SENTINEL))
        self._until("the save is pushed", lambda row, site: SENTINEL in site.sent("PUT")[before[row.name] :])
        self._until("settled", lambda _, site: self._client.wait(site.root, timeout=WITHIN).settled)
        self._check(_is_over, "a save brought removals")
        self._each(lambda _: _all_back)
        self._until("settled", lambda _, site: self._client.wait(site.root, timeout=WITHIN).settled)
        self._check(
            lambda row, site: (
                sorted(site.sent("PUT")[before[row.name] :]) == sorted((SENTINEL, *row.removed, *row.forgotten))
            ),
            "base isn't what Base44 has",
        )
        self._until("well", lambda row, site: not row.settled or site.status.state is ProjectState.SYNCED)
        self._check(lambda row, site: len(site.sent("DELETE")) == row.deletes, "another removal")

    # Lives of the daemon

    def _site(self, row: Row, number: int) -> Site:
        files = {name: [f"{name}:read"] for name in row.types}
        folder, app_id = self._folder / f"row{number}", f"{number:020x}aaa0"
        project = a_project(folder, files, app_id=app_id, api_url=self._emulator.url)
        site = Site(project, self._emulator, self._home, self._client, row.types)
        site.consented(*row.types, SENTINEL)
        return site

    def _live(self) -> None:
        own = [
            f'[projects."{site.root}"]\nremoval_grace = {max(self._grace, row.grace)}\n{row.settings}\n'
            for row, site in self._sites
        ]
        self._config.write_text(f"{BASICS}removal_grace = {self._grace}\n" + "\n".join(own), encoding="utf-8")
        self._life = ExitStack()
        self._daemon = self._life.enter_context(self._storm.life(*MORTAL))
        assert started(self._daemon)

    def _kill(self) -> None:
        self._daemon.process.kill()
        self._daemon.process.wait()
        self._life.close()

    # All rows that are still well

    def _well(self) -> list[tuple[Row, Site]]:
        return [(row, site) for row, site in self._sites if row.name not in self.failures]

    def _each(self, step_of: Callable[[Row], Step | None]) -> None:
        for row, site in self._well():
            step = step_of(row)
            if step is not None:
                self._tried(row, partial(_done, step, site))

    def _check(self, fits: Look, what: str) -> None:
        for row, site in self._well():
            if self._tried(row, partial(fits, row, site)) is False:
                self._fail(row, site, what)

    def _until(self, what: str, fits: Look) -> None:
        deadline = time.monotonic() + WITHIN
        left = self._well()
        while left := [(row, site) for row, site in left if self._not_yet(row, site, fits)]:
            if time.monotonic() > deadline:
                for row, site in left:
                    self._fail(row, site, f"not within {WITHIN:g} s: {what}")
                return
            self._wait()
            if self._chance is not None and self._chance.random() < KILLS:
                self._kill()
                self._live()

    def _not_yet(self, row: Row, site: Site, fits: Look) -> bool:
        return self._tried(row, partial(fits, row, site)) is False

    def _tried(self, row: Row, action: Callable[[], bool]) -> bool | None:
        try:
            return action()
        except Exception as error:  # noqa: BLE001  (a row that fails is that row's failure and no other's)
            self.failures[row.name] = error
            return None

    def _fail(self, row: Row, site: Site, what: str) -> None:
        requests = [f"{one['method']} {one['type'] or one['path']}: {one['status']}" for one in site.requests()]
        told = [entry.message for entry in self._client.history(site.root)]
        text = f"{row.name}: {what}\n{site.status}\n{requests}\ntold removed: {site.told_removed()}\n" + "\n".join(told)
        self.failures[row.name] = AssertionError(text)

    def _wait(self) -> None:
        """Until the daemon says something, or for a moment."""
        try:
            line = self._daemon.lines.get(timeout=0.1)
        except queue.Empty:
            return
        if line is None:
            self._daemon.lines.put(None)
            raise AssertionError(f"the daemon ended by itself; it said {self._daemon.heard}")
        self._daemon.heard.append(line)


def _said(status: ProjectStatus) -> tuple[object, ...]:
    """What a status says, apart from times."""
    lines = [(one.type, one.state, one.file, one.scopes) for one in status.connectors]
    return status.state, status.app_id, status.problems, [hold.reason for hold in status.held], lines


def _is_over(row: Row, site: Site) -> bool:
    """Whether what was to be removed is, nothing else was, and nothing but `still` is held."""
    told = [name for name in site.told_removed() if name not in row.forgotten]
    removed = (len(site.sent("DELETE")), told) == (row.deletes, sorted(row.removed))
    status = site.status
    busy = {"removing", "queued", "pushing", "failed", "invalid"} & {one.state.value for one in status.connectors}
    return removed and site.held == {reason: tuple(types) for reason, types in row.still.items()} and not busy


def _done(step: Step, site: Site) -> bool:
    step(site)
    return True


def _only_removals(site: Site) -> bool:
    return not site.sent("PUT") and not site.sent("POST")


def _all_back(site: Site) -> None:
    """Everything that was removed is consented to again and has its file again."""
    site.consented(*site.missing())
    site.put(*site.missing())
