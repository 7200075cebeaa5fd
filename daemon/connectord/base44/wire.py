"""Connections that are kept: a save should not have to wait until one is made, which over TLS takes two round trips.

httpx lets go of one after five seconds, so that nearly every save would pay. It notices when the other end has closed
one; that a network silently forgot it (a router, a sleep) is for the kernel to find out, before and during a request.
"""

from __future__ import annotations

import socket
import sys
from typing import Final
from urllib.request import getproxies

import httpx

KEPT_SECONDS: Final = 400.0
"""A rescan, every five minutes or so, comes before: it is always the same connection, as far as the server likes."""

LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=32, keepalive_expiry=KEPT_SECONDS)

UNHEARD_SECONDS: Final = 5
"""How long what was sent may stay without the other end's word (TCP's) until the connection counts as dead: half of
what an attempt has, so that another one is begun."""

_PROBES: Final = {"TCP_KEEPIDLE": 45, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 2}
"""Seconds of silence until the kernel asks whether anybody is there, seconds between, and how often; tcp(7)."""

SocketOption = tuple[int, int, int]


def socket_options() -> list[SocketOption]:
    """What is asked of the kernel, as far as this system knows it."""
    wanted = {**_PROBES, "TCP_USER_TIMEOUT": UNHEARD_SECONDS * 1000}
    if not hasattr(socket, "TCP_KEEPIDLE"):  # macOS' name for it
        wanted["TCP_KEEPALIVE"] = wanted["TCP_KEEPIDLE"]
    known = ((getattr(socket, name, None), value) for name, value in wanted.items())
    options = [(socket.IPPROTO_TCP, number, value) for number, value in known if number is not None]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


def transport() -> httpx.AsyncBaseTransport | None:
    """The way to Base44; None where it leads through a proxy of the environment's, which only httpx itself sets up."""
    # httpcore imports it for every lock, a dozen times for each request, and Python looks for what isn't installed in
    # the whole of sys.path each time: a tenth of what a request costs. Without it asyncio is assumed, and that is it.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None is how one says that there is none
    return None if getproxies() else httpx.AsyncHTTPTransport(limits=LIMITS, socket_options=socket_options())
