"""A runtime directory of the test's own, and a fake daemon in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.fake_daemon import FakeDaemon, a_runtime_dir, fake_daemon


@pytest.fixture
def runtime() -> Iterator[Path]:
    with a_runtime_dir() as directory:
        yield directory


@pytest.fixture
def daemon(runtime: Path) -> Iterator[FakeDaemon]:
    with fake_daemon(runtime) as running:
        yield running
