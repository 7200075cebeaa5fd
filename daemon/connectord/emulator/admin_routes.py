"""The list of admin routes, for the dashboard, the command's output and GET /admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AdminRoute:
    """One admin route and what it is for."""

    route: str
    text: str


ADMIN_ROUTES: Final = (
    AdminRoute("GET /admin/state", "everything there is, without secrets"),
    AdminRoute("GET, DELETE /admin/requests", "what clients sent, oldest first; forget it"),
    AdminRoute(
        "GET, POST, DELETE /admin/faults",
        "{route, method, app, type, status, retry_after, delay, reset, body, carried_out, count}",
    ),
    AdminRoute("POST /admin/tokens", "{email}: sign in without a device login"),
    AdminRoute("POST /admin/tokens/expire", "access tokens end now; refreshing works"),
    AdminRoute("POST /admin/tokens/revoke", "all sessions end now"),
    AdminRoute("POST /admin/apps/{app_id}", "{accessible}"),
    AdminRoute("POST /admin/connectors/{app_id}/{type}", "{status, scopes, email, connected_by, connection_config}"),
    AdminRoute("POST /admin/consents/{connection_id}", "{action: allow|deny|expire, email}"),
    AdminRoute("POST /admin/devices/{user_code}", "{action: allow|deny, email}"),
    AdminRoute("POST /admin/stripe/{app_id}/claim", "claim the sandbox"),
    AdminRoute(
        "POST /admin/settings",
        "{token_lifetime, link_lifetime, device_lifetime, device_interval, limits, round_trip_delay}",
    ),
    AdminRoute("POST /admin/reset", "begin anew"),
)
"""In the order in which a person needs them. Fields in braces are the JSON body, all optional but `action`."""
