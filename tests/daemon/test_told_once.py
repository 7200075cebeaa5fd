"""What was told stays told over restarts of a real daemon: in its lines and in the history (P8, P9, P11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.bench import Bench
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project
from tests.support.running import running_daemon

from connectord.control import NewsKind
from connectord.control.client import Client
from connectord.control.models import ProjectState
from connectord.places import runtime_dir


@pytest.fixture
def base44(tmp_path: Path) -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        emulator.sign_in(tmp_path)
        yield emulator


class Shop:
    """A project, and lives of the daemon that looks after it."""

    def __init__(self, folder: Path, base44: RunningEmulator) -> None:
        self.home = folder
        self.project = a_project(folder / "shop", {}, app_id=base44.app_id, api_url=base44.url)

    def file(self, name: str, text: str) -> None:
        (self.project.connectors_dir / f"{name}.jsonc").write_text(text)

    def live(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Start the daemon, let everything settle, end it: what it said, and the history until then, oldest first."""
        with running_daemon(self.project.root, self.home) as daemon:
            daemon.expect(event="daemon.started")
            client = Client(runtime_dir())
            client.wait(self.project.root, timeout=20.0)
            client.push(self.project.root)
            client.wait(self.project.root, timeout=20.0)
            history = [row.message for row in reversed(client.history(self.project.root))]
            assert daemon.end() == 0
            return daemon.heard + daemon.rest(), history


def lines(said: list[dict[str, Any]], event: str) -> list[str]:
    return [line["message"] for line in said if line["event"] == event]


def test_p11_a_refused_connector_is_told_and_recorded_once_over_restarts_and_again_when_it_changes(
    base44: RunningEmulator, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, base44)
    base44.fault(route="set", status=400)
    shop.file("slack", '{"type": "slack", "scopes": ["a"]}')
    said, history = shop.live()
    (reason,) = lines(said, "connector.outcome")
    assert "request " in reason, "each try has another one"
    assert [row for row in history if row.startswith("slack: failed")] == [reason]

    again, later = shop.live()
    assert lines(again, "connector.outcome") == []
    assert "1 failed (as before: slack; `connectord status` says why)" in lines(again, "push.finished")[0]
    assert later == history

    shop.file("slack", '{"type": "slack", "scopes": ["b"]}')
    changed, last = shop.live()
    assert len(lines(changed, "connector.outcome")) == 1
    assert len(last) == len(history) + 1


def test_p11_a_broken_file_is_told_and_recorded_once_over_restarts_and_again_when_it_changes(
    base44: RunningEmulator, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, base44)
    shop.file("slack", '{"type": "slack", "scopes": "a"}')
    said, history = shop.live()
    (problem,) = lines(said, "file.invalid")
    assert [row for row in history if "slack.jsonc" in row] == [problem]

    again, later = shop.live()
    assert (lines(again, "file.invalid"), later) == ([], history)
    assert lines(again, "project.watching")[0].endswith("; 1 file can't be used (`connectord status` says why)")

    shop.file("slack", '{"scopes": ["a"]}')
    changed, last = shop.live()
    assert (len(lines(changed, "file.invalid")), len(last)) == (1, len(history) + 1)


def test_p2_what_is_only_on_base44_is_told_once_over_restarts(base44: RunningEmulator, tmp_path: Path) -> None:
    shop = Shop(tmp_path, base44)
    base44.connect("github", ["repo"])
    said, history = shop.live()
    assert len(lines(said, "connector.untracked")) == 1
    again, later = shop.live()
    assert (lines(again, "connector.untracked"), later) == ([], history)
    base44.connect("notion", ["read"])
    assert lines(shop.live()[0], "connector.untracked")[0].startswith("Only on Base44, left alone: notion ")


def test_a_project_that_cannot_be_read_is_told_once_over_restarts(bench: Bench) -> None:
    def told() -> int:
        """How often this life has said it."""
        return len([news for news in bench.running.life.news if news.event is NewsKind.PROJECT_UNUSABLE])

    bench.save("read")
    bench.add()
    bench.wait()
    away = bench.root.with_name("elsewhere")
    bench.root.rename(away)
    bench.pass_(5.0)
    assert told() == 1
    bench.restart()
    bench.pass_(5.0)
    assert (told(), bench.status.state) == (0, ProjectState.HALTED)
    away.rename(bench.root)
    bench.pass_(5.0)
    bench.root.rename(away)
    bench.pass_(5.0)
    assert told() == 1
