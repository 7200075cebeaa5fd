"""P14: reading git costs no process. Counted in a real daemon, through all that makes it look at git."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import counting_daemon
from tests.support.counting_daemon import started
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.git import Repository
from tests.support.project import a_connector
from tests.support.storm import QUICK, a_storm

TYPES = ("airtable", "github", "gmail", "linear", "slack")


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as one:
        yield one


def test_p14_neither_saves_nor_removals_in_a_git_repository_start_a_process(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(
        emulator, tmp_path, a_home_of_its_own, settings=f"{QUICK}removal_grace = 0.3\n", **{name: [] for name in TYPES}
    )
    for name in TYPES:
        emulator.connect(name, ["read", "write"])
    counted, connectors = tmp_path / "started", storm.project.connectors_dir
    git = Repository(storm.project.root)
    git.sh(f"""git init -q -b main; git add .; git commit -q -m all
        git checkout -q -b without; git rm -q {connectors}/linear.jsonc; git commit -q -m less; git checkout -q main""")
    with storm.life(sys.executable, counting_daemon.__file__, str(counted)) as daemon:
        daemon.expect(event="push.finished")
        before = started(counted)
        for scope in ("read", "write"):
            a_connector(storm.project, "slack", [scope])
            daemon.expect(event="connector.outcome", type="slack", result="synced")
        (connectors / "gmail.jsonc").unlink()
        git.sh("git commit -q -a -m 'Without gmail'")
        daemon.expect(event="connector.outcome", type="gmail", result="removed")
        git.sh("git checkout -q without")
        daemon.expect(event="hold.began", code="branch-switched")
        git.sh("git checkout -q main")
        daemon.expect(event="hold.ended", code="branch-switched")
        assert daemon.end() == 0
    assert len(before) > 0, "nothing is counted"
    assert started(counted) == before
