"""What happens to a laptop: no network, no disk, no session, sleep, another daemon. It shows, and it passes."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import hasty_daemon, jumping_clock
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_connector
from tests.support.running import RunningDaemon, environment
from tests.support.storm import QUICK, Storm, a_storm, started, until

from connectord.control.endpoint import socket_path

NOBODY = 65534

HASTE = max(1.0, 10.0 / float(os.environ.get("CONNECTORD_STORM", "1")))
"""How much sooner limits end than they do for users; `CONNECTORD_STORM=10` leaves them as they are."""

STOPPED_FOR = 40.0 / HASTE
"""Seconds that a laptop sleeps: longer than a request, a link and the comparing of the clocks have."""

LINK_LIMIT = 20.0 / HASTE


def consented(emulator: RunningEmulator, folder: Path, home: Path) -> Storm:
    """Two connectors that were consented to long ago, in files that nobody has pushed yet."""
    storm = a_storm(emulator, folder, home, slack=["a"], github=["b"])
    for name in ("slack", "github", "linear"):
        emulator.connect(name, ["a", "b", "c", "d"])
    storm.project.connectors_dir.joinpath("linear.jsonc").write_text('{"type": "linear", "scopes": ["d"]}')
    return storm


def goes_on(storm: Storm, scopes: list[str]) -> None:
    """A save is pushed, and all is well."""
    a_connector(storm.project, "slack", scopes)
    assert storm.settled().settled
    storm.until_state("synced")
    assert storm.there()["slack"] == sorted(scopes)


def trouble(storm: Storm) -> str:
    return " ".join(storm.client.daemon().trouble)


def another_start(storm: Storm) -> subprocess.CompletedProcess[str]:
    """A daemon that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "connectord", "run", str(storm.project.root)],
        env=environment(storm.home, **storm.environ),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_second_daemon_ends_with_a_sentence_that_names_the_first(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        second = another_start(storm)
        goes_on(storm, ["b"])
    assert second.returncode != 0
    assert f"process {daemon.process.pid}" in second.stdout + second.stderr


def test_a_socket_that_a_killed_daemon_left_is_replaced(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        daemon.process.kill()
        daemon.process.wait()
    assert socket_path(storm.runtime).is_socket()
    with storm.life() as daemon:
        assert started(daemon)
        goes_on(storm, ["b"])


def test_a_socket_that_another_program_has_taken_is_left_alone_and_said(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    path = socket_path(storm.runtime)
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(path))
        squatter.listen()
        taken = path.stat().st_ino
        refused = another_start(storm)
        assert path.stat().st_ino == taken
    assert refused.returncode != 0
    assert f"Another program listens at {path}" in refused.stdout + refused.stderr
    assert emulator.requests() == []
    with storm.life() as daemon:  # nobody listens any more
        assert started(daemon)
        goes_on(storm, ["b"])


def a_folder_of_somebody_else(folder: Path) -> Path:
    """Only root can give one away; for others root has plenty."""
    if os.geteuid() != 0:
        return Path("/usr")
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    return folder


def test_a_runtime_directory_of_another_user_is_refused_with_what_to_do(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    folder = a_folder_of_somebody_else(tmp_path / "foreign")
    storm.environ["CONNECTORD_RUNTIME_DIR"] = str(folder)
    refused = another_start(storm)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert f"{folder} belongs to another user" in said
    assert "CONNECTORD_RUNTIME_DIR" in said
    assert emulator.requests() == []


def test_a_runtime_directory_that_is_open_to_others_is_closed(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    storm.runtime.chmod(0o777)
    with storm.life() as daemon:
        assert started(daemon)
        goes_on(storm, ["b"])
        assert storm.runtime.stat().st_mode & 0o777 == 0o700


@pytest.mark.timeout(STOPPED_FOR + 90)
def test_p10_a_laptop_that_sleeps_for_longer_than_every_limit_goes_on_where_it_was(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    (tmp_path / "settings.toml").write_text(f"{QUICK}authorization_limit = {LINK_LIMIT}\n")
    with storm.life(sys.executable, hasty_daemon.__file__, str(HASTE)) as daemon:
        assert started(daemon)
        until(lambda: len(storm.asked("stripe-status")) == 1, "the comparison with Base44 at a start")
        emulator.fault(route="set", type="slack", delay=STOPPED_FOR * 2, count=1)
        a_connector(storm.project, "hubspot", ["a"])
        a_connector(storm.project, "slack", ["b"])
        link = daemon.expect(event="authorization.opened", type="hubspot")["url"]
        until(lambda: [one["type"] for one in storm.sent("PUT")].count("slack") == 2, "a request under way")
        daemon.process.send_signal(signal.SIGSTOP)
        hear_nothing_for(STOPPED_FOR, daemon)
        emulator.consent(link)
        a_connector(storm.project, "github", ["c"])
        reconciled = len(storm.asked("stripe-status"))
        daemon.process.send_signal(signal.SIGCONT)
        until(lambda: len(storm.asked("stripe-status")) > reconciled, "a look at everything: time was lost")
        assert daemon.expect(event="authorization.ended", type="hubspot")["result"] == "added"
        assert storm.settled().settled
        goes_on(storm, ["d"])
        assert daemon.end() == 0
    storm.check_the_end()


def hear_nothing_for(seconds: float, daemon: RunningDaemon) -> None:
    """Take in what it had still to say, and then nothing for so long: it is stopped."""
    while True:
        try:
            daemon.heard.append(daemon.lines.get(timeout=seconds) or {})
        except queue.Empty:
            return


@pytest.mark.parametrize("days", [1, -1], ids=["forward", "back"])
def test_a_clock_that_jumps_by_a_day_keeps_nothing_waiting(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path, days: int
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    wrong_by = tmp_path / "wrong-by"
    wrong_by.write_text("0")
    with storm.life(sys.executable, jumping_clock.__file__, str(wrong_by)) as daemon:
        assert started(daemon)
        a_connector(storm.project, "hubspot", ["a"])
        link = daemon.expect(event="notice", type="hubspot")["url"]
        swapped = tmp_path / "swapped"
        swapped.write_text(str(days * 86_400))
        polls = len(storm.asked("poll"))
        swapped.replace(wrong_by)
        until(lambda: len(storm.asked("poll")) >= polls + 5, "polls after the jump")
        goes_on_but_for_hubspot(storm)
        emulator.consent(link)
        assert daemon.expect(event="authorization.ended", type="hubspot")["result"] == "added"
        storm.until_state("synced")
        assert daemon.end() == 0
    storm.check_the_end()


def goes_on_but_for_hubspot(storm: Storm) -> None:
    a_connector(storm.project, "slack", ["d"])
    assert storm.settled().settled
    assert storm.there()["slack"] == ["d"]


def test_p8_offline_is_said_and_over_within_seconds_of_the_network(tmp_path: Path, a_home_of_its_own: Path) -> None:
    kept = ("--state", str(tmp_path / "emulator.json"))
    with running_emulator(*kept) as emulator:
        storm = consented(emulator, tmp_path, a_home_of_its_own)
        port = emulator.url.rpartition(":")[2]
        with storm.life() as daemon:
            assert started(daemon)
            assert storm.settled().settled
            emulator.process.terminate()
            emulator.process.wait(20)
            a_connector(storm.project, "slack", ["b"])
            offline = storm.until_state("offline")
            with running_emulator(*kept, "--port", port) as storm.emulator:
                storm.until_state("synced")
                storm.check_the_end()
                assert daemon.end() == 0
    assert offline.error


def test_p7_signed_out_is_said_and_over_within_seconds_of_a_login(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    credentials = emulator.sign_in(a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        credentials.unlink()
        emulator.admin("tokens/revoke")
        a_connector(storm.project, "slack", ["b"])
        storm.until_state("signed-out")
        assert storm.settled().why == "signed out"
        emulator.sign_in(a_home_of_its_own)
        storm.until_state("synced")
        assert daemon.end() == 0
    storm.check_the_end()


def test_p12_an_app_that_is_closed_to_the_user_halts_its_project(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        emulator.admin(f"apps/{emulator.app_id}", accessible=False)
        a_connector(storm.project, "slack", ["b"])
        halted = storm.until_state("halted")
        emulator.admin(f"apps/{emulator.app_id}", accessible=True)
        goes_on(storm, ["c"])
    assert "403" in (halted.error or "")
    storm.check_the_end()


def test_p3_a_project_that_goes_away_and_comes_back_goes_on(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    root, elsewhere = storm.project.root, tmp_path / "elsewhere"
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        root.rename(elsewhere)
        gone = storm.until_state("halted")
        elsewhere.rename(root)
        storm.until_state("synced")
        goes_on(storm, ["c"])
        assert daemon.end() == 0
    assert str(root) in (gone.error or "")
    storm.check_the_end()


def test_p3_a_connectors_directory_that_goes_away_removes_nothing(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    folder, elsewhere = storm.project.connectors_dir, tmp_path / "elsewhere"
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        folder.rename(elsewhere)
        assert storm.until_state("needs-action").problems
        elsewhere.rename(folder)
        storm.until_state("synced")
        goes_on(storm, ["c"])
    storm.check_the_end()


def test_a_config_that_becomes_invalid_shows_and_the_last_good_one_stays_in_force(
    emulator: RunningEmulator, tmp_path: Path, a_home_of_its_own: Path
) -> None:
    storm = consented(emulator, tmp_path, a_home_of_its_own)
    config = storm.project.root / "base44/config.jsonc"
    good = config.read_text()
    with storm.life() as daemon:
        assert started(daemon)
        assert storm.settled().settled
        config.write_text('{ "name": ')
        broken = storm.until_state("needs-action")
        config.write_text(good)
        storm.until_state("synced")
        goes_on(storm, ["c"])
    assert ["config.jsonc" in problem.file for problem in broken.problems] == [True]
    assert {one.type for one in broken.connectors} == {"slack", "github", "linear"}
    storm.check_the_end()
