"""The world as JSON for GET /admin/state and its kin: no token, key or device code in it."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import JsonValue

from connectord.emulator.faults import Fault
from connectord.emulator.journal import LoggedRequest
from connectord.emulator.state import Connection, Consent, Settings, StripeAccount
from connectord.emulator.world import World


def world_view(world: World) -> dict[str, JsonValue]:
    """Everything that a test or a person may want to know."""
    state = world.state
    return {
        "apps": [{"id": app.id, "accessible": app.accessible} for app in state.apps.values()],
        "connectors": {app: [connection_view(one) for one in world.integrations.listed(app)] for app in state.apps},
        "consents": [consent_view(world, one) for one in state.consents.values()],
        "stripe": {app: _stripe_view(account) for app, account in state.stripe.items()},
        "devices": [
            {"user_code": one.user_code, "status": one.status, "email": one.email}
            for one in state.device_logins.values()
        ],
        "users": dict(state.users),
        "access_tokens": len(state.access_tokens),
        "refresh_tokens": len(state.refresh_tokens),
        "settings": settings_view(state.settings),
    }


def connection_view(connection: Connection) -> dict[str, JsonValue]:
    """One connector, as it is now."""
    return {
        "type": connection.type,
        "status": connection.status,
        "scopes": list(connection.scopes),
        "consented": [*sorted(connection.consented)],
        "user_email": connection.user_email,
        "connected_by": connection.connected_by,
        "connection_config": connection.config,
    }


def consent_view(world: World, consent: Consent) -> dict[str, JsonValue]:
    """One authorization; the link is there so that a test can follow it."""
    return {
        "connection_id": consent.connection_id,
        "path": f"/api/external-auth/connect/{consent.link_token}",
        "app_id": consent.app_id,
        "type": consent.type,
        "scopes": list(consent.scopes),
        "requested_by": consent.requested_by,
        "status": world.integrations.status_of(consent),
        "expires_at": consent.expires_at,
    }


def settings_view(settings: Settings) -> dict[str, JsonValue]:
    """The settings in force."""
    return dict(asdict(settings))


def fault_view(fault: Fault) -> dict[str, JsonValue]:
    """One fault that is on."""
    return dict(asdict(fault))


def request_view(request: LoggedRequest) -> dict[str, JsonValue]:
    """One request that was sent."""
    return dict(asdict(request))


def _stripe_view(account: StripeAccount) -> dict[str, JsonValue]:
    return {"mode": account.mode, "claim_path": f"/claim/{account.claim_token}"}
