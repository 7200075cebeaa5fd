"""What the emulated Base44 knows: plain values, so that a world can be looked at, kept in a file and compared.

Times are seconds since the epoch. Nothing here does anything; the rules are in accounts, integrations and payments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

DEFAULT_APP_ID: Final = "6a0e4d2b7c1f93d58e24ab10"
"""The app that is there when nobody names one; 24 hexadecimal digits, as Base44's own ids."""

DEFAULT_EMAIL: Final = "dev@example.com"
DEFAULT_API_KEY: Final = "b44k_emulator_0123456789abcdef"

ConnectionConfig = dict[str, JsonValue]
"""A connector's `connection_config`: whatever JSON object was sent."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may change about this world while it runs. Durations are seconds."""

    token_lifetime: int = 3600
    link_lifetime: float = 600.0
    device_lifetime: int = 900
    device_interval: int = 5
    limits: bool = True
    round_trip_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class App:
    """One Base44 app; `accessible` is false where the signed-in users may not touch it (403)."""

    id: str
    accessible: bool = True


class ConnectionStatus(StrEnum):
    """What `list` says of a connector (protocol.md, "Operations")."""

    ACTIVE = "active"
    DISCONNECTED = "disconnected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector that a person has consented to. `scopes` are in force, `consented` the most they may become."""

    type: str
    status: ConnectionStatus
    scopes: tuple[str, ...]
    consented: frozenset[str]
    user_email: str | None  # the account at the service
    connected_by: str  # the Base44 user
    config: ConnectionConfig | None = None


class ConsentStatus(StrEnum):
    """What `poll` says of an authorization (protocol.md, "Operations")."""

    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Consent:
    """One authorization link. `scopes` are what the person is asked for, after the service's own rules."""

    connection_id: str
    link_token: str
    app_id: str
    type: str
    scopes: tuple[str, ...]
    requested_by: str
    expires_at: float
    config: ConnectionConfig | None = None
    status: ConsentStatus = ConsentStatus.PENDING


class StripeMode(StrEnum):
    """How far an app's Stripe account has come."""

    SANDBOX = "sandbox"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """An app's Stripe; once it is claimed it is live."""

    mode: StripeMode
    claim_token: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token stands for."""

    email: str
    expires_at: float


class DeviceStatus(StrEnum):
    """Where a device login stands (RFC 8628, section 3.5)."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """One device login; `interval` grows by five seconds each time the client polls too early."""

    device_code: str
    user_code: str
    expires_at: float
    interval: int
    status: DeviceStatus = DeviceStatus.PENDING
    email: str | None = None
    polled_at: float | None = None


@dataclass(slots=True)
class State:
    """Everything that `--state FILE` keeps. Faults, limits and the request log are of one run only."""

    signing_key: str
    settings: Settings = field(default_factory=Settings)
    apps: dict[str, App] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)  # email -> name
    api_keys: dict[str, str] = field(default_factory=dict)  # key -> email
    connections: dict[str, dict[str, Connection]] = field(default_factory=dict)  # app -> type -> connection
    consents: dict[str, Consent] = field(default_factory=dict)  # by connection id
    stripe: dict[str, StripeAccount] = field(default_factory=dict)  # by app
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)  # token -> email
    device_logins: dict[str, DeviceLogin] = field(default_factory=dict)  # by device code
