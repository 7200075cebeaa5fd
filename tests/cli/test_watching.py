"""A push beside a daemon: who watches its links. The daemon does, where it looks after the same app; never both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.face import a_consent, a_project_status
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon
from tests.support.project import a_project

from connectord.authorize import Authorization, AuthorizationState
from connectord.cli.watching import DaemonsWatch, Watching, beside_daemon
from connectord.control.client import Client
from connectord.control.consent_models import LinkToWatch
from connectord.daemon.fresh_link import NotAuthorizable
from connectord.project import Project, SnapshotReader
from connectord.sync import Outcome, Result

LINK = "https://app.base44.com/api/external-auth/connect/slack"
SLACK = Outcome("slack", Result.NEEDS_AUTHORIZATION, authorize_url=LINK, connection_id="base44_1")


@dataclass
class Instead:
    """This process's own watch: what it was asked, and the one end that it tells."""

    begun: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        self.begun.append(outcome.type)

    def skip(self, connector_type: str) -> None:
        self.skipped.append(connector_type)

    async def settled(self, connector_type: str) -> Authorization:
        return Authorization("push", connector_type, LINK, "base44_1", (), 0.0, 0.0, AuthorizationState.AUTHORIZED)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDaemon]:
    with a_runtime_dir() as runtime, fake_daemon(runtime) as running:
        monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(runtime))
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "shop", {"slack": ["a", "b"]})


async def watching(project: Project, instead: Watching) -> Watching:
    return await beside_daemon(project, [SLACK], SnapshotReader().read(project), instead)


def known(daemon: FakeDaemon, project: Project) -> None:
    daemon.face.projects = [a_project_status(project.root, app_id=project.app_id, api_url=project.api_url)]


async def test_a_daemon_that_knows_the_project_is_given_every_link(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    instead = Instead()
    watch = await watching(project, instead)
    expected = LinkToWatch(
        app_id=project.app_id,
        api_url=project.api_url,
        type="slack",
        url=LINK,
        connection_id="base44_1",
        scopes=("a", "b"),
    )
    assert daemon.face.consents.links == [expected]
    await watch.begin(SLACK, ("a", "b"))  # opened now: its time begins
    daemon.face.consents.ends = {"slack": a_consent("slack", "authorized", scopes=("a", "b"), granted=("a",))}
    ended = await watch.settled("slack")
    assert daemon.face.consents.links == [expected, expected]
    assert (ended.state, ended.missing_scopes, instead.begun) == (AuthorizationState.AUTHORIZED, ("b",), [])


async def test_esc_is_a_word_to_the_daemon(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    instead = Instead()
    watch = await watching(project, instead)
    await watch.begin(SLACK, ())
    ending = asyncio.create_task(watch.settled("slack"))
    watch.skip("slack")
    watch.skip("slack")
    assert (await ending).state is AuthorizationState.SKIPPED
    assert daemon.face.consents.asked.count(("skip", "slack")) == 1
    assert (instead.begun, instead.skipped) == ([], [])


async def test_without_a_daemon_the_push_watches_for_itself(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(tmp_path))
    instead = Instead()
    assert await watching(project, instead) is instead


async def test_a_daemon_that_does_not_know_the_project_is_no_watch(daemon: FakeDaemon, project: Project) -> None:
    instead = Instead()
    assert await watching(project, instead) is instead


async def test_a_daemon_that_refuses_the_link_is_no_watch(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    daemon.face.consents.failure["slack"] = NotAuthorizable("It is linked to another app here.")
    instead = Instead()
    assert await watching(project, instead) is instead


async def test_a_daemon_that_goes_away_meanwhile_is_replaced(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    instead = Instead()
    watch = await watching(project, instead)
    await watch.begin(SLACK, ())
    ending = asyncio.create_task(watch.settled("slack"))
    await asyncio.to_thread(daemon.until, daemon.face.consents.waiting)
    daemon.on_its_loop(daemon.face.stop)
    assert (await ending).state is AuthorizationState.AUTHORIZED
    assert instead.begun == ["slack"]
    watch.skip("slack")
    assert instead.skipped == ["slack"]


async def test_a_daemon_that_went_away_before_the_link_is_opened_is_replaced(project: Project) -> None:
    with a_runtime_dir() as runtime:
        instead = Instead()
        watch = DaemonsWatch(Client(runtime), project, instead)
        await watch.begin(SLACK, ())
        assert (await watch.settled("slack")).state is AuthorizationState.AUTHORIZED
    assert instead.begun == ["slack"]


async def test_esc_at_a_daemon_that_is_gone_skips_here(project: Project) -> None:
    with a_runtime_dir() as runtime:
        instead = Instead()
        watch = DaemonsWatch(Client(runtime), project, instead)
        watch._links["slack"] = SLACK, ()
        watch.skip("slack")
        await asyncio.gather(*watch._skips)
    assert (instead.begun, instead.skipped) == (["slack"], ["slack"])
