"""The sign-in routes: device code, device token and renewal. None of them is signed, none is ever retried (POST)."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from connectord.base44.answers import failure, oauth_error, read, unexpected
from connectord.base44.errors import Base44Error, GrantRefused, SignInFailed
from connectord.base44.exchange import Answer
from connectord.base44.models import DeviceCode, Token
from connectord.base44.request import FORM, JSON, Request, json_body
from connectord.base44.words import SIGN_IN, is_web_page

CLIENT_ID: Final = "base44_cli"
SCOPES: Final = "apps:read apps:write sandbox:write"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"


class Waiting(StrEnum):
    """A device login that the person has not finished (RFC 8628, 3.5)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"


def device_code_request() -> Request:
    """Ask for a code that a person can type."""
    operation = "start a login"
    body = json_body(operation, {"client_id": CLIENT_ID, "scope": SCOPES})
    return Request(operation, "POST", "/oauth/device/code", body=body, content_type=JSON)


def device_token_request(device_code: str) -> Request:
    """Ask whether the person has confirmed the code."""
    return _token_request("finish the login", grant_type=DEVICE_GRANT, device_code=device_code)


def renewal_request(refresh_token: str) -> Request:
    """Exchange a refresh token; it is used up when the service has read this."""
    return _token_request("renew the sign-in", grant_type="refresh_token", refresh_token=refresh_token)


def read_device_code(answer: Answer, now: float) -> DeviceCode:
    """The code, with a link that is safe to show and open."""
    code = read(answer, DeviceCode, now=now)
    if not code.verification_uri.lower().startswith(("https://", "http://")):
        raise unexpected(answer, 'key "verification_uri": is not an http(s) link')
    return code


def read_device_token(answer: Answer, now: float) -> Token | Waiting:
    """The tokens, or what to wait for. Raises SignInFailed once the person denied it or the code expired."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return read(answer, Token, now=now)
    match oauth_error(answer):
        case "authorization_pending":
            return Waiting.PENDING
        case "slow_down":
            return Waiting.SLOW_DOWN
        case "access_denied":
            raise _ended(answer, "The login was denied in the browser")
        case "expired_token":
            raise _ended(answer, "The code expired before it was confirmed")
    raise _token_failure(answer, now)


def read_renewal(answer: Answer, now: float) -> Token:
    """The new pair. Raises GrantRefused for `invalid_grant` alone: all else leaves the sign-in as it is (defect 9)."""
    refused = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
    if answer.status in refused and oauth_error(answer) == "invalid_grant":
        raise GrantRefused(
            f"Base44 no longer accepts the sign-in on this machine ({answer.status}, request {answer.request_id})",
            todo=(SIGN_IN,),
            operation=answer.request.operation,
            url=answer.url,
            status=answer.status,
            request_id=answer.request_id,
        )
    if answer.status < HTTPStatus.BAD_REQUEST:
        return read(answer, Token, now=now)
    raise _token_failure(answer, now)


def _ended(answer: Answer, what: str) -> SignInFailed:
    return SignInFailed(
        what,
        operation=answer.request.operation,
        url=answer.url,
        status=answer.status,
        request_id=answer.request_id,
        todo=("Start again: connectord login",),
    )


def _token_failure(answer: Answer, now: float) -> Base44Error:
    """Without an OAuth error code a 4xx is not the token endpoint's word: a proxy's, say. Transient."""
    failed = failure(answer, now=now)
    if failed.transient or oauth_error(answer):
        return failed
    what = "it is a web page" if is_web_page(answer.headers.get("content-type", ""), answer.body) else failed.what
    return unexpected(answer, what)


def _token_request(operation: str, **form: str) -> Request:
    body = urlencode({**form, "client_id": CLIENT_ID}).encode()
    return Request(operation, "POST", "/oauth/token", body=body, content_type=FORM, secrets=tuple(form.values()))
