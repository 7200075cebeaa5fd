"""What of Base44 itself a person must know: signed out, or without an answer for long. Once for all projects (P7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectord.control.models import ProjectState
from connectord.daemon.topics import Topic
from connectord.notify import NoticeKind, signed_out_notice, unreachable_notice

LONG: Final = 900.0
"""Seconds without an answer after which a person is told; shorter outages end by themselves, unheard."""


class Hosts:
    """How the projects get on with their hosts. `clock` stands still while the machine sleeps, and so does `LONG`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._host_of: dict[Path, str] = {}
        self._signed_out: defaultdict[str, set[Path]] = defaultdict(set)
        self._offline: defaultdict[str, set[Path]] = defaultdict(set)
        self._silent_since: dict[str, float] = {}
        self._answered: set[str] = set()

    def stands(self, root: Path, host: str, state: ProjectState) -> None:
        """A project stands like this with its host now."""
        if self._host_of.get(root) != host:
            self.gone(root)
            self._host_of[root] = host
        _note(self._signed_out[host], root, fits=state is ProjectState.SIGNED_OUT)
        _note(self._offline[host], root, fits=state is ProjectState.OFFLINE)
        if self._offline[host]:
            self._silent_since.setdefault(host, self._clock())
        else:
            self._silent_since.pop(host, None)

    def answered(self, host: str) -> None:
        """It answered a project as it does to somebody who is signed in."""
        self._answered.add(host)
        self._silent_since.pop(host, None)

    def gone(self, root: Path) -> str | None:
        """Nobody looks after this project any more; the host that it was with."""
        host = self._host_of.pop(root, None)
        if host is not None:
            self._signed_out[host].discard(root)
            self._offline[host].discard(root)
        return host

    def topics(self, host: str) -> tuple[Topic, Topic]:
        """What there is to be told of a host."""
        since = self._silent_since.get(host) if self._offline[host] else None
        seconds = 0.0 if since is None else self._clock() - since
        return (
            Topic(
                NoticeKind.SIGNED_OUT,
                {"": ""} if self._signed_out[host] else {},
                lambda _: signed_out_notice(host),
            ),
            Topic(
                NoticeKind.UNREACHABLE,
                {"": ""} if seconds >= LONG else {},
                lambda _: unreachable_notice(host, round(seconds / 60)),
            ),
        )

    def may_still_be(self, host: str) -> bool:
        """Whether what was told may be so though it doesn't show: nothing was heard of the host since."""
        return host not in self._answered or bool(self._offline[host])


def _note(roots: set[Path], root: Path, *, fits: bool) -> None:
    if fits:
        roots.add(root)
    else:
        roots.discard(root)
