"""The sign-in routes: device code, token (device login and refresh) and userinfo (RFC 8628, RFC 6749)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pydantic import BaseModel
from starlette.responses import Response

from connectord.emulator.accounts import TokenPair
from connectord.emulator.gate import Needs, Operation
from connectord.emulator.operations import OperationName
from connectord.emulator.refusals import (
    DeviceLoginDenied,
    DeviceLoginExpired,
    DeviceLoginPending,
    InvalidGrant,
    PolledTooSoon,
    Refusal,
)
from connectord.emulator.replies import Call, json_reply, parse_body, parse_form

CLIENT_ID: Final = "base44_cli"
SCOPE: Final = "apps:read apps:write sandbox:write"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT: Final = "refresh_token"

_ERRORS: Final[dict[type[Refusal], str]] = {
    InvalidGrant: "invalid_grant",
    DeviceLoginPending: "authorization_pending",
    PolledTooSoon: "slow_down",
    DeviceLoginExpired: "expired_token",
    DeviceLoginDenied: "access_denied",
}


class DeviceCodeRequest(BaseModel):
    """The body of `device code`."""

    client_id: str = ""
    scope: str = SCOPE


def device_code(call: Call) -> Response:
    """POST /oauth/device/code"""
    if parse_body(DeviceCodeRequest, call.body).client_id != CLIENT_ID:
        return _oauth_error("invalid_client", "Unknown client")
    login = call.world.accounts.start_device_login()
    return json_reply(
        {
            "device_code": login.device_code,
            "user_code": login.user_code,
            "verification_uri": call.address("/device"),
            "expires_in": call.world.settings.device_lifetime,
            "interval": login.interval,
        }
    )


def token(call: Call) -> Response:
    """POST /oauth/token, as a form"""
    form = parse_form(call.body)
    if form.get("client_id") != CLIENT_ID:
        return _oauth_error("invalid_client", "Unknown client")
    try:
        return _exchange(call, form)
    except tuple(_ERRORS) as refusal:
        return _oauth_error(_ERRORS[type(refusal)], str(refusal))


def userinfo(call: Call) -> Response:
    """GET /oauth/userinfo"""
    return json_reply({"email": call.caller, "name": call.world.accounts.name_of(call.caller)})


def token_reply(pair: TokenPair) -> Response:
    """A fresh pair of tokens, as the token route gives it."""
    return json_reply(
        {
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
            "scope": SCOPE,
        }
    )


OPERATIONS: Final = (
    Operation(OperationName.DEVICE_CODE, "POST", "/oauth/device/code", device_code, Needs.NOTHING),
    Operation(OperationName.TOKEN, "POST", "/oauth/token", token, Needs.NOTHING),
    Operation(OperationName.USERINFO, "GET", "/oauth/userinfo", userinfo, Needs.SIGN_IN),
)


def _exchange(call: Call, form: dict[str, str]) -> Response:
    accounts = call.world.accounts
    if (grant := form.get("grant_type")) == DEVICE_GRANT:
        return token_reply(accounts.poll_device_login(form.get("device_code", "")))
    if grant == REFRESH_GRANT:
        return token_reply(accounts.refresh(form.get("refresh_token", "")))
    return _oauth_error("unsupported_grant_type", f"Unsupported grant type: {grant}")


def _oauth_error(error: str, description: str) -> Response:
    return json_reply({"error": error, "error_description": description}, HTTPStatus.BAD_REQUEST)
