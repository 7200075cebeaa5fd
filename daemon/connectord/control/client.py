"""The commands' end of the local API: plain http.client, because a command must load as quickly as it is answered."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from connectord.control.consent_models import Consent, LinkToWatch
from connectord.control.endpoint import peer_uid, socket_path
from connectord.control.models import (
    Approval,
    DaemonStatus,
    Failure,
    History,
    HistoryEntry,
    Model,
    ProjectAdded,
    Restoration,
    Status,
    WaitResult,
)
from connectord.control.news import News
from connectord.control.unanswered import DaemonGone, NoDaemon, NotAnswering, Refusal, check_protocol, foreign_server

M = TypeVar("M", bound=Model)

TIMEOUT: Final = 5.0
"""Seconds for what the daemon answers from memory; a machine under load is slower than the daemon."""

SLOW_TIMEOUT: Final = 30.0
"""Seconds for what makes it read a project's folder first."""

LINK_TIMEOUT: Final = 60.0
"""Seconds for what makes it ask Base44 first; it gives up before."""

_MARGIN: Final = 5.0


class Client:
    """The daemon, as a command sees it. Each call is a connection of its own.

    Raises NoDaemon (or a kind of it) where nobody answers, Refusal where the daemon says no, and ProtocolMismatch
    where both ends are of versions that don't understand each other.
    """

    def __init__(self, runtime: Path, *, timeout: float = TIMEOUT) -> None:
        self._runtime = runtime
        self._path = socket_path(runtime)
        self._timeout = timeout

    def daemon(self) -> DaemonStatus:
        """The daemon itself."""
        return self._get(DaemonStatus, "/daemon")

    def status(self, path: Path | None = None) -> Status:
        """How all projects are, or the one around `path`."""
        return self._get(Status, "/status", path=path)

    def history(self, path: Path | None = None, *, limit: int = 100) -> tuple[HistoryEntry, ...]:
        """What happened, newest first."""
        return self._get(History, "/history", path=path, limit=limit).entries

    def wait(self, path: Path | None = None, *, timeout: float) -> WaitResult:
        """Wait until the files as they are now are settled, `timeout` seconds at most."""
        return self._ask(
            WaitResult, "POST", "/wait", path=path, parameters={"timeout": timeout}, patience=timeout + _MARGIN
        )

    def add_project(self, path: Path) -> ProjectAdded:
        """Register the project around `path`."""
        return self._ask(ProjectAdded, "POST", "/projects", path=path, patience=SLOW_TIMEOUT)

    def remove_project(self, path: Path) -> None:
        """Look after the project around `path` no more."""
        with self._exchange("DELETE", "/projects", path=path, patience=SLOW_TIMEOUT):
            pass

    def pause(self, path: Path | None = None) -> Status:
        """Push nothing until `resume`; the status as it is then."""
        return self._ask(Status, "POST", "/pause", path=path)

    def resume(self, path: Path | None = None) -> Status:
        """End a pause; the status as it is then."""
        return self._ask(Status, "POST", "/resume", path=path)

    def snooze(self, seconds: float) -> DaemonStatus:
        """Show no notices for so many seconds, 0 to end it; the daemon as it is then."""
        return self._ask(DaemonStatus, "POST", "/snooze", parameters={"seconds": seconds})

    def push(self, path: Path | None = None) -> Status:
        """Ask for a push, also of what had failed for good; the status as it is then."""
        return self._ask(Status, "POST", "/push", path=path)

    def approve(self, path: Path, approval: Approval) -> Status:
        """Remove what is held in the project around `path`, if it is exactly this; the status as it is then."""
        parameters = {"approval": approval.model_dump_json()}
        return self._ask(Status, "POST", "/approve", path=path, parameters=parameters, patience=SLOW_TIMEOUT)

    def restore(self, path: Path) -> Restoration:
        """Write back the files whose connectors wait to be removed."""
        return self._ask(Restoration, "POST", "/restore", path=path, patience=SLOW_TIMEOUT)

    def link(self, path: Path, connector_type: str) -> Consent:
        """A link to open, whose time begins now."""
        return self._ask(
            Consent, "POST", "/authorize", path=path, parameters={"type": connector_type}, patience=LINK_TIMEOUT
        )

    def consent(self, path: Path, connector_type: str, *, timeout: float) -> Consent:
        """How the consent that is waited for ended; open still after `timeout` seconds."""
        parameters: dict[str, float | str] = {"type": connector_type, "timeout": timeout}
        return self._ask(Consent, "POST", "/consent", path=path, parameters=parameters, patience=timeout + _MARGIN)

    def skip(self, path: Path, connector_type: str) -> Status:
        """This consent can wait; the status as it is then."""
        return self._ask(Status, "POST", "/skip", path=path, parameters={"type": connector_type})

    def watch_link(self, path: Path, link: LinkToWatch) -> Consent:
        """Let the daemon watch a link that this process was given; the one that it watches is in the answer."""
        return self._ask(Consent, "POST", "/links", path=path, parameters={"link": link.model_dump_json()})

    def stop(self) -> DaemonStatus:
        """Ask the daemon to end; it still has to."""
        return self._ask(DaemonStatus, "POST", "/stop")

    @contextmanager
    def events(self, path: Path | None = None) -> Iterator[Iterator[News]]:
        """News from entering on; the iterator ends with the daemon, however that ended."""
        with self._exchange("GET", "/events", path=path, patience=None) as reply:
            self._line(reply)  # the empty one with which the daemon says that it has begun
            yield self._news(reply)

    def _news(self, reply: http.client.HTTPResponse) -> Iterator[News]:
        while (line := self._line(reply)).endswith(b"\n"):
            yield News.model_validate_json(line)

    def _line(self, reply: http.client.HTTPResponse) -> bytes:
        try:
            return reply.readline()
        except (OSError, http.client.HTTPException) as error:
            raise DaemonGone(self._runtime) from error

    def _get(self, model: type[M], route: str, *, path: Path | None = None, **parameters: float) -> M:
        return self._ask(model, "GET", route, path=path, parameters=parameters)

    def _ask(
        self,
        model: type[M],
        method: str,
        route: str,
        *,
        path: Path | None = None,
        parameters: Mapping[str, float | str] | None = None,
        patience: float | None = None,
    ) -> M:
        with self._exchange(method, route, path, parameters, patience or self._timeout) as reply:
            try:
                return model.model_validate_json(self._body(reply))
            except ValidationError as error:
                raise foreign_server(self._path, f"its answer to {route} can't be read") from error

    @contextmanager
    def _exchange(
        self,
        method: str,
        route: str,
        path: Path | None = None,
        parameters: Mapping[str, float | str] | None = None,
        patience: float | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and check who answers; a refusal is raised."""
        query: dict[str, object] = dict(parameters or {})
        if path is not None:
            query["path"] = os.path.abspath(path)  # noqa: PTH100  (resolve() would walk out of a symlinked project)
        target = f"/v1{route}?{urlencode(query, errors='surrogateescape')}"
        connection = _Connection(self._path, patience)
        with closing(connection):
            reply = self._sent(connection, method, target)
            check_protocol(self._path, reply.headers, self._runtime)
            if reply.status >= http.client.BAD_REQUEST:
                raise self._refusal(reply)
            yield reply

    def _sent(self, connection: _Connection, method: str, target: str) -> http.client.HTTPResponse:
        try:
            connection.connect()
        except (TimeoutError, BlockingIOError) as error:  # Linux says EAGAIN where the backlog is full
            raise NotAnswering(self._runtime) from error
        except OSError as error:
            raise NoDaemon(self._runtime, error) from error
        try:
            connection.request(method, target)
            return connection.getresponse()
        except TimeoutError as error:
            raise NotAnswering(self._runtime) from error
        except (OSError, http.client.HTTPException) as error:
            raise DaemonGone(self._runtime) from error

    def _body(self, reply: http.client.HTTPResponse) -> bytes:
        try:
            return reply.read()
        except TimeoutError as error:
            raise NotAnswering(self._runtime) from error
        except (OSError, http.client.HTTPException) as error:
            raise DaemonGone(self._runtime) from error

    def _refusal(self, reply: http.client.HTTPResponse) -> Refusal:
        try:
            return Refusal(Failure.model_validate_json(self._body(reply)))
        except ValidationError as error:
            raise foreign_server(self._path, f"it answered {reply.status}") from error


class _Connection(http.client.HTTPConnection):
    """HTTP on a unix socket, and only with this user's own process (or root's) at the other end."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        if self.sock is not None:
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
        if peer_uid(self.sock) not in {os.geteuid(), 0}:
            raise foreign_server(self._path, "it belongs to another user")
