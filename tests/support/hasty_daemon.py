"""Runs connectord with shorter limits: `hasty_daemon.py TIMES … -m connectord ARGUMENTS`.

A request has its time, and the clocks are compared, TIMES sooner; all else that has a limit has a setting.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import httpx

from connectord.base44 import client
from connectord.base44.exchange import Answer, exchange
from connectord.base44.request import Request
from connectord.cli import main as connectord
from connectord.daemon import daemon
from connectord.watch.clock_watch import EVERY_SECONDS, TOLERANCE_SECONDS, ClockWatch


def main() -> None:
    """Shorten the limits where they are used."""
    times = float(sys.argv[1])
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]

    async def hasty(http: httpx.AsyncClient, request: Request, signature: Mapping[str, str] | None = None) -> Answer:
        return await exchange(http, replace(request, limit=request.limit / times), signature)

    client.exchange = hasty  # type: ignore[assignment, attr-defined]
    daemon.ClockWatch = partial(  # type: ignore[assignment, attr-defined]
        ClockWatch, every=EVERY_SECONDS / times, tolerance=TOLERANCE_SECONDS / times
    )
    connectord()


if __name__ == "__main__":
    main()
