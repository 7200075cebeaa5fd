"""The local API's routes: each reads its query, asks the face, and answers with a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectord.control.consent_routes import ConsentRoutes
from connectord.control.face import Face
from connectord.control.models import LONGEST_SNOOZE, Approval, History
from connectord.control.news import News
from connectord.control.queries import (
    LONGEST_WAIT,
    PREFIX,
    as_json,
    known_project,
    number_in,
    parsed_in,
    path_in,
    query,
    seconds_in,
)
from connectord.control.waiting import end, unless_closing
from connectord.project.shown import shown_path

NDJSON: Final = "application/x-ndjson"


class Routes:
    """The routes over one face. Set `closing` and every request that waits comes to its end."""

    def __init__(self, face: Face, closing: asyncio.Event) -> None:
        self._face = face
        self._closing = closing

    def all(self) -> list[Route]:
        """The routes, in the order of the documentation."""
        return [
            Route(f"{PREFIX}/daemon", self.daemon),
            Route(f"{PREFIX}/status", self.status),
            Route(f"{PREFIX}/history", self.history),
            Route(f"{PREFIX}/events", self.events),
            Route(f"{PREFIX}/wait", self.wait, methods=["POST"]),
            Route(f"{PREFIX}/projects", self.add_project, methods=["POST"]),
            Route(f"{PREFIX}/projects", self.remove_project, methods=["DELETE"]),
            Route(f"{PREFIX}/pause", self.pause, methods=["POST"]),
            Route(f"{PREFIX}/resume", self.resume, methods=["POST"]),
            Route(f"{PREFIX}/snooze", self.snooze, methods=["POST"]),
            Route(f"{PREFIX}/push", self.push, methods=["POST"]),
            Route(f"{PREFIX}/approve", self.approve, methods=["POST"]),
            Route(f"{PREFIX}/restore", self.restore, methods=["POST"]),
            Route(f"{PREFIX}/stop", self.stop, methods=["POST"]),
            *ConsentRoutes(self._face, self._closing).all(),
        ]

    async def daemon(self, request: Request) -> Response:
        """The daemon itself: its version, its pid and how it is."""
        del request
        return as_json(self._face.daemon_status())

    async def status(self, request: Request) -> Response:
        """All projects, or the one around `path`."""
        return as_json(self._face.status(await self._root(request)))

    async def history(self, request: Request) -> Response:
        """At most `limit` entries before id `before`, of all projects or one."""
        root = await self._root(request)
        limit, before = number_in(request, "limit", 100), number_in(request, "before", 0)
        return as_json(History(entries=self._face.history(root, limit=max(1, limit), before=before or None)))

    async def events(self, request: Request) -> Response:
        """News from now on as JSON lines, of all projects or one; what belongs to none is always told."""
        return _Lines(self._lines(await self._root(request)))

    async def wait(self, request: Request) -> Response:
        """Wait until the files as they are now are settled, `timeout` seconds at most."""
        root = await self._root(request)
        timeout = seconds_in(request, "timeout", LONGEST_WAIT)
        return as_json(await unless_closing(request, self._closing, self._face.wait(root, timeout=timeout)))

    async def add_project(self, request: Request) -> Response:
        """Register the project around `path`."""
        return as_json(await self._face.add_project(path_in(request)), status=201)

    async def remove_project(self, request: Request) -> Response:
        """Look after the project around `path` no more."""
        await self._face.remove_project(await known_project(self._face, path_in(request)))
        return Response(status_code=204)

    async def pause(self, request: Request) -> Response:
        """Push nothing until `resume`; answers with the status as it is then."""
        root = await self._root(request)
        await self._face.pause(root)
        return as_json(self._face.status(root))

    async def resume(self, request: Request) -> Response:
        """End a pause; answers with the status as it is then."""
        root = await self._root(request)
        await self._face.resume(root)
        return as_json(self._face.status(root))

    async def snooze(self, request: Request) -> Response:
        """Show no notices for `seconds`, 0 to end it; answers with the daemon as it is then."""
        await self._face.snooze(seconds_in(request, "seconds", LONGEST_SNOOZE))
        return as_json(self._face.daemon_status())

    async def push(self, request: Request) -> Response:
        """Look now, and try again what had failed for good; answers before that is done."""
        root = await self._root(request)
        await self._face.push(root)
        return as_json(self._face.status(root), status=202)

    async def approve(self, request: Request) -> Response:
        """Remove what is held in the project around `path`, if that is exactly what `approval` (JSON) says."""
        root = await known_project(self._face, path_in(request))
        await self._face.approve(root, parsed_in(request, "approval", Approval))
        return as_json(self._face.status(root), status=202)

    async def restore(self, request: Request) -> Response:
        """Write back the files of the project around `path` whose connectors wait to be removed."""
        return as_json(await self._face.restore(await known_project(self._face, path_in(request))))

    async def stop(self, request: Request) -> Response:
        """End the daemon; answers with what it was."""
        del request
        daemon = self._face.daemon_status()
        self._face.stop()
        return as_json(daemon, status=202)

    async def _root(self, request: Request) -> Path | None:
        return await known_project(self._face, path_in(request)) if "path" in query(request) else None

    async def _lines(self, root: Path | None) -> AsyncGenerator[str, None]:
        closing = asyncio.create_task(self._closing.wait())
        try:
            with self._face.events() as news:
                yield "\n"  # an empty line: from now on nothing is missed
                while (one := await _next(news, closing)) is not None:
                    if root is None or one.project in {None, shown_path(root)}:
                        yield one.model_dump_json(exclude_none=True) + "\n"
        finally:
            await end(closing)


class _Lines(StreamingResponse):
    """A stream whose source ends with it: starlette leaves that to the garbage collector."""

    def __init__(self, source: AsyncGenerator[str, None]) -> None:
        super().__init__(source, media_type=NDJSON)
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._source.aclose()


async def _next(news: AsyncIterator[News], closing: asyncio.Task[Any]) -> News | None:
    """The next news; None at the end of them, and when the daemon ends."""
    coming = asyncio.ensure_future(anext(news, None))
    try:
        await asyncio.wait([coming, closing], return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        await end(coming)
