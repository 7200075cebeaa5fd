"""The operations on one app's connectors (protocol.md, "Operations"), each one request and one typed reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, Protocol, TypeVar

from connectord.base44.errors import Refused, Unsendable
from connectord.base44.models import (
    AvailableIntegration,
    AvailableReply,
    ConsentStatus,
    ListReply,
    PollReply,
    RemoteConnector,
    RemoveReply,
    Reply,
    SetReply,
    StripeInstall,
    StripeRemove,
    StripeStatus,
)
from connectord.base44.request import (
    ATTEMPT_SECONDS,
    JSON,
    STRIPE_SECONDS,
    Limited,
    Request,
    app_segment,
    json_body,
    type_segment,
)

R = TypeVar("R", bound=Reply)

Allowed = Callable[[], Awaitable[None]]

STRIPE: Final = "stripe"


class Caller(Protocol):
    """Who carries a request out: signs it, sends it, retries it and reads the reply."""

    async def call(self, request: Request, model: type[R]) -> R:
        """The reply as `model`. Raises Base44Error."""
        ...

    def turns_left(self, kind: Limited) -> int:
        """How many requests of a kind may be sent now without waiting."""
        ...


class App:
    """One app of a Base44. Every operation raises Base44Error and nothing else.

    GET, PUT and DELETE are retried within a call, `install_stripe` (a POST) never is.
    """

    def __init__(self, app_id: str, *, host: str, call: Caller) -> None:
        self.app_id = app_id
        self.dashboard_url = f"{host}/apps/{app_segment(app_id)}/editor/workspace/app-connections"
        self._root = f"/api/apps/{app_segment(app_id)}"
        self._caller = call

    def __repr__(self) -> str:
        return f"App({self.app_id!r})"

    async def list_connectors(self, *, spare: int = 0) -> tuple[RemoteConnector, ...]:
        """What Base44 has now; `stripe` may turn up here, and belongs to its own routes all the same (defect 6).

        It waits until `spare` more lists could be asked for within the documented limit.
        """
        path = f"{self._root}/external-auth/list"
        request = Request("list the connectors", "GET", path, limited=Limited.LIST, spare=spare)
        return (await self._call(request, ListReply)).integrations

    async def set_connector(
        self,
        type: str,
        scopes: Iterable[str],
        connection_config: Mapping[str, object] | None = None,
    ) -> SetReply:
        """Make the app have `type` with exactly `scopes`; the service may drop some and add some."""
        operation = f"set {type}"
        body: dict[str, object] = {"scopes": list(scopes)}
        if connection_config is not None:
            body["connection_config"] = dict(connection_config)
        path = f"{self._root}/external-auth/integrations/{_oauth_segment(operation, type)}"
        request = Request(operation, "PUT", path, body=json_body(operation, body), content_type=JSON)
        return await self._call(request, SetReply)

    async def poll_authorization(self, type: str, connection_id: str, *, spare: int = 0) -> ConsentStatus:
        """Whether the person has consented. It waits until `spare` more could be asked for, as list_connectors does."""
        operation = f"check the authorization of {type}"
        query = (("integration_type", type_segment(operation, type)), ("connection_id", connection_id))
        path = f"{self._root}/external-auth/status"
        request = Request(operation, "GET", path, query=query, limited=Limited.POLL, spare=spare)
        return (await self._call(request, PollReply)).status

    def removals_left(self) -> int:
        """How many removals may be sent now, under the documented limit, without waiting for a turn."""
        return self._caller.turns_left(Limited.REMOVE)

    async def remove_connector(self, type: str, *, allowed: Allowed | None = None) -> None:
        """Disconnect and forget `type`; succeeds when it is not there. `allowed` has the last word (Request)."""
        operation = f"remove {type}"
        path = f"{self._root}/external-auth/integrations/{_oauth_segment(operation, type)}/remove"
        request = Request(operation, "DELETE", path, limited=Limited.REMOVE, allowed=allowed)
        await self._call(request, RemoveReply)

    async def list_available(self) -> tuple[AvailableIntegration, ...]:
        """The service's catalogue of connector types."""
        path = "/external-auth/available-integrations"
        return (await self._get("list the available connectors", path, AvailableReply)).integrations

    async def stripe_status(self) -> StripeStatus:
        """Whether Stripe is installed, and how far it has come."""
        return await self._get("show Stripe's status", "/payments/stripe/status", StripeStatus, STRIPE_SECONDS)

    async def install_stripe(self) -> StripeInstall:
        """Provision a Stripe sandbox. Sent once: after a TimedOut, `stripe_status` tells whether it was done."""
        request = Request("install Stripe", "POST", f"{self._root}/payments/stripe/install", limit=STRIPE_SECONDS)
        return await self._call(request, StripeInstall)

    async def remove_stripe(self, *, allowed: Allowed | None = None) -> None:
        """Remove Stripe from the app. Raises Refused where the service says that it did not."""
        path = f"{self._root}/payments/stripe"
        request = Request("remove Stripe", "DELETE", path, limit=STRIPE_SECONDS, allowed=allowed)
        if not (await self._call(request, StripeRemove)).success:
            raise Refused(
                "Base44 did not remove Stripe: it answered success: false",
                operation=request.operation,
                todo=(f"Look at it in the dashboard: {self.dashboard_url}",),
            )

    async def _get(self, operation: str, path: str, model: type[R], limit: float = ATTEMPT_SECONDS) -> R:
        return await self._call(Request(operation, "GET", self._root + path, limit=limit), model)

    async def _call(self, request: Request, model: type[R]) -> R:
        return await self._caller.call(replace(request, app_id=self.app_id), model)


def _oauth_segment(operation: str, connector_type: str) -> str:
    """The type's path segment; Stripe has routes of its own and must not go through these (protocol.md)."""
    if connector_type == STRIPE:
        raise Unsendable(
            f"Stripe is not an OAuth connector, so connectord does not {operation} here", operation=operation
        )
    return type_segment(operation, connector_type)
