"""The emulator and the places that a play of rows needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.removal_play import Stage


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def stage(emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path) -> Stage:
    return Stage(emulator, tmp_path, a_home_of_its_own)
