"""Requests that take long: they end with the daemon, and with whoever waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from connectord.errors import ConnectordError

T = TypeVar("T")


class Ending(ConnectordError):
    """The daemon was asked to end while this request waited."""

    code = "DAEMON_ENDING"

    def __init__(self) -> None:
        super().__init__("The daemon is ending, so it didn't wait any longer.", todo=("connectord start",))


async def unless_closing(request: Request, closing: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """The work's result. It is cancelled when the daemon ends or nobody waits for it any more."""
    working = asyncio.create_task(work)
    others = [asyncio.create_task(closing.wait()), asyncio.create_task(_hung_up(request))]
    try:
        await asyncio.wait([working, *others], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Ending
        return working.result()
    finally:
        await end(working, *others)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel them, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    """Wait until the client is gone. These requests have no body."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
