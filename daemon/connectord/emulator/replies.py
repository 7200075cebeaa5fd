"""What all operations share on the wire: what an endpoint is handed, JSON replies, errors as Base44 words them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectord.emulator.refusals import (
    LinkExpired,
    NoAccess,
    Refusal,
    TooManyRequests,
    UnknownApp,
    UnknownClaim,
    UnknownConsent,
    UnknownDeviceCode,
    UnknownIntegration,
)
from connectord.emulator.world import World

_STATUS: Final[dict[type[Refusal], HTTPStatus]] = {
    UnknownApp: HTTPStatus.NOT_FOUND,
    NoAccess: HTTPStatus.FORBIDDEN,
    UnknownIntegration: HTTPStatus.BAD_REQUEST,
    UnknownConsent: HTTPStatus.NOT_FOUND,
    UnknownClaim: HTTPStatus.NOT_FOUND,
    UnknownDeviceCode: HTTPStatus.NOT_FOUND,
    LinkExpired: HTTPStatus.GONE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let through. `caller` and `app_id` are empty for operations that need none."""

    world: World
    request: Request
    body: bytes
    caller: str = ""
    app_id: str = ""

    @property
    def type(self) -> str:
        """The connector type in the path."""
        return str(self.request.path_params["type"])

    def address(self, path: str) -> str:
        """A link to this emulator, under the name by which the client reached it."""
        return f"{str(self.request.base_url).rstrip('/')}{path}"


Endpoint = Callable[[Call], Response]
"""Answers one call; a Refusal it raises becomes an error reply."""

Body = TypeVar("Body", bound=BaseModel)


class InvalidBody(Exception):
    """A body that isn't what the operation takes; `errors` are the fields and what is wrong with them."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("Invalid request body")
        self.errors = errors


def parse_body(model: type[Body], body: bytes) -> Body:
    """The JSON body as a model. Raises InvalidBody."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        wrong = [(".".join(map(str, one["loc"])) or "body", one["msg"]) for one in error.errors()]
        raise InvalidBody(wrong) from error


def parse_form(body: bytes) -> dict[str, str]:
    """An urlencoded form; of a repeated field the last value counts."""
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def json_reply(content: JsonValue, status: int = HTTPStatus.OK) -> JSONResponse:
    """A reply in JSON."""
    return JSONResponse(content, status_code=status)


def unauthorized() -> JSONResponse:
    """What Base44 says to nobody (protocol.md, "Routes of the SDK")."""
    return json_reply({"detail": "Unauthorized"}, HTTPStatus.UNAUTHORIZED)


def error_reply(message: str, status: int) -> JSONResponse:
    """An error as Base44's API words it: clients read `message`, else `detail`."""
    return json_reply({"error_type": "HTTPException", "message": message, "detail": message}, status)


def refusal_reply(refusal: Refusal) -> JSONResponse:
    """The error reply for something that the world refused."""
    reply = error_reply(str(refusal), _STATUS.get(type(refusal), HTTPStatus.BAD_REQUEST))
    if isinstance(refusal, TooManyRequests):
        reply.headers["Retry-After"] = str(refusal.retry_after)
    return reply


def invalid_body_reply(invalid: InvalidBody) -> JSONResponse:
    """The error reply for a body of the wrong shape."""
    errors: list[JsonValue] = [{"name": name, "message": message} for name, message in invalid.errors]
    content: dict[str, JsonValue] = {"message": str(invalid), "detail": str(invalid), "extra_data": {"errors": errors}}
    return json_reply(content, HTTPStatus.UNPROCESSABLE_ENTITY)
