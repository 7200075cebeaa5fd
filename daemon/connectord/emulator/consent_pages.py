"""The pages where a person decides: the consent behind an authorization link, and the claim of a Stripe sandbox."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectord.emulator.catalogue import CATALOGUE
from connectord.emulator.html import fill, listed, page
from connectord.emulator.refusals import LinkExpired, UnknownClaim, UnknownConsent
from connectord.emulator.replies import parse_form
from connectord.emulator.state import Consent, ConsentStatus, StripeMode
from connectord.emulator.world import World

CONSENT_PATH = "/api/external-auth/connect/{link_token}"
CLAIM_PATH = "/claim/{claim_token}"


def routes(world: World) -> list[Route]:
    """The pages as routes."""
    consents, claims = ConsentPages(world), ClaimPages(world)
    return [
        Route(CONSENT_PATH, consents.ask, methods=["GET"]),
        Route(CONSENT_PATH, consents.decide, methods=["POST"]),
        Route(CLAIM_PATH, claims.ask, methods=["GET"]),
        Route(CLAIM_PATH, claims.claim, methods=["POST"]),
    ]


class ConsentPages:
    """Ask a person for consent and note what they say. Works without JavaScript."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, request: Request) -> Response:
        """GET the link: who asks for what, with Allow, Deny and another account."""
        try:
            consent = self._world.integrations.consent_behind(request.path_params["link_token"])
        except UnknownConsent as unknown:
            return _dead_link(str(unknown), HTTPStatus.NOT_FOUND)
        if self._world.integrations.status_of(consent) is not ConsentStatus.PENDING:
            return _dead_link(_why_closed(consent), HTTPStatus.GONE)
        name = CATALOGUE[consent.type].display_name
        return page(
            f"Connect {name}",
            fill(
                _ASK,
                app_id=consent.app_id,
                name=name,
                scopes=listed(consent.scopes, otherwise=f"{name}'s own default permissions"),
                email=consent.requested_by,
            ),
        )

    async def decide(self, request: Request) -> Response:
        """POST the form: `action` is allow or deny, `email` another account at the service."""
        form = parse_form(await request.body())
        integrations = self._world.integrations
        try:
            consent = integrations.consent_behind(request.path_params["link_token"])
            if (action := form.get("action")) == "allow":
                connection = integrations.allow(consent, email=form.get("email", "").strip() or None)
                return _done("Connected", f"{_name(consent)} is connected as {connection.user_email}.")
            if action == "deny":
                integrations.deny(consent)
                return _done("Not connected", f"You refused the connection to {_name(consent)}.")
        except UnknownConsent as unknown:
            return _dead_link(str(unknown), HTTPStatus.NOT_FOUND)
        except LinkExpired as expired:
            return _dead_link(str(expired), HTTPStatus.GONE)
        return _dead_link("The form was incomplete: allow or deny?", HTTPStatus.BAD_REQUEST)


class ClaimPages:
    """Let a person take over the Stripe sandbox that was provisioned for an app."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, request: Request) -> Response:
        """GET the claim link: the button Claim."""
        try:
            app_id, account = self._world.payments.app_behind(request.path_params["claim_token"])
        except UnknownClaim as unknown:
            return _dead_link(str(unknown), HTTPStatus.NOT_FOUND)
        if account.mode is StripeMode.LIVE:
            return _dead_link("This Stripe account was claimed before", HTTPStatus.GONE)
        return page("Claim your Stripe sandbox", fill(_CLAIM, app_id=app_id))

    async def claim(self, request: Request) -> Response:
        """POST the form: the account is live."""
        try:
            self._world.payments.claim(request.path_params["claim_token"])
        except UnknownClaim as unknown:
            return _dead_link(str(unknown), HTTPStatus.NOT_FOUND)
        return _done("Stripe is yours", "The account is live from now on.")


def _name(consent: Consent) -> str:
    return CATALOGUE[consent.type].display_name


def _why_closed(consent: Consent) -> str:
    if consent.status is ConsentStatus.ACTIVE:
        return "This authorization was given already"
    if consent.status is ConsentStatus.FAILED:
        return "This authorization was refused or withdrawn"
    return "This authorization link has expired"


def _done(title: str, text: str) -> Response:
    return page(title, fill("<p>{text}</p><p>You can close this tab.</p>", text=text))


def _dead_link(text: str, status: HTTPStatus) -> Response:
    advice = "Ask for a new link: push again, or authorize the connector again."
    return page("This link doesn't work", fill("<p>{text}.</p><p>{advice}</p>", text=text, advice=advice), status)


_ASK = """
<p>The app <code>{app_id}</code> asks for access to your <strong>{name}</strong> account.</p>
<h2>It will be allowed</h2>
{scopes}
<form method="post">
<p>You continue as <strong>{email}</strong>.</p>
<details>
<summary>Use another account</summary>
<label for="email">Address of the account at {name}</label>
<input id="email" name="email" type="email" placeholder="someone.else@example.com">
</details>
<button name="action" value="allow">Allow</button>
<button name="action" value="deny" class="quiet">Deny</button>
</form>
"""

_CLAIM = """
<p>A Stripe sandbox was made for the app <code>{app_id}</code>. Claim it to take payments for real.</p>
<form method="post"><button>Claim</button></form>
"""
