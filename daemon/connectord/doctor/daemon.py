"""Whether a daemon runs, answers, and is the connectord that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connectord import __version__
from connectord.control.models import DaemonStatus
from connectord.control.unanswered import DaemonGone, ForeignServer, NoDaemon, NotAnswering
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.doctor.words import count, span

RESTART: Final = "Restart it: connectord stop, then connectord start (a service: connectord service install)"


def check_daemon(around: Around) -> Iterator[Finding]:
    """The daemon, and what it says of itself."""
    try:
        daemon = around.status().daemon
    except (NotAnswering, DaemonGone, ForeignServer):
        raise
    except NoDaemon as error:
        yield _none(error, around)
        return
    yield _version(daemon, around)
    yield from (attention(trouble) for trouble in daemon.trouble)


def _none(error: NoDaemon, around: Around) -> Finding:
    """Nobody minds before there is something to look after."""
    roots = around.roots()
    what = error.what.rstrip(".")
    if roots:
        projects = count(len(roots), "registered project")
        return broken(f"{what}, so nothing is pushed of {projects}", *error.todo)
    return attention(f"{what}, and no project is registered", "Go to your project's folder, then: connectord start .")


def _version(daemon: DaemonStatus, around: Around) -> Finding:
    runs = f"connectord {daemon.version} has been running for {span(around.now() - daemon.started_at.timestamp())}"
    if daemon.version != __version__:
        return attention(f"{runs} (pid {daemon.pid}), but {__version__} is installed", RESTART)
    return ok(f"{runs} (pid {daemon.pid})")
