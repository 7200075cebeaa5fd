"""A Base44 that answers what a test tells it to: replies that the emulator, being honest, never gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SET_REPLY = {
    "redirect_url": None,
    "connection_id": None,
    "already_authorized": False,
    "error": None,
    "error_message": None,
    "other_user_email": None,
}


@dataclass
class CannedBase44:
    """Replies by method and the end of the path, and what was asked. A list of replies is given one by one."""

    url: str = ""
    replies: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def lists(self, *integrations: dict[str, Any]) -> None:
        full = [{"status": "active", "scopes": [], **one} for one in integrations]
        self.replies["GET", "list"] = {"integrations": full}

    def sets(self, connector_type: str, **reply: Any) -> None:
        self.replies["PUT", connector_type] = {**SET_REPLY, **reply}

    def reply(self, method: str, path: str) -> Any:
        self.asked.append((method, path.partition("/api/apps/")[2].partition("/")[2]))
        last = path.partition("?")[0].rpartition("/")[2]
        reply = self.replies.get((method, last))
        return reply.pop(0) if isinstance(reply, list) else reply

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The requests that are more than a question."""
        return [one for one in self.asked if one[0] != "GET"]


@contextmanager
def canned_base44() -> Iterator[CannedBase44]:
    """Serve canned replies on a free port: an empty app without Stripe, until a test says otherwise."""
    base44 = CannedBase44()
    base44.lists()
    base44.replies["GET", "status"] = {"stripe_mode": None}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(base44.reply(self.command, self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # it hung up: another reply was enough for it
                self.wfile.write(body)

        do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815  (http.server's names)

        def log_message(self, *_: object) -> None:
            """Nothing: the test has `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        base44.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, name="canned Base44").start()
        try:
            yield base44
        finally:
            server.shutdown()
