"""The admin routes: look at the world, let people decide, let things go wrong. See admin_routes for the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectord.emulator.admin_models import (
    AppRequest,
    ConnectorRequest,
    Decision,
    DecisionRequest,
    FaultRequest,
    SettingsRequest,
    TokensRequest,
)
from connectord.emulator.admin_routes import ADMIN_ROUTES
from connectord.emulator.oauth import token_reply
from connectord.emulator.refusals import Refusal, UnknownClaim
from connectord.emulator.replies import (
    Call,
    Endpoint,
    InvalidBody,
    invalid_body_reply,
    json_reply,
    parse_body,
    refusal_reply,
)
from connectord.emulator.state import DEFAULT_EMAIL, Connection, ConnectionStatus
from connectord.emulator.views import (
    connection_view,
    consent_view,
    fault_view,
    request_view,
    settings_view,
    world_view,
)
from connectord.emulator.world import World


def routes(world: World) -> list[Route]:
    """The admin routes of this world."""
    return [Route(path, _answering(world, endpoint), methods=[method]) for method, path, endpoint in _ENDPOINTS]


def index(call: Call) -> Response:
    """GET /admin"""
    del call
    return json_reply({one.route: one.text for one in ADMIN_ROUTES})


def show_state(call: Call) -> Response:
    """GET /admin/state"""
    return json_reply(world_view(call.world))


def show_requests(call: Call) -> Response:
    """GET /admin/requests"""
    return json_reply({"requests": [request_view(one) for one in call.world.journal.entries]})


def clear_requests(call: Call) -> Response:
    """DELETE /admin/requests"""
    call.world.journal.clear()
    return _ok()


def show_faults(call: Call) -> Response:
    """GET /admin/faults"""
    return json_reply({"faults": [fault_view(fault) for fault in call.world.faults.active]})


def add_fault(call: Call) -> Response:
    """POST /admin/faults"""
    call.world.faults.add(parse_body(FaultRequest, call.body).fault())
    return show_faults(call)


def clear_faults(call: Call) -> Response:
    """DELETE /admin/faults, and with ?app=ID those of one app alone"""
    call.world.faults.clear(call.request.query_params.get("app"))
    return show_faults(call)


def issue_tokens(call: Call) -> Response:
    """POST /admin/tokens"""
    wanted = parse_body(TokensRequest, call.body)
    return token_reply(call.world.accounts.sign_in(wanted.email or DEFAULT_EMAIL))


def expire_tokens(call: Call) -> Response:
    """POST /admin/tokens/expire"""
    return json_reply({"expired": call.world.accounts.expire_access_tokens()})


def revoke_tokens(call: Call) -> Response:
    """POST /admin/tokens/revoke"""
    return json_reply({"revoked": call.world.accounts.revoke_everything()})


def set_app(call: Call) -> Response:
    """POST /admin/apps/{app_id}"""
    app_id = call.request.path_params["app_id"]
    wanted = parse_body(AppRequest, call.body)
    call.world.set_access(app_id, accessible=wanted.accessible)
    return json_reply({"id": app_id, "accessible": wanted.accessible})


def set_connector(call: Call) -> Response:
    """POST /admin/connectors/{app_id}/{type}"""
    app_id = call.request.path_params["app_id"]
    wanted = parse_body(ConnectorRequest, call.body)
    call.world.set_access(app_id, accessible=True)
    present = {one.type: one for one in call.world.integrations.listed(app_id)}
    changed = _changed(present.get(call.type) or _brand_new(call.type), wanted)
    call.world.integrations.overwrite(app_id, changed)
    return json_reply(connection_view(changed))


def decide_consent(call: Call) -> Response:
    """POST /admin/consents/{connection_id}"""
    wanted = parse_body(DecisionRequest, call.body)
    integrations = call.world.integrations
    consent = integrations.consent(call.request.path_params["connection_id"])
    match wanted.action:
        case Decision.ALLOW:
            integrations.allow(consent, email=wanted.email)
        case Decision.DENY:
            integrations.deny(consent)
        case Decision.EXPIRE:
            integrations.expire(consent)
    return json_reply(consent_view(call.world, integrations.consent(consent.connection_id)))


def decide_device(call: Call) -> Response:
    """POST /admin/devices/{user_code}"""
    wanted = parse_body(DecisionRequest, call.body)
    if wanted.action is Decision.EXPIRE:
        raise InvalidBody([("action", "allow or deny")])
    email = (wanted.email or DEFAULT_EMAIL) if wanted.action is Decision.ALLOW else None
    call.world.accounts.decide_device_login(call.request.path_params["user_code"], email=email)
    return _ok()


def claim_stripe(call: Call) -> Response:
    """POST /admin/stripe/{app_id}/claim"""
    if (account := call.world.payments.account(call.request.path_params["app_id"])) is None:
        raise UnknownClaim("Stripe isn't installed in this app")
    call.world.payments.claim(account.claim_token)
    return _ok()


def change_settings(call: Call) -> Response:
    """POST /admin/settings"""
    call.world.change_settings(parse_body(SettingsRequest, call.body).over(call.world.settings))
    return json_reply(settings_view(call.world.settings))


def reset(call: Call) -> Response:
    """POST /admin/reset"""
    call.world.reset()
    return _ok()


_ENDPOINTS: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/admin", index),
    ("GET", "/admin/state", show_state),
    ("GET", "/admin/requests", show_requests),
    ("DELETE", "/admin/requests", clear_requests),
    ("GET", "/admin/faults", show_faults),
    ("POST", "/admin/faults", add_fault),
    ("DELETE", "/admin/faults", clear_faults),
    ("POST", "/admin/tokens", issue_tokens),
    ("POST", "/admin/tokens/expire", expire_tokens),
    ("POST", "/admin/tokens/revoke", revoke_tokens),
    ("POST", "/admin/apps/{app_id}", set_app),
    ("POST", "/admin/connectors/{app_id}/{type}", set_connector),
    ("POST", "/admin/consents/{connection_id}", decide_consent),
    ("POST", "/admin/devices/{user_code}", decide_device),
    ("POST", "/admin/stripe/{app_id}/claim", claim_stripe),
    ("POST", "/admin/settings", change_settings),
    ("POST", "/admin/reset", reset),
)


def _answering(world: World, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return endpoint(Call(world, request, await request.body()))
        except Refusal as refusal:
            return refusal_reply(refusal)
        except InvalidBody as invalid:
            return invalid_body_reply(invalid)

    return answer


def _brand_new(type_: str) -> Connection:
    return Connection(type_, ConnectionStatus.ACTIVE, (), frozenset(), DEFAULT_EMAIL, DEFAULT_EMAIL)


def _changed(connection: Connection, wanted: ConnectorRequest) -> Connection:
    scopes = connection.scopes if wanted.scopes is None else wanted.scopes
    return replace(
        connection,
        status=wanted.status or connection.status,
        scopes=scopes,
        consented=connection.consented if wanted.scopes is None else frozenset(scopes),
        user_email=wanted.user_email or connection.user_email,
        connected_by=wanted.connected_by or connection.connected_by,
        config=connection.config if wanted.connection_config is None else wanted.connection_config,
    )


def _ok() -> Response:
    done: dict[str, JsonValue] = {"ok": True}
    return json_reply(done)
