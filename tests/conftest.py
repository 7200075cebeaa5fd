"""What holds for every test: nobody's own home, no colours, no skips in CI."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

OTHER_SYSTEM = "other operating system"
"""A skip whose reason starts with this is allowed in CI."""

OF_A_DESKTOP = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "BROWSER")
"""Where a notice or a browser of a test would come up, were it not for a desktop of the test's own."""


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test sees or touches the credentials, settings, environment and desktop of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    for name in OF_A_DESKTOP:
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith(("BASE44_", "CONNECTORD_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    # A socket's path has at most 107 bytes, so it doesn't go below pytest's long folders.
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as runtime:
        monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", runtime)
        yield home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: what isn't tested there is tested nowhere."""
    report = yield
    if report.skipped and os.environ.get("CI") and OTHER_SYSTEM not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI doesn't allow: {report.longrepr}"
    return report
