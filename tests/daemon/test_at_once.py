"""`sets_at_once` and `projects_at_once`: so many requests side by side and never one more, at each API host."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.canned import SET_REPLY, CannedBase44, canned_base44
from tests.support.project import a_connector, a_project
from tests.support.running import WITHIN, RunningDaemon, environment

from connectord.project.known_types import KNOWN_TYPES

TYPES = sorted(KNOWN_TYPES - {"stripe"})
ONE_MORE = 0.3
"""Seconds in which a request too many would have come: it needs a millisecond."""


class Crowd:
    """Holds every set until as many as expected are there, and a little longer; `most` were there at once."""

    def __init__(self, base44: CannedBase44, expected: int) -> None:
        self._answer = base44.reply
        self._expected = expected
        self._changed = threading.Condition()
        self._here = self._generation = 0
        self.most = self.answered = 0

    def reply(self, method: str, path: str) -> Any:
        if method != "PUT":
            return self._answer(method, path)
        with self._changed:
            self._here += 1
            self.most = max(self.most, self._here)
            self._wait_for_the_others()
            self._here -= 1
            self.answered += 1
        return {**SET_REPLY, "already_authorized": True}

    def _wait_for_the_others(self) -> None:
        generation = self._generation
        if self._here < self._expected:
            assert self._changed.wait_for(lambda: self._generation != generation, 20), f"only {self._here} came"
        else:
            self._changed.wait_for(lambda: self._here > self._expected, ONE_MORE)
            self._generation += 1
        self._changed.notify_all()


@contextmanager
def a_crowd(expected: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Crowd, str]]:
    with canned_base44() as base44:
        crowd = Crowd(base44, expected)
        monkeypatch.setattr(base44, "reply", crowd.reply)
        yield crowd, base44.url


@contextmanager
def run(home: Path, url: str, settings: str, *roots: Path) -> Iterator[RunningDaemon]:
    (home / "settings.toml").write_text(settings)
    environ = environment(
        home, BASE44_API_URL=url, BASE44_API_KEY="b44k_test", CONNECTORD_CONFIG=str(home / "settings.toml")
    )
    command = [sys.executable, "-m", "connectord", "run", *map(str, roots)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        daemon = RunningDaemon(process)
        threading.Thread(target=daemon.read, daemon=True).start()
        try:
            yield daemon
        finally:
            daemon.end()


@pytest.mark.parametrize(("setting", "expected"), [("sets_at_once = 1", 1), ("sets_at_once = 3", 3), ("", 8)])
def test_the_sets_of_one_push_are_as_many_side_by_side_as_the_setting_says(
    setting: str, expected: int, tmp_path: Path, a_home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = expected * 3
    root = a_project(tmp_path / "shop", {name: [] for name in TYPES[:count]}).root
    with a_crowd(expected, monkeypatch) as (crowd, url), run(a_home_of_its_own, url, setting, root) as daemon:
        daemon.expect(event="push.finished")
    assert (crowd.most, crowd.answered) == (expected, count)


@pytest.mark.parametrize(("setting", "expected"), [("projects_at_once = 1", 1), ("projects_at_once = 3", 3), ("", 4)])
def test_as_many_projects_are_pushed_side_by_side_as_the_setting_says(
    setting: str, expected: int, tmp_path: Path, a_home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [a_project(tmp_path / f"shop-{number}", {"slack": []}).root for number in range(expected * 3)]
    with a_crowd(expected, monkeypatch) as (crowd, url), run(a_home_of_its_own, url, setting, *roots) as daemon:
        for _ in roots:
            daemon.expect(event="push.finished")
    assert (crowd.most, crowd.answered) == (expected, len(roots))


def test_a_host_that_never_answers_keeps_no_project_of_another_host_waiting(
    tmp_path: Path, a_home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, asked = threading.Event(), queue.Queue[str]()

    def silence(method: str, path: str) -> Any:
        asked.put(path)
        over.wait(WITHIN)
        return {}

    with canned_base44() as hanging, canned_base44() as healthy:
        monkeypatch.setattr(hanging, "reply", silence)
        healthy.sets("slack", already_authorized=True)
        stuck = [a_project(tmp_path / f"stuck-{n}", {"slack": []}, api_url=hanging.url).root for n in range(3)]
        shop = a_project(tmp_path / "shop", {"slack": []}, api_url=healthy.url)
        with run(a_home_of_its_own, "", "projects_at_once = 1", *stuck, shop.root) as daemon:
            asked.get(timeout=WITHIN)
            for scopes in (["a"], ["b"], ["c"]):
                a_connector(shop, "slack", scopes)
                daemon.expect(event="push.finished", project=str(shop.root))
            in_vain = [line for line in daemon.heard if line["event"] == "push.finished" and line["project"] in stuck]
            over.set()
    assert in_vain == []
    assert healthy.changes.count(("PUT", "external-auth/integrations/slack")) >= 3
