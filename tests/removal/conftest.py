"""One emulator for each file of rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.emulator import RunningEmulator, running_emulator


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator
