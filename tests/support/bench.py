"""A machine with a project, signed in, and an engine that runs in virtual time: the fixture `bench`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.emulator import EmulatorApp, emulator_app, write_credentials
from tests.support.lives import Machine, Running
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import virtual_time

from connectord.control.models import ConnectorStatus, ProjectStatus, WaitResult
from connectord.daemon.answers import Answers
from connectord.daemon.engine import Engine
from connectord.emulator.faults import Fault
from connectord.emulator.state import Connection, ConnectionStatus
from connectord.sync import Trigger


@dataclass
class Bench:
    """A machine with a project, signed in, and an engine that runs."""

    machine: Machine
    root: Path
    running: Running

    @property
    def emulator(self) -> EmulatorApp:
        return self.machine.emulator

    @property
    def engine(self) -> Engine:
        return self.running.life.engine

    @property
    def face(self) -> Answers:
        return self.running.life.face

    @property
    def status(self) -> ProjectStatus:
        return self.running.life.project(self.root)

    @property
    def slack(self) -> ConnectorStatus:
        return next(one for one in self.status.connectors if one.type == "slack")

    def save(self, *scopes: str, name: str = "slack") -> None:
        a_connector(a_project(self.root, api_url=self.emulator.url, app_id=self.emulator.app_id), name, scopes)

    @property
    def connectors(self) -> Path:
        return self.root / "base44" / "connectors"

    def pass_(self, seconds: float) -> None:
        """Look, let time go by, and look again."""
        self.engine.hint_all(Trigger.SAVE)
        self.machine.time.pass_(seconds)
        self.engine.hint_all(Trigger.SAVE)
        self.machine.time.pass_(1.0)

    def add(self) -> None:
        self.running.ask(self.face.add_project(self.root))

    def wait(self, timeout: float = 60.0) -> WaitResult:
        result: WaitResult = self.running.ask(self.face.wait(self.root, timeout=timeout))
        return result

    def ask(self, coroutine: Any) -> Any:
        return self.running.ask(coroutine)

    def restart(self) -> None:
        self.running.kill()
        self.running = Running(self.machine)

    def allow(self) -> None:
        (consent,) = self.emulator.world.integrations.open_consents()
        self.emulator.world.integrations.allow(consent)

    def allow_one(self, name: str) -> None:
        integrations = self.emulator.world.integrations
        (consent,) = (one for one in integrations.open_consents() if one.type == name)
        integrations.allow(consent)

    def someone_elses(self, connection: Connection) -> Connection:
        """The same, by another user of Base44."""
        return replace(connection, connected_by="boss@example.com")

    def becomes(self, status: ConnectionStatus, name: str = "slack") -> None:
        """A connection changes on Base44, and the next rescan has seen it."""
        connections = self.emulator.world.state.connections[self.emulator.app_id]
        connections[name] = replace(connections[name], status=status)
        self.rescan()

    def refuse(self, operation: str) -> None:
        """Base44 is in trouble with this operation from now on."""
        self.emulator.world.faults.add(Fault(operation, status=500))

    def rescan(self) -> None:
        self.engine.hint_all(Trigger.RESCAN)
        self.machine.time.pass_(5.0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with virtual_time() as time:
        emulator = emulator_app(limits=False)
        token = emulator.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 3600}
        write_credentials(tmp_path / "home", pair)
        root = a_project(tmp_path / "shop", {}, app_id=emulator.app_id, api_url=emulator.url).root
        machine = Machine(tmp_path, emulator, time)
        bench = Bench(machine, root, Running(machine))
        yield bench
        bench.running.kill()
        assert asyncio.all_tasks(time.loop) == set(), "nothing is left that nobody waits for"
