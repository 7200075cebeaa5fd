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
from connectord.cli.watching import DaemonsWatch, OnNewer, Watching, beside_daemon
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

    async def to_open(self, outcome: Outcome) -> str | None:
        return self.link(outcome)

    async def begin(self, outcome: Outcome, scopes: tuple[str, ...]) -> None:
        self.begun.append(outcome.type)

    def link(self, outcome: Outcome) -> str:
        return outcome.authorize_url or ""

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


def no_newer(connector_type: str, link: str) -> None:
    raise AssertionError(f"nobody gave {connector_type} another link than {link}")


async def watching(project: Project, instead: Watching, on_newer: OnNewer = no_newer) -> Watching:
    watch, shown = await beside_daemon(project, [SLACK], SnapshotReader().read(project), instead, on_newer)
    assert shown == (SLACK,)
    return watch


async def begun(daemon: FakeDaemon, project: Project, instead: Watching) -> Watching:
    """A link that the daemon watches, and that is open in the browser."""
    watch = await watching(project, instead)
    daemon.face.consents.ends = {"slack": a_consent("slack")}
    assert await watch.to_open(SLACK) == LINK
    await watch.begin(SLACK, ())
    daemon.face.consents.ends = {}
    daemon.face.consents.waiting.clear()
    return watch


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
    daemon.face.consents.ends = {"slack": a_consent("slack")}
    assert await watch.to_open(SLACK) == LINK  # now: its time begins
    await watch.begin(SLACK, ("a", "b"))
    assert daemon.face.consents.asked == [("ended", "slack"), ("link", "slack")]
    daemon.face.consents.ends = {"slack": a_consent("slack", "authorized", scopes=("a", "b"), granted=("a",))}
    ended = await watch.settled("slack")
    assert daemon.face.consents.links == [expected]
    assert (ended.state, ended.missing_scopes, instead.begun) == (AuthorizationState.AUTHORIZED, ("b",), [])


async def test_p11_a_link_that_is_open_for_the_same_already_is_the_one_to_show(
    daemon: FakeDaemon, project: Project
) -> None:
    known(daemon, project)
    daemon.face.consents.open_already = {"slack": a_consent("slack", url=f"{LINK}-first", connection_id="base44_0")}
    snapshot = SnapshotReader().read(project)
    _, (shown,) = await beside_daemon(project, [SLACK], snapshot, Instead(), no_newer)
    assert (shown.authorize_url, shown.connection_id) == (f"{LINK}-first", "base44_0")


async def test_what_another_push_has_authorized_meanwhile_opens_nothing(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    watch = await watching(project, Instead())
    daemon.face.consents.ends = {"slack": a_consent("slack", "authorized")}
    assert await watch.to_open(SLACK) is None
    assert (await watch.settled("slack")).state is AuthorizationState.AUTHORIZED
    assert ("link", "slack") not in daemon.face.consents.asked


@pytest.mark.parametrize("state", ["timed-out", "failed", "skipped"])
async def test_a_link_that_is_over_by_the_time_of_its_opening_is_a_fresh_one(
    daemon: FakeDaemon, project: Project, state: str
) -> None:
    known(daemon, project)
    watch = await watching(project, Instead())
    daemon.face.consents.ends = {"slack": a_consent("slack", state)}
    daemon.face.consents.given = {"slack": a_consent("slack", url=f"{LINK}-fresh")}
    assert await watch.to_open(SLACK) == f"{LINK}-fresh"
    assert watch.link(SLACK) == f"{LINK}-fresh"


async def test_p10_a_newer_link_is_said_while_the_older_one_is_waited_for(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    said: list[tuple[str, str]] = []
    watch = await watching(project, Instead(), lambda name, link: said.append((name, link)))
    daemon.face.consents.ends = {"slack": a_consent("slack")}
    assert await watch.to_open(SLACK) == LINK
    daemon.face.consents.newer = {"slack": a_consent("slack", url=f"{LINK}-newer")}
    daemon.face.consents.ends = {"slack": a_consent("slack", "authorized")}
    assert (await watch.settled("slack")).state is AuthorizationState.AUTHORIZED
    assert (said, watch.link(SLACK)) == ([("slack", f"{LINK}-newer")], f"{LINK}-newer")


async def test_esc_is_a_word_to_the_daemon(daemon: FakeDaemon, project: Project) -> None:
    known(daemon, project)
    instead = Instead()
    watch = await begun(daemon, project, instead)
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
    watch = await begun(daemon, project, instead)
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
        watch = DaemonsWatch(Client(runtime), project, instead, no_newer)
        assert await watch.to_open(SLACK) == LINK
        await watch.begin(SLACK, ())
        assert (await watch.settled("slack")).state is AuthorizationState.AUTHORIZED
    assert instead.begun == ["slack"]


async def test_esc_at_a_daemon_that_is_gone_skips_here(project: Project) -> None:
    with a_runtime_dir() as runtime:
        instead = Instead()
        watch = DaemonsWatch(Client(runtime), project, instead, no_newer)
        watch._begun["slack"] = SLACK, ()
        watch.skip("slack")
        await asyncio.gather(*watch._skips)
    assert (instead.begun, instead.skipped) == (["slack"], ["slack"])
