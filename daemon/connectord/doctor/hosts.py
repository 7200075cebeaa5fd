"""Asking the hosts of all targets whether they are there, side by side, and each once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from connectord.base44 import Base44, Ping, Retry, credentials_for_a_look
from connectord.base44.look import Nobody
from connectord.doctor.targets import Target
from connectord.errors import ConnectordError
from connectord.unjoined import UnjoinedThreads

T = TypeVar("T")


def ping_all(targets: Iterable[Target]) -> Mapping[str, Ping | ConnectordError]:
    """How each host answers, or why it doesn't."""
    return run_apart(_ping_all({target.api_url for target in targets}))


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in this thread, without waiting for threads of its own at the end: a name server may hang."""

    async def apart() -> T:
        asyncio.get_running_loop().set_default_executor(UnjoinedThreads())
        return await work

    return asyncio.run(apart())


def looking(target: Target, home: Path) -> Base44:
    """A client that asks once and renews nothing. Raises SignedOut, CredentialsUnusable and Unsendable."""
    return Base44(target.api_url, credentials_for_a_look(target.environment, home), retry=Retry(attempts=1))


async def _ping_all(hosts: Iterable[str]) -> Mapping[str, Ping | ConnectordError]:
    async with asyncio.TaskGroup() as group:
        asked = {host: group.create_task(_ping(host)) for host in hosts}
    return {host: task.result() for host, task in asked.items()}


async def _ping(host: str) -> Ping | ConnectordError:
    """The second answer, which needed no connecting, is the round trip; the first shows whether there is any."""
    try:
        async with Base44(host, Nobody()) as base44:
            first = await base44.ping()
            again = await base44.ping()
    except ConnectordError as error:
        return error
    return replace(first, seconds=min(first.seconds, again.seconds))
