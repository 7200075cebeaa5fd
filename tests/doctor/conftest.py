"""An emulated Base44 for the checks that ask one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.emulator import RunningEmulator, running_emulator


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def base44(one_emulator: RunningEmulator) -> RunningEmulator:
    """As fresh as at its start."""
    one_emulator.admin("reset")
    return one_emulator
