"""Stripe, which is provisioned instead of authorized: a sandbox at once, live when a person claims it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from connectord.emulator.refusals import UnknownClaim
from connectord.emulator.state import State, StripeAccount, StripeMode


class Payments:
    """The rules of Stripe, one account for each app at most."""

    def __init__(self, state: State, *, token_hex: Callable[[int], str]) -> None:
        self._state = state
        self._token_hex = token_hex

    def account(self, app_id: str) -> StripeAccount | None:
        """The app's Stripe account, or None where it isn't installed."""
        return self._state.stripe.get(app_id)

    def install(self, app_id: str) -> tuple[StripeAccount, bool]:
        """The app's account, made if there is none; the second value says whether it was there already."""
        if (account := self.account(app_id)) is not None:
            return account, True
        account = StripeAccount(StripeMode.SANDBOX, self._token_hex(16))
        self._state.stripe[app_id] = account
        return account, False

    def remove(self, app_id: str) -> None:
        """Take Stripe away from the app; nothing happens when it is absent."""
        self._state.stripe.pop(app_id, None)

    def app_behind(self, claim_token: str) -> tuple[str, StripeAccount]:
        """The app and account that a claim link belongs to. Raises UnknownClaim."""
        for app_id, account in self._state.stripe.items():
            if account.claim_token == claim_token:
                return app_id, account
        raise UnknownClaim("No Stripe sandbox waits behind this link")

    def claim(self, claim_token: str) -> None:
        """A person takes the sandbox over: it is live from now on. Raises UnknownClaim."""
        app_id, account = self.app_behind(claim_token)
        self._state.stripe[app_id] = replace(account, mode=StripeMode.LIVE)
