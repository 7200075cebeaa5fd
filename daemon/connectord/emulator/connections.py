"""Real connections: noticing that a client is gone, and cutting the line as a broken network does."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_TRANSPORT: Final = "connectord.transport"


class ResettableProtocol(H11Protocol):
    """HTTP/1.1 that hands the application its connection, and cuts answers short at shutdown."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Leave the connection where `reset_connection` finds it: uvicorn copies app_state into each scope."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}

    def shutdown(self) -> None:
        """Finish: an answer that hangs or never ends must not keep the server from ending."""
        super().shutdown()
        # Before the first request there is no cycle, whatever uvicorn's annotation says.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.transport.abort()


def is_real(scope: Scope) -> bool:
    """Whether there is a connection at all; tests may drive the application without one."""
    return _TRANSPORT in scope.get("state", {})


async def hung_up(receive: Receive) -> None:
    """Wait until the client is gone. The request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Cut the line. Without a real connection (in-process tests) raises ConnectionResetError instead."""
    if not is_real(scope):
        raise ConnectionResetError("The emulator reset the connection")
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    # Without lingering the kernel sends RST instead of FIN, which is what a reset is.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await hung_up(receive)  # before that, uvicorn complains of an unanswered request
