"""The local API's routes: each reads its query, asks the face, and answers with a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectord.control.face import Face
from connectord.control.known_root import known_root
from connectord.control.models import LONGEST_SNOOZE, Approval, History, Model
from connectord.control.news import News
from connectord.errors import ConnectordError
from connectord.project.shown import shown_path

T = TypeVar("T")

PREFIX: Final = "/v1"
LONGEST_WAIT: Final = 86_400
NDJSON: Final = "application/x-ndjson"


class BadRequest(ConnectordError):
    """A request that isn't one of this API's; a command of the same version never sends it."""

    code = "BAD_REQUEST"


class Ending(ConnectordError):
    """The daemon was asked to end while this request waited."""

    code = "DAEMON_ENDING"

    def __init__(self) -> None:
        super().__init__("The daemon is ending, so it didn't wait any longer.", todo=("connectord start",))


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
        ]

    async def daemon(self, request: Request) -> Response:
        """The daemon itself: its version, its pid and how it is."""
        del request
        return _json(self._face.status(None).daemon)

    async def status(self, request: Request) -> Response:
        """All projects, or the one around `path`."""
        return _json(self._face.status(await self._root(request)))

    async def history(self, request: Request) -> Response:
        """At most `limit` entries before id `before`, of all projects or one."""
        root = await self._root(request)
        limit, before = _number(request, "limit", 100), _number(request, "before", 0)
        return _json(History(entries=self._face.history(root, limit=max(1, limit), before=before or None)))

    async def events(self, request: Request) -> Response:
        """News from now on as JSON lines, of all projects or one; what belongs to none is always told."""
        return _Lines(self._lines(await self._root(request)))

    async def wait(self, request: Request) -> Response:
        """Wait until the files as they are now are settled, `timeout` seconds at most."""
        root = await self._root(request)
        timeout = _seconds(request, "timeout", LONGEST_WAIT)
        return _json(await self._unless_closing(request, self._face.wait(root, timeout=timeout)))

    async def add_project(self, request: Request) -> Response:
        """Register the project around `path`."""
        return _json(await self._face.add_project(_path(request)), status=201)

    async def remove_project(self, request: Request) -> Response:
        """Look after the project around `path` no more."""
        await self._face.remove_project(await self._known_root(_path(request)))
        return Response(status_code=204)

    async def pause(self, request: Request) -> Response:
        """Push nothing until `resume`; answers with the status as it is then."""
        root = await self._root(request)
        await self._face.pause(root)
        return _json(self._face.status(root))

    async def resume(self, request: Request) -> Response:
        """End a pause; answers with the status as it is then."""
        root = await self._root(request)
        await self._face.resume(root)
        return _json(self._face.status(root))

    async def snooze(self, request: Request) -> Response:
        """Show no notices for `seconds`, 0 to end it; answers with the daemon as it is then."""
        await self._face.snooze(_seconds(request, "seconds", LONGEST_SNOOZE))
        return _json(self._face.status(None).daemon)

    async def push(self, request: Request) -> Response:
        """Look now, and try again what had failed for good; answers before that is done."""
        root = await self._root(request)
        await self._face.push(root)
        return _json(self._face.status(root), status=202)

    async def approve(self, request: Request) -> Response:
        """Remove what is held in the project around `path`, if that is exactly what `approval` (JSON) says."""
        root = await self._known_root(_path(request))
        await self._face.approve(root, _approval(request))
        return _json(self._face.status(root), status=202)

    async def restore(self, request: Request) -> Response:
        """Write back the files of the project around `path` whose connectors wait to be removed."""
        return _json(await self._face.restore(await self._known_root(_path(request))))

    async def stop(self, request: Request) -> Response:
        """End the daemon; answers with what it was."""
        del request
        daemon = self._face.status(None).daemon
        self._face.stop()
        return _json(daemon, status=202)

    async def _root(self, request: Request) -> Path | None:
        return await self._known_root(_path(request)) if "path" in _query(request) else None

    async def _known_root(self, path: Path) -> Path:
        """The known project that `path` lies in. Reading the disk may take long, so it doesn't happen on the loop."""
        return await asyncio.to_thread(known_root, path, self._face.roots())

    async def _unless_closing(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        """The work's result. It is cancelled when the daemon ends or nobody waits for it any more."""
        working = asyncio.create_task(work)
        others = [asyncio.create_task(self._closing.wait()), asyncio.create_task(_hung_up(request))]
        try:
            await asyncio.wait([working, *others], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Ending
            return working.result()
        finally:
            await _end(working, *others)

    async def _lines(self, root: Path | None) -> AsyncGenerator[str, None]:
        closing = asyncio.create_task(self._closing.wait())
        try:
            with self._face.events() as news:
                yield "\n"  # an empty line: from now on nothing is missed
                while (one := await _next(news, closing)) is not None:
                    if root is None or one.project in {None, shown_path(root)}:
                        yield one.model_dump_json(exclude_none=True) + "\n"
        finally:
            await _end(closing)


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
        await _end(coming)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    """Wait until the client is gone. These requests have no body."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(model: Model, *, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")


def _query(request: Request) -> dict[str, str]:
    # starlette replaces bytes that aren't UTF-8, and a path may hold them.
    text = request.scope["query_string"].decode("ascii", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))


def _path(request: Request) -> Path:
    named = _query(request).get("path", "")
    if not named.startswith("/") or "\0" in named:
        raise BadRequest(f"`path` must be an absolute path, not {named!r}.")
    return Path(named)


def _approval(request: Request) -> Approval:
    try:
        return Approval.model_validate_json(_query(request).get("approval", ""))
    except ValidationError as error:
        raise BadRequest("`approval` must be the holds as JSON, by reason.") from error


def _number(request: Request, name: str, default: int) -> int:
    text = _query(request).get(name)
    if text is not None and not text.isdecimal():
        raise BadRequest(f"`{name}` must be a whole number, not {text!r}.")
    return default if text is None else int(text)


def _seconds(request: Request, name: str, longest: int) -> float:
    text = _query(request).get(name, "")
    try:
        seconds = float(text)
    except ValueError as error:
        raise BadRequest(f"`{name}` must be seconds, not {text!r}.") from error
    if not 0 <= seconds <= longest:
        raise BadRequest(f"`{name}` must be between 0 and {longest} seconds, not {text}.")
    return seconds
