"""What the routes share: reading a request's query, and answering with a model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from connectord.control.face import Face
from connectord.control.known_root import known_root
from connectord.control.models import Model
from connectord.errors import ConnectordError

M = TypeVar("M", bound=Model)

PREFIX: Final = "/v1"
LONGEST_WAIT: Final = 86_400


class BadRequest(ConnectordError):
    """A request that isn't one of this API's; a command of the same version never sends it."""

    code = "BAD_REQUEST"


def as_json(model: Model, *, status: int = 200) -> Response:
    """The answer."""
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")


def query(request: Request) -> dict[str, str]:
    """The parameters; of one that is there twice the last."""
    # starlette replaces bytes that aren't UTF-8, and a path may hold them.
    text = request.scope["query_string"].decode("ascii", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))


async def known_project(face: Face, path: Path) -> Path:
    """The known project that `path` lies in. Reading the disk may take long, so it doesn't happen on the loop."""
    return await asyncio.to_thread(known_root, path, face.roots())


def path_in(request: Request) -> Path:
    """The parameter `path`."""
    named = query(request).get("path", "")
    if not named.startswith("/") or "\0" in named:
        raise BadRequest(f"`path` must be an absolute path, not {named!r}.")
    return Path(named)


def text_in(request: Request, name: str) -> str:
    """A parameter that must say something."""
    text = query(request).get(name, "")
    if not text:
        raise BadRequest(f"`{name}` is missing.")
    return text


def parsed_in(request: Request, name: str, model: type[M]) -> M:
    """A parameter that is a model as JSON."""
    try:
        return model.model_validate_json(query(request).get(name, ""))
    except ValidationError as error:
        raise BadRequest(f"`{name}` must be {model.__name__} as JSON.") from error


def number_in(request: Request, name: str, default: int) -> int:
    """A whole number."""
    text = query(request).get(name)
    if text is not None and not text.isdecimal():
        raise BadRequest(f"`{name}` must be a whole number, not {text!r}.")
    return default if text is None else int(text)


def seconds_in(request: Request, name: str, longest: int) -> float:
    """A length of time that must be said."""
    text = query(request).get(name, "")
    try:
        seconds = float(text)
    except ValueError as error:
        raise BadRequest(f"`{name}` must be seconds, not {text!r}.") from error
    if not 0 <= seconds <= longest:
        raise BadRequest(f"`{name}` must be between 0 and {longest} seconds, not {text}.")
    return seconds
