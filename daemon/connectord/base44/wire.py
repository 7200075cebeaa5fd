"""Connections that are kept: a save should not have to wait until one is made, which over TLS takes two round trips.

httpx lets go of one after five seconds, so that nearly every save would pay. It notices when the other end has closed
one; that a network silently forgot it (a router, a sleep) is for the kernel to find out, before and during a request.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from typing import Final
from urllib.request import getproxies

import httpx

from connectord.base44.errors import Unreachable

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


@contextlib.contextmanager
def explained(host: str) -> Iterator[None]:
    """What the environment says about the way to `host`, and can't be used, is Unreachable: it is no defect.

    The proxies' own words aren't repeated: they may hold a password (P13).
    """
    try:
        yield
    except OSError as error:  # an ssl.SSLError as well
        named = next(filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")), None)  # httpx's order
        why = f"the certificates of {named or 'certifi'} can't be read ({error.strerror or error})"
        todo = f"Correct {named}, or unset it." if named else "Install connectord again: pipx reinstall connectord"
        raise _no_way(host, why, todo) from error
    except (httpx.InvalidURL, ImportError, ValueError) as error:
        todo = "Correct http_proxy, https_proxy, all_proxy or no_proxy: connectord doctor looks at them."
        raise _no_way(host, "a proxy that the environment names can't be used", todo) from error


def _no_way(host: str, why: str, todo: str) -> Unreachable:
    restart = "A daemon keeps the environment of its start: restart it here (a service: connectord service install)"
    return Unreachable(f"Can't reach Base44 at {host.partition('://')[2]}: {why}", url=host, todo=(todo, restart))
