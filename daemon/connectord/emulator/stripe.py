"""The routes of Stripe: status, install and remove (protocol.md, "Operations")."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from connectord.emulator.connectors import APP
from connectord.emulator.gate import Operation
from connectord.emulator.operations import OperationName
from connectord.emulator.replies import Call, json_reply
from connectord.emulator.state import StripeAccount, StripeMode


def status(call: Call) -> Response:
    """GET payments/stripe/status"""
    account = call.world.payments.account(call.app_id)
    if account is None:
        return json_reply({"stripe_mode": None, "sandbox_claim_url": None})
    return json_reply({"stripe_mode": account.mode, "sandbox_claim_url": _claim_url(call, account)})


def install(call: Call) -> Response:
    """POST payments/stripe/install"""
    account, was_there = call.world.payments.install(call.app_id)
    return json_reply({"already_installed": was_there, "claim_url": _claim_url(call, account)})


def remove(call: Call) -> Response:
    """DELETE payments/stripe; as for connectors, it succeeds when there is nothing to remove."""
    call.world.payments.remove(call.app_id)
    return json_reply({"success": True})


OPERATIONS: Final = (
    Operation(OperationName.STRIPE_STATUS, "GET", f"{APP}/payments/stripe/status", status),
    Operation(OperationName.STRIPE_INSTALL, "POST", f"{APP}/payments/stripe/install", install),
    Operation(OperationName.STRIPE_REMOVE, "DELETE", f"{APP}/payments/stripe", remove),
)


def _claim_url(call: Call, account: StripeAccount) -> str | None:
    return call.address(f"/claim/{account.claim_token}") if account.mode is StripeMode.SANDBOX else None
