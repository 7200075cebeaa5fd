"""Whatever the daemon ever wrote is searched for whatever secret it ever saw (P13)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import leaking_daemon
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.leaks import (
    Written,
    answers,
    found_secrets,
    news_of,
    said_by,
    secrets_given_out,
    written_files,
)
from tests.support.project import a_connector
from tests.support.running import environment
from tests.support.storm import WITHIN, Storm, a_storm, started, until

from connectord.emulator.state import DEFAULT_API_KEY


def log_in(storm: Storm, kept: Path) -> tuple[bytes, set[str]]:
    """`connectord login`, confirmed in the browser; what it printed, and the device code that it was given."""
    command = [sys.executable, "-m", "connectord", "login"]
    environ = environment(storm.home, BASE44_API_URL=storm.emulator.url, **storm.environ)
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as login:
        until(lambda: bool(storm.emulator.state()["devices"]), "a device login")
        given = secrets_given_out(kept)
        storm.emulator.approve_device(storm.emulator.state()["devices"][0]["user_code"])
        printed = login.communicate(timeout=WITHIN)[0]
    assert login.returncode == 0, printed.decode()
    return printed, given


def test_p13_no_token_and_no_device_code_is_in_anything_that_was_written(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    kept = tmp_path / "emulator.json"
    with running_emulator("--state", str(kept)) as emulator:
        storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
        emulator.connect("slack", ["a", "b", "c", "d"])
        emulator.settings(device_interval=1)
        secrets = secrets_given_out(kept)
        written: Written = {}
        with storm.life() as daemon:
            assert started(daemon)
            with news_of(storm) as news:
                assert storm.settled().settled
                for scope in "bc":  # each a rotation of both tokens
                    emulator.admin("tokens/expire")
                    a_connector(storm.project, "slack", [scope])
                    assert storm.settled().settled
                    assert storm.there()["slack"] == [scope]
                    assert not secrets_given_out(kept) <= secrets
                    secrets |= secrets_given_out(kept)
                emulator.fault(route="set", status=500, body="html")
                emulator.fault(route="token", status=500)
                emulator.admin("tokens/expire")
                a_connector(storm.project, "slack", ["a"])
                daemon.expect(event="retry.scheduled")
                emulator.admin("faults", "DELETE")
                emulator.admin("tokens/revoke")
                a_connector(storm.project, "slack", ["a", "b"])
                storm.until_state("signed-out")
                written |= answers(storm)
                written["login"], given = log_in(storm, kept)
                storm.until_state("synced")
                secrets |= given | secrets_given_out(kept)
                written |= {f"{name}, running": text for name, text in written_files(storm).items()}
                assert daemon.end() == 0
            written["news"] = bytes(news)
        written |= written_files(storm) | said_by(daemon)
    assert len(secrets) >= 9
    assert b"slack" in written["state.db-wal, running"] + written["state.db"]
    for where in ("news", "stdout", "connectord.jsonl", "logs", "/v1/history"):
        assert b"slack" in written[where], f"nothing was read from {where}"
    assert found_secrets(secrets, written) == set()


def test_p13_no_api_key_is_in_anything_that_was_written(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    with (storm.project.root / ".env").open("a") as env:
        env.write(f"BASE44_API_KEY={DEFAULT_API_KEY}\n")
    with storm.life() as daemon:
        assert started(daemon)
        with news_of(storm) as news:
            assert storm.settled().settled
            emulator.fault(route="set", status=401)
            a_connector(storm.project, "slack", ["b"])
            storm.until_state("signed-out")
            written = answers(storm) | written_files(storm)
            assert daemon.end() == 0
    written |= {"news": bytes(news)} | said_by(daemon)
    assert emulator.requests(), "the key was never used"
    assert found_secrets({DEFAULT_API_KEY}, written) == set()
    assert not os.environ.get("BASE44_API_KEY")


def test_a_secret_that_leaks_is_found_wherever_it_leaks_to(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    secret = emulator.tokens()["access_token"]
    storm = a_storm(emulator, tmp_path, a_home_of_its_own, slack=["a"])
    with storm.life(sys.executable, leaking_daemon.__file__, secret) as daemon:
        assert started(daemon)
        with news_of(storm) as news:
            assert storm.settled().settled
            written = answers(storm) | {f"{name}, running": text for name, text in written_files(storm).items()}
            assert daemon.end() == 0
    written |= {"news": bytes(news)} | said_by(daemon) | written_files(storm)
    leaks = {where for where, _ in found_secrets({secret}, written)}
    blind = set(written) - leaks
    assert blind <= {"daemon.lock", "daemon.lock, running", "state.db, running", "state.db-shm, running"}
