"""What came of one connector in a push, in the words that users were promised (seed 000)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectord.base44.errors import Base44Error
from connectord.base44.models import SetReply, StripeMode, StripeStatus
from connectord.browser.web_link import is_web_link
from connectord.project.model import Connector

DIFFERENT_USER = "different_user"

ALREADY_GONE = "ALREADY_GONE"
"""The code of a removal that needed no request: somebody else had removed it."""


class Result(StrEnum):
    """The kinds of outcome."""

    SYNCED = "synced"
    ADDED = "added"
    REMOVED = "removed"
    SKIPPED = "skipped"
    PROVISIONED = "provisioned"
    NEEDS_AUTHORIZATION = "needs-authorization"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One connector's outcome. `error` is a sentence for people, `code` its stable name for programs.

    `todo` is what a person can do about the error, in whole sentences.
    `transient` and `retry_after` (seconds) say whether and when the same request may succeed later (P8).
    """

    type: str
    result: Result
    error: str | None = None
    code: str | None = None
    transient: bool = False
    retry_after: float | None = None
    authorize_url: str | None = None
    connection_id: str | None = None
    claim_url: str | None = None
    todo: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether Base44 took what the file says. A needed authorization doesn't undo that."""
        return self.result not in {Result.FAILED, Result.HELD}

    @property
    def words(self) -> str:
        """The outcome as a person reads it after the connector's name."""
        match self.result:
            case Result.FAILED:
                # What may pass is tried again by itself.
                return f"failed - {self.error}" + (f". {self.todo}" if self.todo and not self.transient else "")
            case Result.NEEDS_AUTHORIZATION:
                return "needs authorization"
            case Result.REMOVED if self.code == ALREADY_GONE:
                return "was removed from Base44 already"
            case Result.HELD:
                return self.error or "held"
            case Result.PROVISIONED:
                return "Stripe sandbox provisioned"
            case _:
                return self.result.value.capitalize()


def read_set_reply(connector: Connector, reply: SetReply) -> Outcome:
    """The meaning of `set`'s reply, in the order of protocol.md: an error wins, whatever else the reply says."""
    if reply.error is not None:
        todo = _wrong_account(connector) if reply.error == DIFFERENT_USER else None
        return Outcome(connector.type, Result.FAILED, error=_refusal(reply), code=reply.error, todo=todo)
    if reply.already_authorized or not reply.redirect_url:
        return Outcome(connector.type, Result.SYNCED)
    if not is_web_link(reply.redirect_url):
        return Outcome(
            connector.type,
            Result.FAILED,
            error=f"Base44 sent an authorization link that is no web address, not opened: {reply.redirect_url!r}",
            code="UNSAFE_LINK",
        )
    return Outcome(
        connector.type,
        Result.NEEDS_AUTHORIZATION,
        authorize_url=reply.redirect_url,
        connection_id=reply.connection_id or None,
    )


def failed(connector_type: str, error: Base44Error) -> Outcome:
    """The outcome of an operation that raised."""
    return Outcome(
        connector_type,
        Result.FAILED,
        error=error.what,
        code=error.code,
        transient=error.transient,
        retry_after=error.retry_after,
        todo=" ".join(error.todo) or None,
    )


def unclaimed(stripe: StripeStatus) -> str | None:
    """Where the sandbox of an app is claimed, as long as it is nobody's."""
    link = stripe.sandbox_claim_url
    is_sandbox = stripe.stripe_mode is StripeMode.SANDBOX
    return link if is_sandbox and link is not None and is_web_link(link) else None


def _refusal(reply: SetReply) -> str:
    if reply.error == DIFFERENT_USER:
        return _different_user(reply.error_message, reply.other_user_email)
    return reply.error_message or f"Base44 refused it: {reply.error}"


def _different_user(message: str | None, address: str | None) -> str:
    """Base44's own sentence where it has one, never without the address."""
    if not message:
        return f"Already connected by {address or 'another user'}"
    return message if not address or address in message else f"{message} ({address})"


def _wrong_account(connector: Connector) -> str:
    """The way out of seed 001, "Wrong account connected"."""
    file = connector.file.name or f"the file of {connector.type}"
    return (
        f"If that is the wrong account: remove {file}, run `connectord push` to delete the connector from Base44, "
        "then add the file back and authorize with the correct account."
    )
