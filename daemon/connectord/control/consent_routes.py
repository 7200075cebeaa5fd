"""The routes about consents: a fresh link, its end, putting it off, and a link that another process was given."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectord.control.consent_models import LinkToWatch
from connectord.control.face import Face
from connectord.control.queries import (
    LONGEST_WAIT,
    PREFIX,
    as_json,
    known_project,
    parsed_in,
    path_in,
    seconds_in,
    text_in,
)
from connectord.control.waiting import unless_closing

_POST: Final = ["POST"]


class ConsentRoutes:
    """The routes over one face's consents. Each is about one connector (`type`) of the project around `path`."""

    def __init__(self, face: Face, closing: asyncio.Event) -> None:
        self._face = face
        self._closing = closing

    def all(self) -> list[Route]:
        """The routes, in the order of the documentation."""
        return [
            Route(f"{PREFIX}/authorize", self.authorize, methods=_POST),
            Route(f"{PREFIX}/consent", self.consent, methods=_POST),
            Route(f"{PREFIX}/skip", self.skip, methods=_POST),
            Route(f"{PREFIX}/links", self.watch_link, methods=_POST),
        ]

    async def authorize(self, request: Request) -> Response:
        """A link that the caller opens: it has all of its time from now on."""
        root, name = await known_project(self._face, path_in(request)), text_in(request, "type")
        return as_json(await unless_closing(request, self._closing, self._face.consents.link(root, name)))

    async def consent(self, request: Request) -> Response:
        """How the consent that is waited for ends, after `timeout` seconds at most."""
        root, name = await known_project(self._face, path_in(request)), text_in(request, "type")
        timeout = seconds_in(request, "timeout", LONGEST_WAIT)
        ending = self._face.consents.ended(root, name, timeout=timeout)
        return as_json(await unless_closing(request, self._closing, ending))

    async def skip(self, request: Request) -> Response:
        """A person's word that this consent can wait; answers with the status as it is then."""
        root, name = await known_project(self._face, path_in(request)), text_in(request, "type")
        self._face.consents.skip(root, name)
        return as_json(self._face.status(root))

    async def watch_link(self, request: Request) -> Response:
        """Watch the `link` (JSON) that the caller was given by Base44; which link to show is in the answer."""
        root = await known_project(self._face, path_in(request))
        return as_json(self._face.consents.watch(root, parsed_in(request, "link", LinkToWatch)), status=201)
