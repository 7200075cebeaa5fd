"""The pages to look at: what this emulator is and what waits for a person, and the connectors of an app."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectord.emulator.admin_routes import ADMIN_ROUTES
from connectord.emulator.catalogue import CATALOGUE, DROPPED_WORD
from connectord.emulator.html import Html, fill, joined, listed, page
from connectord.emulator.refusals import Refusal
from connectord.emulator.state import Connection, Consent, StripeAccount, StripeMode
from connectord.emulator.world import World

CONNECTIONS_PATH = "/apps/{app_id}/editor/workspace/app-connections"


def routes(world: World) -> list[Route]:
    """The pages as routes."""
    pages = Dashboard(world)
    return [
        Route("/", pages.index, methods=["GET"]),
        Route(CONNECTIONS_PATH, pages.connections, methods=["GET"]),
    ]


class Dashboard:
    """Pages that only show."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def index(self, request: Request) -> Response:
        """GET /: apps, what waits, the rules of this Base44, the admin routes."""
        del request
        world = self._world
        return page(
            "A Base44 on this machine",
            fill(
                _INDEX,
                apps=listed(_app_link(app_id) for app_id in world.state.apps),
                consents=listed(map(_consent_link, world.integrations.open_consents()), otherwise="Nothing waits."),
                devices=listed(_device_links(world), otherwise="No device waits."),
                rules=listed(_rules(world)),
                admin=listed(fill("<code>{path}</code> {text}", path=one.route, text=one.text) for one in ADMIN_ROUTES),
            ),
        )

    async def connections(self, request: Request) -> Response:
        """GET the connectors dashboard of one app."""
        app_id = request.path_params["app_id"]
        try:
            self._world.enter(app_id)
        except Refusal as refusal:
            return page("No such app", fill("<p>{text}.</p>", text=refusal), HTTPStatus.NOT_FOUND)
        rows = [_row(connection) for connection in self._world.integrations.listed(app_id)]
        if (account := self._world.payments.account(app_id)) is not None:
            rows.append(_stripe_row(account))
        empty = Html("<p>This app has no connectors yet.</p>")
        return page("Connectors", fill(_CONNECTIONS, app_id=app_id, table=_table(rows) if rows else empty))


def _app_link(app_id: str) -> Html:
    return fill('<a href="/apps/{app_id}/editor/workspace/app-connections"><code>{app_id}</code></a>', app_id=app_id)


def _consent_link(consent: Consent) -> Html:
    return fill(
        '<a href="/api/external-auth/connect/{token}">{name}</a> for <code>{app_id}</code>',
        token=consent.link_token,
        name=CATALOGUE[consent.type].display_name,
        app_id=consent.app_id,
    )


def _device_links(world: World) -> list[Html]:
    waiting = world.accounts.open_device_logins()
    return [fill('<a href="/device?user_code={code}">{code}</a>', code=one.user_code) for one in waiting]


def _rules(world: World) -> list[object]:
    return [
        f"A scope with the word “{DROPPED_WORD}” in it is dropped without a word.",
        "Google's connectors always get openid and userinfo.email, Microsoft's always get offline_access.",
        f"A link is good for {world.settings.link_lifetime:g} s; polling a link that has expired says FAILED.",
        "Scopes within the last consent are replaced at once; anything beyond needs a new consent.",
        f"Limits per minute and caller: list 60, poll 70, remove 10 ({'on' if world.settings.limits else 'off'}).",
    ]


def _table(rows: list[Html]) -> Html:
    heads = "<tr><th>Connector</th><th>Status</th><th>Account</th><th>Scopes</th></tr>"
    return fill("<table>{heads}{rows}</table>", heads=Html(heads), rows=joined(rows))


def _row(connection: Connection) -> Html:
    return fill(
        "<tr><td>{name}</td><td>{status}</td><td>{account}</td><td>{scopes}</td></tr>",
        name=CATALOGUE[connection.type].display_name,
        status=connection.status,
        account=connection.user_email or "",
        scopes=listed(connection.scopes, otherwise=""),
    )


def _stripe_row(account: StripeAccount) -> Html:
    claim = Html()
    if account.mode is StripeMode.SANDBOX:
        claim = fill('<a href="/claim/{token}">Claim</a>', token=account.claim_token)
    return fill("<tr><td>Stripe</td><td>{mode}</td><td>{claim}</td><td></td></tr>", mode=account.mode, claim=claim)


_INDEX = """
<p>This is connectord's emulator: it answers the connector routes of Base44, forgets nothing while it runs,
and never talks to the world.</p>
<h2>Apps</h2>{apps}
<h2>Authorizations that wait for you</h2>{consents}
<h2>Devices that wait for you</h2>{devices}
<h2>How this Base44 behaves</h2>{rules}
<h2>Admin routes</h2>{admin}
"""

_CONNECTIONS = """
<p>App <code>{app_id}</code></p>
{table}
<p><a href="/">Everything in this emulator</a></p>
"""
