"""The replies of Base44 as typed values (protocol.md, "Operations"). Unknown keys are ignored, missing ones are not."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """What all replies share: frozen, strict about types, open to keys that the service adds later."""

    # A token must not reach a traceback through a ValidationError (P13), hence hide_input_in_errors.
    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )


class ConnectionStatus(StrEnum):
    """What `list` says of a connector."""

    ACTIVE = "active"
    DISCONNECTED = "disconnected"
    EXPIRED = "expired"


class RemoteConnector(Reply):
    """One connector as Base44 has it now; `scopes` are the granted ones, rarely exactly what was asked for."""

    type: str = Field(alias="integration_type", min_length=1)
    status: ConnectionStatus = Field(strict=False)
    scopes: tuple[str, ...] = Field(strict=False)
    user_email: str | None = None


class ListReply(Reply):
    """The reply of `list`."""

    integrations: tuple[RemoteConnector, ...] = Field(strict=False)


class SetReply(Reply):
    """The reply of `set`. How to read it: sync/outcome.py."""

    redirect_url: str | None
    connection_id: str | None
    already_authorized: bool
    error: str | None
    error_message: str | None
    other_user_email: str | None


class ConsentStatus(StrEnum):
    """What a poll of an authorization says."""

    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    PENDING = "PENDING"


class PollReply(Reply):
    """The reply of `poll`."""

    status: ConsentStatus = Field(strict=False)


class RemoveReply(Reply):
    """The reply of `remove`; it succeeds too when the connector was already gone."""

    status: Literal["removed"]
    type: str = Field(alias="integration_type")


class ConnectionConfigField(Reply):
    """A value that a connector type wants in `connection_config`, like SharePoint's subdomain."""

    name: str
    display_name: str
    description: str
    placeholder: str
    required: bool
    validation_pattern: str | None = None
    validation_error: str | None = None


class AvailableIntegration(Reply):
    """One connector type of the service's catalogue."""

    type: str = Field(alias="integration_type", min_length=1)
    display_name: str
    description: str
    connection_config_fields: tuple[ConnectionConfigField, ...] = Field(strict=False)


class AvailableReply(Reply):
    """The reply of `available`."""

    integrations: tuple[AvailableIntegration, ...] = Field(strict=False)


class StripeMode(StrEnum):
    """How far a provisioned Stripe account has come."""

    SANDBOX = "sandbox"
    LIVE = "live"


class StripeStatus(Reply):
    """The reply of `stripe status`; no mode means that Stripe isn't installed."""

    stripe_mode: StripeMode | None = Field(strict=False)
    sandbox_claim_url: str | None = None

    @property
    def installed(self) -> bool:
        """Whether the app has Stripe at all."""
        return self.stripe_mode is not None


class StripeInstall(Reply):
    """The reply of `stripe install`."""

    already_installed: bool
    claim_url: str | None


class StripeRemove(Reply):
    """The reply of `stripe remove`."""

    success: bool


class DeviceCode(Reply):
    """The start of a device login (RFC 8628). Times are seconds."""

    device_code: str = Field(min_length=1, repr=False)
    user_code: str = Field(min_length=1)
    verification_uri: str
    expires_in: int = Field(gt=0)
    interval: int = Field(default=5, gt=0)


class Token(Reply):
    """A fresh pair of tokens. `expires_in` is seconds."""

    access_token: str = Field(min_length=1, repr=False)
    token_type: str
    expires_in: int = Field(gt=0)
    refresh_token: str = Field(min_length=1, repr=False)
    scope: str | None = None


class User(Reply):
    """The reply of `user`: who is signed in."""

    email: str
    name: str
