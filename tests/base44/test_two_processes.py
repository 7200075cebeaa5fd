"""P7 between processes: of two that need new tokens at the same moment one renews, and both go on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from tests.support.base44 import read_auth, stored, write_auth

PROGRAM = """
import asyncio, sys
from pathlib import Path
from connectord.base44 import Base44, find_credentials

async def main(url, home):
    async with Base44(url, find_credentials({}, Path(home))) as base44:
        print("ready", flush=True)
        sys.stdin.readline()
        print((await base44.user()).email, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""

SECOND_RENEWAL_WITHIN = 0.5


class RotatingServer(ThreadingHTTPServer):
    """A token endpoint that takes each refresh token once, slowly enough for a second renewal to come in meanwhile."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.number = 1
        self.renewals: list[str] = []
        self.second = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def renew(self, refresh: str) -> dict[str, object] | None:
        self.renewals.append(refresh)
        if len(self.renewals) > 1:
            self.second.set()
        elif self.second.wait(SECOND_RENEWAL_WITHIN):
            return None
        if refresh != f"refresh-{self.number}":
            return None
        self.number += 1
        tokens = {name: f"{name.partition('_')[0]}-{self.number}" for name in ("access_token", "refresh_token")}
        return {**tokens, "token_type": "Bearer", "expires_in": 3600}


class _Handler(BaseHTTPRequestHandler):
    server: RotatingServer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        tokens = self.server.renew(form["refresh_token"][0])
        self._answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

    def do_GET(self) -> None:
        known = self.headers["authorization"] == f"Bearer access-{self.server.number}"
        self._answer(200 if known else 401, {"email": "ada@x.test", "name": "Ada"})

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test does."""

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[RotatingServer]:
    with RotatingServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def clients(count: int, url: str, home: Path) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", PROGRAM, url, str(home)]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("cause", ["an expiry", "a 401"])
def test_two_processes_that_renew_at_once_send_one_renewal_and_both_go_on(cause: str, tmp_path: Path) -> None:
    expired = stored(expiresAt=1)
    rejected = stored("access-0", expiresAt=99_999_999_999_999)
    write_auth(tmp_path, expired if cause == "an expiry" else rejected)
    with serving() as server, clients(2, server.url, tmp_path) as processes:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [process.communicate(timeout=30) for process in processes]
        assert [out for out, _ in ends] == ["ada@x.test\n"] * 2, ends
        assert server.renewals == ["refresh-1"]
    assert read_auth(tmp_path)["refreshToken"] == "refresh-2"
