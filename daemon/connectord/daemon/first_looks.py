"""A start with many projects: all of them are looked at before Base44 is asked what it has of each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from connectord.daemon.followed import Followed
from connectord.project import Project
from connectord.sync.reconcile import AT_ONCE
from connectord.sync.turnstile import Turnstile


class FirstLooks:
    """The turnstiles of the hosts, which open when the first looks are over: a save is noticed by then.

    With a thousand projects comparing the first ones would keep the last ones unwatched for seconds more, and sixty
    lists a minute take their time anyway. What is to be sent waits for nothing here.
    """

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._turnstiles: defaultdict[str, Turnstile] = defaultdict(lambda: Turnstile(AT_ONCE, opened=self._over))

    def turnstile(self, project: Project) -> Turnstile:
        """The one that the projects of a host share."""
        return self._turnstiles[project.api_url]

    async def over(self) -> None:
        """Return once they are."""
        await self._over.wait()

    async def watch(self, projects: Iterable[Followed]) -> None:
        """Open once each of these was looked at, or it was told why it can't be: a disk that hangs keeps nobody."""
        for followed in projects:
            await followed.seen.wait()
        self._over.set()
