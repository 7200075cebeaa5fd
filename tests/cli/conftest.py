"""An emulated Base44, and a machine that is signed in to it with a linked project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import Machine
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.forks import a_nursery
from tests.support.project import a_project
from tests.support.running import nurseries


@pytest.fixture(scope="package", autouse=True)
def forked_commands() -> Iterator[None]:
    """Commands that begin quickly; those at a terminal are started from nothing."""
    with a_nursery() as nursery:
        nurseries.append(nursery)
        yield
        nurseries.remove(nursery)


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def base44(one_emulator: RunningEmulator) -> RunningEmulator:
    """As fresh as at its start."""
    one_emulator.admin("reset")
    return one_emulator


@pytest.fixture
def machine(tmp_path: Path, base44: RunningEmulator) -> Machine:
    """Signed in, and in a linked project with an empty connectors directory."""
    home, folder = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    base44.sign_in(home)
    a_project(folder, connectors={}, app_id=base44.app_id)
    return Machine(home, folder, {"BASE44_API_URL": base44.url})
