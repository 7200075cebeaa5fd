"""Trying out the ways to the person: what works is told truly, and nothing is shown that nobody asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.support.desktop import a_real_desktop
from tests.support.notify import a_notice

from connectord.notify import Channel, NotifyThrough
from connectord.notify.probe import ON_DEMAND, probe
from connectord.notify.ways import NO_BUS, NO_COMMAND, NO_DESKTOP


@pytest.fixture(autouse=True)
def an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session bus is named there."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")


def a_program(folder: Path, body: str) -> tuple[str, ...]:
    program = folder / "notify"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return (str(program), "loudly")


async def test_a_desktop_that_answers_works_and_shows_nothing_unasked() -> None:
    async with a_real_desktop() as desktop:
        await desktop.start_bus()
        await desktop.start_server()
        environ = {"DBUS_SESSION_BUS_ADDRESS": desktop.address}
        [state] = await probe(NotifyThrough.AUTO, environ=environ, platform="linux")
        assert (state.channel, state.works, state.buttons, state.through[:5]) == (Channel.DESKTOP, True, True, "dunst")
        assert await desktop.on_screen() == 0
        await probe(NotifyThrough.DESKTOP, environ=environ, platform="linux", show=a_notice(title="A test"))
        assert (await desktop.shown()).title == "A test"


async def test_a_desktop_whose_server_the_bus_starts_works_and_none_is_started_for_looking() -> None:
    async with a_real_desktop() as desktop:
        desktop.let_the_bus_start_a_server()
        await desktop.start_bus()
        environ = {"DBUS_SESSION_BUS_ADDRESS": desktop.address}
        [state] = await probe(NotifyThrough.AUTO, environ=environ, platform="linux")
        assert (state.works, state.through) == (True, ON_DEMAND)
        assert not await desktop.call("NameHasOwner", "org.freedesktop.Notifications", name="org.freedesktop.DBus")


async def test_a_bus_without_a_server_doesnt_work_and_says_why() -> None:
    async with a_real_desktop() as desktop:
        await desktop.start_bus()
        [state] = await probe(
            NotifyThrough.AUTO, environ={"DBUS_SESSION_BUS_ADDRESS": desktop.address}, platform="linux"
        )
        assert (state.works, state.why) == (False, "No notification server runs on the session bus")


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [({}, "linux", NO_BUS), ({"WSL_DISTRO_NAME": "Debian"}, "linux", NO_DESKTOP), ({}, "win32", NO_DESKTOP)],
)
async def test_without_a_desktop_it_says_which_kind_of_none(environ: dict[str, str], platform: str, why: str) -> None:
    [state] = await probe(NotifyThrough.AUTO, environ=environ, platform=platform)
    assert (state.works, state.why) == (False, why)


async def test_a_program_is_only_looked_for_unless_there_is_something_to_show(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    command = a_program(tmp_path, f"cat > {heard}")
    [state] = await probe(NotifyThrough.COMMAND, command, environ={})
    assert (state.channel, state.works, state.through) == (Channel.COMMAND, True, command[0])
    assert not heard.exists()
    [state] = await probe(NotifyThrough.COMMAND, command, environ={}, show=a_notice(title="A test"))
    assert state.works
    assert json.loads(heard.read_text())["title"] == "A test"


async def test_a_program_that_fails_at_the_notice_doesnt_work(tmp_path: Path) -> None:
    command = a_program(tmp_path, "cat > /dev/null; echo no way; exit 3")
    [state] = await probe(NotifyThrough.COMMAND, command, environ={}, show=a_notice())
    assert (state.works, state.why) == (False, f'{command[0]} ended with code 3: "no way"')


async def test_a_program_that_isnt_there_or_isnt_named_is_said(tmp_path: Path) -> None:
    [gone] = await probe(NotifyThrough.COMMAND, (f"{tmp_path}/gone",), environ=os.environ)
    [none] = await probe(NotifyThrough.COMMAND, environ=os.environ)
    assert (gone.works, gone.why) == (False, f"{tmp_path}/gone is not there, or is no program")
    assert (none.works, none.why) == (False, NO_COMMAND)


@pytest.mark.parametrize("through", [NotifyThrough.LOG, NotifyThrough.NONE])
async def test_who_wants_no_notices_has_no_way_to_try(through: NotifyThrough) -> None:
    assert await probe(through, environ={}) == ()
