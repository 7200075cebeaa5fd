"""Through what notices reach the person, found out by asking for it. Nothing is shown unless `--notify` says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from connectord.control.models import ChannelStatus, DaemonStatus
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.doctor.hosts import run_apart
from connectord.doctor.words import moment
from connectord.errors import ConnectordError
from connectord.notify import Channel, Notice, NoticeKind, NotifyThrough
from connectord.notify.notifier import ChannelState
from connectord.notify.probe import probe

_INSTEAD: Final = "connectord status and connectord logs have everything all the same."
_FIXES: Final[Mapping[str, str]] = {
    Channel.DESKTOP: "In a desktop session, start a notification server (dunst, mako); or set notify_command.",
    Channel.OSASCRIPT: "Set notify_command to a program of your own.",
    Channel.COMMAND: "Mend notify_command in config.toml, and try it: connectord doctor --notify",
}

TEST: Final = Notice(
    kind=NoticeKind.TEST,
    subject="test",
    title="connectord can reach you here",
    body="This is the notice that connectord doctor --notify was asked for.",
)


def check_notices(around: Around) -> Iterator[Finding]:
    """Each way that the settings ask for, from here and from the daemon."""
    settings = around.settings()
    through = NotifyThrough(settings.notify)
    if through in {NotifyThrough.LOG, NotifyThrough.NONE}:
        yield ok(f'none are shown, by the setting notify = "{through}"')
        return
    show = TEST if around.show_notice else None
    trying = probe(through, settings.notify_command or (), environ=around.environ, platform=around.platform, show=show)
    states = run_apart(trying)
    yield from (_of(state, states, through, shown=show is not None) for state in states)
    yield from _of_daemon(around, states)


def _of(state: ChannelState, all_states: Iterable[ChannelState], through: NotifyThrough, *, shown: bool) -> Finding:
    if state.works:
        buttons = "" if state.buttons or state.channel is not Channel.DESKTOP else ", without buttons"
        did = "; it was given a test notice" if shown else ""
        return ok(f"{state.channel}: {state.through}{buttons}{did}")
    fixes = (_FIXES[state.channel], _INSTEAD)
    if through is NotifyThrough.AUTO and state.channel is Channel.DESKTOP:
        if any(other.works for other in all_states):
            return ok(f"{state.channel}: {state.why}")
        return attention(f"{state.channel}: {state.why}", *fixes)
    return broken(f"{state.channel}: {state.why}", *fixes)


def _of_daemon(around: Around, states: Iterable[ChannelState]) -> Iterator[Finding]:
    """The daemon may have been started outside of the desktop's session, and then reaches less than this shell."""
    try:
        daemon = around.status().daemon
    except ConnectordError:  # the check of the daemon says so
        return
    here = {state.channel.value for state in states if state.works}
    for channel in daemon.notices:
        if not channel.works and channel.channel in here:
            yield _unreached(channel)
    yield from _quiet(daemon, around.now())


def _unreached(channel: ChannelStatus) -> Finding:
    return attention(
        f"{channel.channel}: it works from here, but not from the daemon: {channel.why}",
        "Restart the daemon from within your desktop's session: connectord stop, then connectord start",
    )


def _quiet(daemon: DaemonStatus, now: float) -> Iterator[Finding]:
    if daemon.quiet_until is not None:
        yield ok(f"none are shown until {moment(daemon.quiet_until.timestamp(), now)} (a snooze, or quiet hours)")
