"""Trying out the ways to the person, once and apart from the daemon. Nothing is shown unless a notice is given."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping

from connectord.notify.bus_address import session_bus_addresses
from connectord.notify.desktop import Desktop, DesktopUnreachable, NotStartedYet
from connectord.notify.notice import Notice
from connectord.notify.notifier import Channel, ChannelState
from connectord.notify.program import Invocation, run_program
from connectord.notify.programs import ProgramNotifier, RunProgram, command_notifier, osascript_notifier
from connectord.notify.ways import NO_COMMAND, NO_DESKTOP, LazyDesktop, NotifyThrough

ON_DEMAND = "a server that the first notice starts"


async def probe(
    through: NotifyThrough,
    command: tuple[str, ...] = (),
    *,
    environ: Mapping[str, str],
    platform: str = sys.platform,
    show: Notice | None = None,
) -> tuple[ChannelState, ...]:
    """How each way does that the settings ask for, the best first; none for `log` and `none`.

    The desktop is asked, and a program looked for; with `show` both have it to show. Takes 20 seconds at most.
    """
    ways: list[Awaitable[ChannelState]] = []
    if through in {NotifyThrough.AUTO, NotifyThrough.DESKTOP}:
        ways.append(_of_desktop(environ, platform, show))
    if command and through in {NotifyThrough.AUTO, NotifyThrough.COMMAND}:
        ways.append(_of_program(lambda run: command_notifier(command, on_trouble=_unheard, run_one=run), show))
    elif through is NotifyThrough.COMMAND:
        return (ChannelState(Channel.COMMAND, works=False, why=NO_COMMAND),)
    return tuple(await asyncio.gather(*ways))


async def _of_desktop(environ: Mapping[str, str], platform: str, show: Notice | None) -> ChannelState:
    if platform == "darwin":
        return await _of_program(lambda run: osascript_notifier(on_trouble=_unheard, run_one=run), show)
    if platform != "linux" or environ.get("WSL_DISTRO_NAME"):
        return ChannelState(Channel.DESKTOP, works=False, why=NO_DESKTOP)
    try:
        return await _asked(LazyDesktop(lambda: session_bus_addresses(environ)), show)
    except NotStartedYet:
        return ChannelState(Channel.DESKTOP, works=True, through=ON_DEMAND)
    except DesktopUnreachable as unreachable:
        return ChannelState(Channel.DESKTOP, works=False, why=unreachable.why)


async def _asked(desktop: Desktop, show: Notice | None) -> ChannelState:
    session = await desktop.connect(start=show is not None, on_end=_unheard)
    try:
        if show is not None:
            await session.show(show, lambda _: None, lambda: None)
        return ChannelState(Channel.DESKTOP, works=True, through=session.server, buttons=session.buttons)
    finally:
        await session.close()


async def _of_program(build: Callable[[RunProgram], ProgramNotifier], show: Notice | None) -> ChannelState:
    """The program is run for the notice, as the daemon does it, or only looked for."""
    ended = asyncio.Event()

    async def run(invocation: Invocation) -> None:
        try:
            await run_program(invocation)
        finally:
            ended.set()

    notifier = build(run)
    if show is not None:
        notifier.notify(show)
        running = asyncio.create_task(notifier.run())
        await ended.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    return notifier.state


def _unheard(why: str) -> None:
    """What it says is in the state."""
    del why
