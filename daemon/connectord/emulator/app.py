"""The emulated Base44 as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response

from connectord.emulator.admin import routes as admin_routes
from connectord.emulator.connectors import OPERATIONS as CONNECTORS
from connectord.emulator.consent_pages import routes as consent_routes
from connectord.emulator.dashboard import routes as dashboard_routes
from connectord.emulator.device_pages import routes as device_routes
from connectord.emulator.gate import Sleep
from connectord.emulator.middleware import LOOPBACK_HOSTS, Doorkeeper, Keeper, Trace
from connectord.emulator.oauth import OPERATIONS as SIGN_IN
from connectord.emulator.replies import error_reply
from connectord.emulator.stripe import OPERATIONS as STRIPE
from connectord.emulator.world import World


def create_app(world: World, *, keep: Callable[[], None] | None = None, sleep: Sleep = asyncio.sleep) -> Starlette:
    """A Base44 for this world. `keep` is called when the world may have changed; `sleep` waits out delays."""
    operations = (*CONNECTORS, *STRIPE, *SIGN_IN)
    middleware = [
        Middleware(Trace, world=world),
        Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_HOSTS, www_redirect=False),
        Middleware(Doorkeeper),
    ]
    if keep is not None:
        middleware.append(Middleware(Keeper, keep=keep))
    app = Starlette(
        routes=[
            *(operation.route(world, sleep) for operation in operations),
            *consent_routes(world),
            *device_routes(world),
            *dashboard_routes(world),
            *admin_routes(world),
        ],
        middleware=middleware,
        exception_handlers={HTTPException: _no_such_route},
    )
    app.router.redirect_slashes = False
    return app


async def _no_such_route(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return error_reply(HTTPStatus(status).phrase, status)
