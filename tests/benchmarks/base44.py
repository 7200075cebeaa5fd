"""The Base44 that is measured against: the emulator in a process of its own, full of connectors from the start.

`python -m tests.benchmarks.base44 APPS CONNECTORS` answers until SIGTERM, with so many apps, all of whose connectors
are consented to, and without the documented limits, which would make the other tools wait.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from tests.benchmarks.sample import ENDS, TYPES, VARIANTS, app_id, scopes
from tests.support.emulator import RunningEmulator

from connectord.emulator import DEFAULT_EMAIL, Settings, World, serve
from connectord.emulator.catalogue import CATALOGUE
from connectord.emulator.state import Connection, ConnectionStatus

ENDED_WITHIN: Final = 20.0
SET: Final = "set"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A request as Base44 got it. `at` is the monotonic clock's, which all processes of a machine share."""

    at: float
    operation: str
    app_id: str
    type: str | None
    scopes: tuple[str, ...]
    client: int | None


class Emulator(RunningEmulator):
    """The process, seen from a benchmark."""

    def round_trip(self, milliseconds: int) -> None:
        """How long each answer takes from now on."""
        self.settings(round_trip_delay=milliseconds / 1000)

    def receipts(self) -> list[Receipt]:
        """What came in since it was last told to forget, oldest first."""
        return [_receipt(request) for request in self.requests()]

    def scopes_of(self, app: str) -> dict[str, list[str]]:
        """What one app's connectors are granted now, by type."""
        return {one["type"]: one["scopes"] for one in self.state()["connectors"].get(app, [])}


@contextmanager
def a_base44(apps: int, connectors: int) -> Iterator[Emulator]:
    """Run it until the block ends."""
    command = [sys.executable, "-m", "tests.benchmarks.base44", str(apps), str(connectors)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as http:
                yield Emulator(url, app_id(0), process, http)
        finally:
            process.terminate()
            process.wait(ENDED_WITHIN)


def a_world(apps: int, connectors: int) -> World:
    """So many apps with so many connectors each, which have consented to all that a sample ever asks for."""
    world = World(app_ids=[app_id(number) for number in range(apps)], settings=Settings(limits=False))
    for number in range(apps):
        for connector_type in TYPES[:connectors]:
            world.integrations.overwrite(app_id(number), _connection(connector_type))
    return world


def granted(connector_type: str, variant: str) -> tuple[str, ...]:
    """What Base44 makes of the scopes that a sample's file asks for."""
    return CATALOGUE[connector_type].granted(scopes(connector_type, variant))


def _connection(connector_type: str) -> Connection:
    everything = frozenset(scope for variant in (*VARIANTS, *ENDS) for scope in granted(connector_type, variant))
    return Connection(
        connector_type,
        ConnectionStatus.ACTIVE,
        granted(connector_type, VARIANTS[0]),
        everything,
        DEFAULT_EMAIL,
        DEFAULT_EMAIL,
    )


def _receipt(request: dict[str, Any]) -> Receipt:
    parts, body = request["path"].split("/"), request["body"]
    operation = str(request["operation"])
    return Receipt(
        at=request["received"],
        operation=operation,
        app_id=parts[3] if len(parts) > 3 else "",
        type=parts[6] if operation == SET else None,
        scopes=tuple(body.get("scopes", ())) if isinstance(body, dict) else (),
        client=request["client"],
    )


def _main(apps: int, connectors: int) -> None:
    def ready(url: str) -> None:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()

    asyncio.run(serve(a_world(apps, connectors), port=0, on_ready=ready))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
