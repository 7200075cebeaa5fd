"""`connectord emulator` as a process: ready line, loopback, port in use, state file, broken connections, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.emulator import RunningEmulator, running_emulator

ENDED_WITHIN = 10.0


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


def api(emulator: RunningEmulator) -> str:
    return f"/api/apps/{emulator.app_id}/external-auth"


def bearer(emulator: RunningEmulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emulator.tokens()['access_token']}"}


def run_to_its_end(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connectord", "emulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_ready_line_has_all_that_a_program_needs() -> None:
    with running_emulator("--app", "a" * 24, "--app", "b" * 24) as emulator:
        assert emulator.app_id == "a" * 24
        assert [app["id"] for app in emulator.state()["apps"]] == ["a" * 24, "b" * 24]
        assert emulator.http.get("/admin").status_code == 200


def test_people_are_told_how_to_use_it() -> None:
    command = [sys.executable, "-u", "-m", "connectord", "emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    url = first.split()[3]
    assert first.startswith("Base44 emulator on http://127.0.0.1:")
    for part in (f"export BASE44_API_URL={url}", '{"id": "6a0e4d2b7c1f93d58e24ab10"}', "POST /admin/reset"):
        assert part in rest
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_a_signal_even_while_requests_hang_and_stream(
    emulator: RunningEmulator, number: signal.Signals
) -> None:
    emulator.fault(route="list", body="endless")
    emulator.fault(route="available", delay=3600)
    url, headers = emulator.url + api(emulator), bearer(emulator)
    with (
        socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as hanging,
        httpx.stream("GET", f"{url}/list", headers=headers) as endless,
    ):
        path = httpx.URL(f"{url}/available-integrations").raw_path
        hanging.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert next(endless.iter_bytes()).startswith(b'{"integrations": [')
        while [one["status"] for one in emulator.requests()] != [200, None]:
            pass  # the hanging request is on its way

        emulator.process.send_signal(number)

        assert emulator.process.wait(ENDED_WITHIN) == 0


def test_it_listens_on_loopback_only(emulator: RunningEmulator) -> None:
    port = httpx.URL(emulator.url).port or 0
    with socket.socket() as elsewhere:
        # 127.0.0.2 is this machine too, but not the address that the emulator took.
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = run_to_its_end("--port", str(port))

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == f"Error: Port {port} on 127.0.0.1 is in use by another program"
    assert "--port 0" in ended.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_wrong_port_is_bad_usage(port: str) -> None:
    assert run_to_its_end("--port", port).returncode == 2


def test_a_damaged_state_file_is_a_clear_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{half")

    ended = run_to_its_end("--port", "0", "--state", str(path))

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Error: {path} is not a state file of the emulator: Invalid JSON")
    assert path.read_text() == "{half"


def test_a_state_file_that_can_t_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    ended = run_to_its_end("--port", "0", "--state", str(tmp_path / "nowhere" / "state.json"))

    assert ended.returncode == 2
    assert "can't be written: No such file or directory" in ended.stderr


def test_what_was_kept_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with running_emulator("--state", str(path)) as emulator:
        emulator.connect("slack", ["chat:write"])
        headers = bearer(emulator)
        os.kill(emulator.process.pid, signal.SIGKILL)
        emulator.process.wait(ENDED_WITHIN)

    assert json.loads(path.read_text())["connections"]
    with running_emulator("--state", str(path)) as again:
        reply = again.http.get(f"{api(again)}/list", headers=headers)
        assert [one["integration_type"] for one in reply.json()["integrations"]] == ["slack"]


def test_a_reset_is_a_reset_on_the_wire(emulator: RunningEmulator) -> None:
    emulator.fault(route="list", reset=True, count=1)
    headers = bearer(emulator)

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        emulator.http.get(f"{api(emulator)}/list", headers=headers)

    assert emulator.http.get(f"{api(emulator)}/list", headers=headers).status_code == 200


def test_a_large_body_is_a_hundred_megabytes(emulator: RunningEmulator) -> None:
    emulator.fault(route="list", body="large", count=1)

    with emulator.http.stream("GET", f"{api(emulator)}/list", headers=bearer(emulator)) as reply:
        assert reply.headers["content-length"] == "100000000"
        assert next(reply.iter_bytes()).startswith(b'{"integrations": [')


@pytest.mark.parametrize(("carried_out", "links"), [(False, []), (True, ["slack"])])
def test_a_client_that_gives_up_waiting_changes_nothing_unless_it_was_carried_out(
    emulator: RunningEmulator, carried_out: bool, links: list[str]
) -> None:
    emulator.fault(route="set", delay=3600, count=1, carried_out=carried_out)
    headers = bearer(emulator)

    with pytest.raises(httpx.ReadTimeout):
        emulator.http.put(f"{api(emulator)}/integrations/slack", json={}, headers=headers, timeout=0.5)

    while emulator.requests()[0]["operation"] is None:
        pass  # the emulator hasn't noticed yet that its client is gone
    assert list(emulator.open_links()) == links


def test_a_crooked_path_is_refused_as_it_is_on_the_wire(emulator: RunningEmulator) -> None:
    emulator.connect("slack", ["chat:write"])
    token = bearer(emulator)["Authorization"]
    with socket.create_connection(("127.0.0.1", httpx.URL(emulator.url).port or 0)) as line:
        path = f"{api(emulator)}/integrations/x/../slack/remove"
        request = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        line.sendall(request.encode())
        reply = line.makefile("rb").read()

    assert reply.startswith(b"HTTP/1.1 400")
    assert emulator.connectors() == {"slack": ["chat:write"]}
