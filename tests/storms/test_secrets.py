"""Whatever the daemon ever wrote is searched for whatever secret it ever saw (P13)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.emulator import RunningEmulator
from tests.support.project import a_connector
from tests.support.running import environment
from tests.support.storm import Storm, a_storm, started

from connectord.emulator.state import DEFAULT_API_KEY


def everything_written(storm: Storm) -> Iterator[tuple[str, bytes]]:
    """Each file below the state and runtime directories."""
    for folder in (storm.state, storm.runtime):
        for file in folder.rglob("*"):
            if file.is_file():
                yield str(file), file.read_bytes()


def said_by(storm: Storm, *command: str) -> bytes:
    """What a command prints while the daemon runs."""
    done = subprocess.run(
        [sys.executable, "-m", "connectord", *command],
        env=environment(storm.home, **storm.environ),
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.stdout + done.stderr


def secrets_in(auth_file: Path) -> set[str]:
    found = json.loads(auth_file.read_text())
    return {found["accessToken"], found["refreshToken"]}


def found_secrets(secrets: set[str], written: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(where, secret) for secret in secrets for where, text in written.items() if secret.encode() in text]


def test_p13_no_secret_is_in_anything_that_the_daemon_wrote(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    emulator.connect("slack", ["a", "b", "c", "d"])
    auth_file = emulator.sign_in(a_home_of_its_own)
    secrets = secrets_in(auth_file)
    written: dict[str, bytes] = {}
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        for scope in "bcd":  # each a rotation of both tokens
            emulator.admin("tokens/expire")
            a_connector(storm.project, "slack", [scope])
            assert storm.settled().settled
            assert storm.there()["slack"] == [scope]
            assert not secrets_in(auth_file) & secrets
            secrets |= secrets_in(auth_file)
        emulator.fault(route="set", status=500, body="html")
        emulator.fault(route="token", status=500)
        emulator.admin("tokens/expire")
        a_connector(storm.project, "slack", ["a"])
        daemon.expect(event="retry.scheduled")
        emulator.admin("faults", "DELETE")
        emulator.admin("tokens/revoke")
        a_connector(storm.project, "slack", ["a", "b"])
        storm.until_state("signed-out")
        written["status"] = said_by(storm, "status") + said_by(storm, "status", "--json")
        written["history"] = said_by(storm, "history") + said_by(storm, "history", "--json")
        written["logs"] = said_by(storm, "logs")
        secrets |= secrets_in(emulator.sign_in(a_home_of_its_own))
        storm.until_state("synced")
        written |= dict(everything_written(storm))  # with the write-ahead log, which the end takes away
        assert daemon.end() == 0
    written |= {f"{where}, at the end": text for where, text in everything_written(storm)}
    written["lines"] = json.dumps(storm.lines).encode()
    assert len(secrets) >= 10
    assert any(b"slack" in text for where, text in written.items() if "state.db" in where)
    assert all(written[name] for name in ("status", "history", "logs", "lines"))
    assert found_secrets(secrets, written) == []


def test_p13_no_api_key_is_in_anything_that_the_daemon_wrote(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    with (storm.project.root / ".env").open("a") as env:
        env.write(f"BASE44_API_KEY={DEFAULT_API_KEY}\n")
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        emulator.fault(route="set", status=401)
        a_connector(storm.project, "slack", ["b"])
        storm.until_state("signed-out")
        written = dict(everything_written(storm))
        written["status"] = said_by(storm, "status", "--json")
        assert daemon.end() == 0
    written["lines"] = json.dumps(storm.lines).encode()
    assert emulator.requests(), "the key was never used"
    assert found_secrets({DEFAULT_API_KEY}, written) == []
    assert not os.environ.get("BASE44_API_KEY")
