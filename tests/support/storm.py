"""Storms: real daemons that die, a real emulator that misbehaves, and what must be true when it is calm again."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.emulator import RunningEmulator
from tests.support.project import a_project
from tests.support.running import RunningDaemon, running_daemon

from connectord.control.client import Client
from connectord.control.models import ProjectStatus, WaitResult
from connectord.control.unanswered import NoDaemon
from connectord.project import Project
from connectord.sync.changes import OUTCOME_KIND

WITHIN = 25.0
BETWEEN_QUESTIONS = 0.02
QUICK = """\
authorization_poll = 0.1
half_written_patience = 0.1
backoff_first = 0.1
backoff_cap = 0.5
"""
"""Settings with which a storm is over in seconds; what is promised doesn't depend on them."""

ACCEPTED = frozenset({"synced", "needs-authorization", "provisioned"})

Line = dict[str, Any]


def until(true: Callable[[], bool], what: str | Callable[[], str], within: float = WITHIN) -> None:
    """Ask until it is so, and not so often that the asking keeps the others from their work.

    `what` says what wasn't so, at the end of the wait if it is a function.
    """
    deadline, never = time.monotonic() + within, threading.Event()
    while not true():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what() if callable(what) else what}"
        never.wait(BETWEEN_QUESTIONS)


@dataclass
class Storm:
    """One user's project on one emulator, through as many lives of the daemon as it takes."""

    emulator: RunningEmulator
    project: Project
    home: Path
    state: Path
    runtime: Path
    environ: dict[str, str]
    lives: list[RunningDaemon] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """The local API of the daemon that lives now."""
        return Client(self.runtime)

    @contextmanager
    def life(self, *before: str, **environ: str) -> Iterator[RunningDaemon]:
        """A daemon from its start to its end; whatever it said is kept in `lines`. `before` goes before its command."""
        with running_daemon(self.project.root, self.home, *before, **self.environ, **environ) as daemon:
            self.lives.append(daemon)
            yield daemon
        hear_out(daemon)

    @property
    def lines(self) -> list[Line]:
        """What the daemons of all lives said that have ended."""
        return [line for daemon in self.lives for line in daemon.heard]

    def status(self) -> ProjectStatus:
        """The project as the daemon says it is."""
        return self.client.status(self.project.root).projects[0]

    def settled(self, timeout: float = WITHIN) -> WaitResult:
        """Wait until the files as they are now are settled."""
        return self.client.wait(self.project.root, timeout=timeout)

    def until_state(self, *states: str) -> ProjectStatus:
        """Wait until the project is said to be in one of these states."""
        until(lambda: self.status().state in states, lambda: f"{states}, but {self.status()}")
        return self.status()

    def wanted(self) -> dict[str, list[str]]:
        """Type -> scopes as the files say."""
        files = sorted(self.project.connectors_dir.glob("*.jsonc"))
        found = [json.loads(file.read_text()) for file in files]
        return {one["type"]: sorted(one["scopes"]) for one in found if one["type"] != "stripe"}

    def there(self) -> dict[str, list[str]]:
        """Type -> scopes as the emulator has them."""
        return {name: sorted(scopes) for name, scopes in self.emulator.connectors().items()}

    def consent(self) -> None:
        """Press Allow for every link that asks for what the file says now."""
        wanted = self.wanted()
        newest = {one["type"]: one for one in self.emulator.state()["consents"]}
        for name, one in newest.items():
            if one["status"] == "PENDING" and sorted(one["scopes"]) == wanted.get(name):
                self.emulator.consent(self.emulator.url + one["path"])

    def consent_to_shown(self) -> None:
        """Press Allow for every link that the daemon shows: a set of a killed one's may have made another since."""
        shown = {one.authorize_url for one in self.status().connectors}
        for one in self.emulator.state()["consents"]:
            link = self.emulator.url + one["path"]
            if link in shown and one["status"] == "PENDING":
                self.emulator.consent(link)

    def sent(self, method: str) -> list[Line]:
        """The requests of this method that arrived, with the connector as `type` where the path has one."""
        return [
            {**one, "type": one["path"].rpartition("integrations/")[2]}
            for one in self.emulator.requests()
            if one["method"] == method
        ]

    def asked(self, operation: str) -> list[Line]:
        """The requests of this operation that arrived."""
        return [one for one in self.emulator.requests() if one["operation"] == operation]

    def busiest(self, seconds: float, operation: str | None = None) -> int:
        """How many requests arrived within the so many seconds that had the most.

        Of one operation; or of all but the polls, whose pace is a setting.
        """
        sent = [one for one in self.emulator.requests() if one["operation"] != "poll" or operation == "poll"]
        times = [one["time"] for one in sent if operation in (None, one["operation"])]
        return max((sum(1 for at in times if first <= at < first + seconds) for first in times), default=0)

    def check_the_end(self) -> None:
        """What must be true whenever all is calm."""
        assert self.there() == self.wanted()
        assert self.sent("DELETE") == []
        links = [line["url"] for line in self.lines if line["event"] == "notice" and line.get("url")]
        assert sorted(links) == sorted(set(links)), "somebody was told twice"
        assert self.database_check() == "ok"

    def repeated_sets(self) -> list[Line]:
        """Sets that nothing but a defect explains: equal to the one before, and that one was known to be accepted.

        What was known is what the state database says. A job is written there before its first request, and an
        outcome together with base. A daemon that dies in between can't know whether its set took effect, so the
        next one must send it again (at least once): one repetition for one kill. So each job sends a connector once,
        and sends what was sent last only where the job before it left no accepted outcome.
        """
        with closing(sqlite3.connect(self.state / "state.db")) as connection:
            jobs = connection.execute("SELECT id, types, started_at FROM jobs ORDER BY number").fetchall()
            known = connection.execute("SELECT job, type, result FROM history WHERE kind = ?", (OUTCOME_KIND,))
            accepted = {(job, name) for job, name, result in known if result in ACCEPTED}
        begun = [(name, at, job) for job, types, at in jobs for name in json.loads(types)]
        sent = [
            (put, [job for name, at, job in begun if name == put["type"] and at <= put["time"]])
            for put in self.sent("PUT")
        ]
        return [put for index, (put, ids) in enumerate(sent) if _is_repeated(put, ids, sent[:index], accepted)]

    def database_check(self) -> str:
        """SQLite's own opinion of the state database."""
        with closing(sqlite3.connect(self.state / "state.db")) as connection:
            return str(connection.execute("PRAGMA quick_check").fetchone()[0])


def _is_repeated(
    put: Line, jobs: list[str], before: list[tuple[Line, list[str]]], accepted: set[tuple[str, str]]
) -> bool:
    """Whether a set needn't have been sent; `jobs` are those of its connector, as they were when it arrived."""
    others = [(one, theirs) for one, theirs in before if one["type"] == put["type"]]
    if not others:
        return False
    last, theirs = others[-1]
    if jobs == theirs or not theirs:
        return True
    return put["body"] == last["body"] and (jobs[-2], put["type"]) in accepted


def hear_out(daemon: RunningDaemon) -> None:
    """Take in what a dead daemon had still said."""
    while (line := daemon.lines.get(timeout=WITHIN)) is not None:
        daemon.heard.append(line)
    daemon.lines.put(None)


def dies_or_settles(storm: Storm, daemon: RunningDaemon) -> bool:
    """Wait for either; whether it died."""
    if not started(daemon):
        return True
    try:
        storm.settled()
    except NoDaemon:
        daemon.process.wait(WITHIN)
        return True
    return daemon.process.poll() is not None


def started(daemon: RunningDaemon) -> bool:
    """Wait until it says that it has begun; whether it lived to say so."""
    while (line := daemon.lines.get(timeout=WITHIN)) is not None:
        daemon.heard.append(line)
        if line["event"] == "daemon.started":
            return True
    daemon.lines.put(None)
    return False


def a_storm(
    emulator: RunningEmulator, folder: Path, home: Path, *, settings: str = QUICK, **connectors: list[str]
) -> Storm:
    """A project of a signed-in user on a fresh emulator, with a state directory of its own."""
    emulator.admin("reset")
    emulator.settings(limits=False)
    emulator.sign_in(home)
    folder.mkdir(parents=True, exist_ok=True)
    project = a_project(folder / "project", connectors, app_id=emulator.app_id, api_url=emulator.url)
    config, state = folder / "settings.toml", folder / "state"
    config.write_text(settings)
    environ = {"CONNECTORD_CONFIG": str(config), "CONNECTORD_STATE_DIR": str(state)}
    return Storm(emulator, project, home, state, Path(os.environ["CONNECTORD_RUNTIME_DIR"]), environ)
