"""The whole story on a real desktop: a daemon's process, the emulator, a screen, a session bus, dunst and a browser."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.desktop import RealDesktop, a_real_desktop
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector, a_project
from tests.support.running import RunningDaemon, running_daemon

from connectord.control.client import Client
from connectord.control.models import ConnectorState, DaemonStatus, ProjectStatus
from connectord.places import runtime_dir
from connectord.project import Project

WITHIN = 30.0

BROWSER = """\
#!{python}
import sys, urllib.parse, urllib.request
link = sys.argv[1]
where = urllib.parse.urlsplit(link)
headers = {{"Origin": f"{{where.scheme}}://{{where.netloc}}"}}
form = urllib.parse.urlencode({{"action": "allow", "email": "dev@example.com"}}).encode()
urllib.request.urlopen(urllib.request.Request(link, form, headers)).read()
with open("{opened}", "a") as opened:
    print(link, file=opened)
"""
"""A browser whose person always presses Allow."""

NEEDS = "slack needs your authorization (shop)"
BUTTONS = {"default": "", "authorize": "Authorize", "skip": "Skip"}


@dataclass
class Story:
    """A person at a desktop with a daemon that looks after a project."""

    desktop: RealDesktop
    daemon: RunningDaemon
    project: Project
    emulator: RunningEmulator
    opened: Path

    def save(self, *scopes: str, name: str = "slack") -> None:
        a_connector(self.project, name, scopes)

    async def expect(self, **wanted: object) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: self.daemon.expect(**wanted))

    async def status(self) -> tuple[DaemonStatus, ProjectStatus]:
        found = await asyncio.to_thread(Client(runtime_dir()).status)
        return found.daemon, found.projects[0]

    async def until_daemon(self, **wanted: object) -> DaemonStatus:
        """Wait until the daemon's status says this."""
        async with asyncio.timeout(WITHIN):
            while True:
                daemon, _ = await self.status()
                if all(getattr(daemon, name) == value for name, value in wanted.items()):
                    return daemon

    async def until_connector(self, name: str, state: ConnectorState) -> None:
        async with asyncio.timeout(WITHIN):
            while name not in {one.type for one in (await self.status())[1].connectors if one.state is state}:
                pass


@asynccontextmanager
async def a_story(home: Path, folder: Path, *, settings: str = "", server: bool = True) -> AsyncIterator[Story]:
    """The daemon has found the desktop, and its project has no connectors yet."""
    opened, browser, config = folder / "opened", folder / "browser", folder / "config.toml"
    browser.write_text(BROWSER.format(python=sys.executable, opened=opened))
    browser.chmod(0o755)
    config.write_text(settings)
    with running_emulator() as emulator:
        emulator.sign_in(home)
        project = a_project(folder / "shop", {}, app_id=emulator.app_id, api_url=emulator.url)
        async with a_real_desktop() as desktop:
            await desktop.start_bus()
            if server:
                await desktop.start_server()
            names = ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
            environ = {name: desktop.environ[name] for name in names} | {"BROWSER": str(browser), "CI": ""}
            with running_daemon(project.root, home, CONNECTORD_CONFIG=str(config), **environ) as daemon:
                story = Story(desktop, daemon, project, emulator, opened)
                await story.expect(event="project.watching")
                if server:
                    await story.until_daemon(notifications="desktop")
                yield story
                assert await asyncio.to_thread(daemon.end) == 0


async def test_authorize_opens_the_browser_and_the_notification_goes_when_the_consent_is_there(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        (channel,) = (await story.until_daemon(notifications="desktop")).notices
        assert (channel.channel, channel.works, channel.through[:6], channel.buttons) == (
            "desktop",
            True,
            "dunst ",
            True,
        )
        story.save("chat:write")
        shown = await story.desktop.shown()
        assert (shown.title, shown.actions, shown.timeout) == (NEEDS, BUTTONS, 0)
        assert shown.body == "Authorize opens the browser. Later: connectord authorize"
        link = (await story.status())[1].connectors[0].authorize_url
        await story.desktop.press("Authorize")
        ended = await story.expect(event="authorization.ended", type="slack")
        assert (ended["result"], ended["message"]) == ("added", "slack: Added")
        await story.desktop.until_on_screen(0)
        assert story.opened.read_text() == f"{link}\n"
        await story.until_connector("slack", ConnectorState.SYNCED)
        assert story.desktop.nothing_more_was_shown


async def test_a_click_on_the_body_authorizes_too(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        await story.desktop.press("")
        assert (await story.expect(event="authorization.ended", type="slack"))["result"] == "added"
        await story.desktop.until_on_screen(0)


async def test_skip_skips(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        await story.desktop.press("Skip")
        assert (await story.expect(event="authorization.ended", type="slack"))["result"] == "skipped"
        await story.desktop.until_on_screen(0)
        await story.until_connector("slack", ConnectorState.SKIPPED)
        assert not story.opened.exists()
        assert story.desktop.nothing_more_was_shown


async def test_p11_a_batch_of_five_is_one_notification_and_one_press_goes_through_all(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    names = ("github", "gmail", "linear", "notion", "slack")
    async with a_story(a_home_of_its_own, tmp_path, settings="settle_quiet = 0.3\n") as story:
        for name in names:
            story.save("read", name=name)
        shown = await story.desktop.shown()
        assert shown.title == "github, gmail, linear, notion, slack need your authorization (shop)"
        assert await story.desktop.on_screen() == 1
        await story.desktop.press("Authorize")
        for name in names:
            await story.until_connector(name, ConnectorState.SYNCED)
        await story.desktop.until_on_screen(0)
        assert len(story.opened.read_text().splitlines()) == len(names)
        assert story.desktop.nothing_more_was_shown


async def test_a_consent_that_comes_from_elsewhere_takes_the_notification_away(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        story.emulator.consent(story.emulator.open_links()["slack"])
        await story.desktop.until_on_screen(0)
        assert not story.opened.exists()


async def test_p10_dunst_killed_and_restarted_loses_nothing(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        await story.desktop.stop_server()
        await story.until_daemon(notifications="log")
        await story.desktop.start_server()
        assert (await story.desktop.shown()).title == NEEDS
        await story.desktop.press("Authorize")
        assert (await story.expect(event="authorization.ended"))["result"] == "added"
        await story.desktop.until_on_screen(0)


async def test_p10_a_bus_that_is_restarted_loses_nothing(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        await story.desktop.stop_bus()
        daemon = await story.until_daemon(notifications="log")
        assert "session bus" in daemon.notices[0].why
        await story.desktop.start_bus()
        await story.desktop.start_server()
        assert (await story.desktop.shown()).title == NEEDS
        await story.until_daemon(notifications="desktop")
        await story.desktop.press("Skip")
        assert (await story.expect(event="authorization.ended"))["result"] == "skipped"


async def test_an_end_takes_its_notifications_along_and_a_start_repeats_none(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.save("chat:write")
        await story.desktop.shown()
        assert await asyncio.to_thread(story.daemon.end) == 0
        await story.desktop.until_on_screen(0)
        environ = {name: story.desktop.environ[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        with running_daemon(story.project.root, a_home_of_its_own, **environ) as again:
            story.daemon = again
            await story.expect(event="project.watching")
            await story.until_daemon(notifications="desktop")
            await story.until_connector("slack", ConnectorState.NEEDS_AUTHORIZATION)
            (story.project.connectors_dir / "notion.jsonc").write_text("{")
            assert "notion.jsonc" in (await story.desktop.shown()).title
            assert story.desktop.nothing_more_was_shown
            assert await asyncio.to_thread(again.end) == 0


async def test_keep_is_pressed_while_a_removal_comes(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        story.emulator.connect("slack", ["chat:write"])
        story.emulator.connect("notion", ["read"])
        story.save("read", name="notion")
        story.save("chat:write")
        await story.until_connector("slack", ConnectorState.SYNCED)
        await story.until_connector("notion", ConnectorState.SYNCED)
        file = story.project.connectors_dir / "slack.jsonc"
        file.unlink()
        shown = await story.desktop.shown()
        assert (shown.urgency, shown.actions) == ("CRITICAL", {"default": "", "keep": "Keep"})
        assert shown.title.startswith("slack will be removed from Base44 in ")
        await story.desktop.press("Keep")
        await story.expect(event="files.restored")
        await story.until_connector("slack", ConnectorState.SYNCED)
        assert file.exists()


async def test_what_comes_while_it_is_snoozed_is_shown_when_that_ends(tmp_path: Path, a_home_of_its_own: Path) -> None:
    async with a_story(a_home_of_its_own, tmp_path) as story:
        client = Client(runtime_dir())
        daemon = await asyncio.to_thread(client.snooze, 3600.0)
        assert daemon.snoozed_until is not None
        story.save("chat:write")
        await story.expect(event="notice", type="slack")
        story.save("read", name="notion")
        await story.expect(event="notice", type="notion")
        assert story.desktop.nothing_more_was_shown
        await asyncio.to_thread(client.snooze, 0.0)
        assert (await story.desktop.shown()).title == "notion, slack need your authorization (shop)"
        assert await story.desktop.on_screen() == 1
