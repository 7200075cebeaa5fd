"""From a whole reply to a typed value, or to the error that a person can act on (protocol.md, "Headers, errors")."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connectord.base44.errors import Base44Error, Busy, Forbidden, NotFound, Refused, SignedOut, UnexpectedReply
from connectord.base44.exchange import Answer
from connectord.base44.models import Reply
from connectord.base44.retry import retry_after
from connectord.base44.words import SIGN_IN, is_web_page, plain, web_page_words

R = TypeVar("R", bound=Reply)

_TRY_AGAIN: Final = "Try again in a minute."
_MOST_DETAILS: Final = 20


class _Fault(BaseModel):
    """One entry of `extra_data.errors`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: str = ""
    message: str = ""


class _ErrorBody(BaseModel):
    """What an error's body may say. Every key is optional, and so is its being an object at all."""

    model_config = ConfigDict(hide_input_in_errors=True)

    message: object = None
    detail: object = None
    error_description: object = None
    error: object = None
    error_type: object = None
    extra_data: object = Field(default=None)

    @property
    def text(self) -> str:
        """The first of the texts that is there; values that are no text are shown as JSON."""
        said = next((value for value in (self.message, self.detail, self.error_description, self.error) if value), "")
        return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)

    @property
    def faults(self) -> tuple[_Fault, ...]:
        """The entries of `extra_data.errors`, none where the key holds anything else."""
        errors = self.extra_data.get("errors") if isinstance(self.extra_data, dict) else None
        try:
            return tuple(_FAULTS.validate_python(errors))
        except ValidationError:
            return ()


_FAULTS: Final = TypeAdapter(list[_Fault])


def read(answer: Answer, model: type[R], *, now: float, sign_in: str = SIGN_IN) -> R:
    """The reply as `model`. Raises the error that the status stands for, or UnexpectedReply."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise failure(answer, now=now, sign_in=sign_in)
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as invalid:
        raise unexpected(answer, _misfit(answer, invalid)) from None


def failure(answer: Answer, *, now: float, sign_in: str = SIGN_IN) -> Base44Error:
    """The error that a reply without a success status stands for; `now` dates its Retry-After."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return _redirected(answer)
    body = _error_body(answer)
    wait = retry_after(answer.headers, now)
    kind = _kind(answer.status, body, wait)
    verb = "can't" if kind is Busy else "refused to"
    more = f"; it asks to wait {wait:.0f} s" if kind is Busy and wait else ""
    return kind(
        f"Base44 {verb} {answer.request.operation}: {_said(answer, body)} ({_reference(answer)}){more}",
        operation=answer.request.operation,
        url=answer.url,
        status=answer.status,
        request_id=answer.request_id,
        retry_after=wait,
        todo=_todo(kind, answer, sign_in),
        details=_details(answer, body),
    )


def unexpected(answer: Answer, what: str) -> UnexpectedReply:
    """The error for a reply that can't be what it should be; `what` says why, without quoting values (P13)."""
    return UnexpectedReply(
        f"Base44's answer can't be read, when asked to {answer.request.operation}: {what} ({_reference(answer)})",
        operation=answer.request.operation,
        url=answer.url,
        status=answer.status,
        request_id=answer.request_id,
        todo=(
            "Try again in a minute.",
            "Check BASE44_API_URL, and whether a proxy or a network's sign-in page answers.",
        ),
    )


def oauth_error(answer: Answer) -> str:
    """The `error` of RFC 6749, 5.2 in the reply, or nothing."""
    error = _error_body(answer).error
    return error if isinstance(error, str) else ""


def _kind(status: int, body: _ErrorBody, wait: float | None) -> type[Base44Error]:
    if body.error_type == "KeyError":
        return NotFound
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {408, 429} or (status == 413 and wait is not None):  # noqa: PLR2004  (HTTPStatus.REQUEST_ENTITY_TOO_LARGE is named otherwise from 3.13 on)
        return Busy
    return {401: SignedOut, 403: Forbidden, 404: NotFound}.get(status, Refused)


def _todo(kind: type[Base44Error], answer: Answer, sign_in: str) -> tuple[str, ...]:
    if kind is NotFound and answer.request.path.startswith("/api/apps/"):
        return ("Check the app id in .app.jsonc (or BASE44_APP_ID, --app-id), and that this user may see the app.",)
    known = {
        SignedOut: sign_in,
        Forbidden: "Check with `connectord whoami` that you are signed in as someone who may change this app.",
        Busy: _TRY_AGAIN,
    }
    support = f"Correct what it names; if that doesn't help, give Base44's support the request id {answer.request_id}."
    return (known.get(kind, support),)


def _error_body(answer: Answer) -> _ErrorBody:
    try:
        return _ErrorBody.model_validate_json(answer.body)
    except ValidationError:
        return _ErrorBody()


def _said(answer: Answer, body: _ErrorBody) -> str:
    if is_web_page(answer.headers.get("content-type", ""), answer.body):
        return web_page_words(answer.body)
    text = body.text or answer.body.decode("utf-8", "replace")
    return plain(text, secrets=answer.secrets).rstrip(".") or _phrase(answer.status)


def _details(answer: Answer, body: _ErrorBody) -> tuple[str, ...]:
    lines = (f"{fault.name}: {fault.message}" for fault in body.faults[:_MOST_DETAILS])
    return tuple(plain(line, secrets=answer.secrets) for line in lines)


def _redirected(answer: Answer) -> UnexpectedReply:
    host = urlsplit(answer.headers.get("location", "")).netloc.rpartition("@")[2]
    target = f"to {plain(host, limit=100)}" if host else "to another address"
    return unexpected(answer, f"it redirects {target}, where connectord won't send your credentials")


def _misfit(answer: Answer, invalid: ValidationError) -> str:
    if not answer.body.strip():
        return "it is empty"
    if is_web_page(answer.headers.get("content-type", ""), answer.body):
        return f"it is {web_page_words(answer.body)}, not JSON"
    first = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "it is not JSON"
    if not first["loc"]:
        return "it is not an object"
    return f'key "{_path(first["loc"])}": {first["msg"]}'


def _path(loc: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def _reference(answer: Answer) -> str:
    return f"{answer.status}, request {answer.request_id}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"
