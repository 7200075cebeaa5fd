"""The daemon that is measured, where it is an older one with ways of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.benchmarks import daemon
from tests.benchmarks.daemon import User, a_daemon

DEAF = """#!{python}
import json, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(json.dumps({{"event": "daemon.started"}}), flush=True)
signal.pause()
"""


def test_one_that_does_not_end_is_killed_and_what_was_measured_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "deaf"
    program.write_text(DEAF.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(daemon, "PROGRAM", program)
    monkeypatch.setattr(daemon, "ENDED_WITHIN", 0.0)
    with a_daemon(User(tmp_path, "http://127.0.0.1:1")) as running:
        running.expect("daemon.started")
    assert capsys.readouterr().err == f"{program} didn't end within 0 s, and was killed\n"
