"""One emulator for each file of storms, which a_storm begins anew; and daemons that begin quickly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.forks import a_nursery
from tests.support.running import nurseries


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="package", autouse=True)
def forked_daemons() -> Iterator[None]:
    with a_nursery() as nursery:
        nurseries.append(nursery)
        yield
        nurseries.remove(nursery)
