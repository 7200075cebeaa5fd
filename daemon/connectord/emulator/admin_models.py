"""The bodies of the admin routes."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectord.emulator.faults import EVERY_ROUTE, Fault, FaultBody
from connectord.emulator.operations import OperationName
from connectord.emulator.state import ConnectionConfig, ConnectionStatus, Settings


class AdminRequest(BaseModel):
    """What all bodies share: a misspelt key is an error, not a wish unheard."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FaultRequest(AdminRequest):
    """POST /admin/faults; the fields are explained at `faults.Fault`."""

    route: OperationName | Literal["*"] = EVERY_ROUTE
    method: str | None = Field(default=None, pattern="^[A-Z]+$")
    app: str | None = None
    type: str | None = None
    status: int | None = Field(default=None, ge=200, le=599)
    retry_after: int | str | None = None
    delay: float = Field(default=0.0, ge=0)
    reset: bool = False
    body: FaultBody | None = None
    carried_out: bool = False
    count: int | None = Field(default=None, ge=1)

    def fault(self) -> Fault:
        """The fault as a value."""
        return Fault(
            route=str(self.route),
            method=self.method,
            app=self.app,
            type=self.type,
            status=self.status,
            retry_after=None if self.retry_after is None else str(self.retry_after),
            delay=self.delay,
            reset=self.reset,
            body=self.body,
            carried_out=self.carried_out,
            count=self.count,
        )


class TokensRequest(AdminRequest):
    """POST /admin/tokens: issue tokens without a device login."""

    email: str | None = None


class AppRequest(AdminRequest):
    """POST /admin/apps/{app_id}: make an app, or say whether users may touch it."""

    accessible: bool = True


class ConnectorRequest(AdminRequest):
    """POST /admin/connectors/{app_id}/{type}: what is given changes, the rest stays or is the default."""

    status: ConnectionStatus | None = None
    scopes: tuple[str, ...] | None = None
    user_email: str | None = Field(default=None, alias="email")
    connected_by: str | None = None
    connection_config: ConnectionConfig | None = None


class Decision(StrEnum):
    """What becomes of an authorization or a device login."""

    ALLOW = "allow"
    DENY = "deny"
    EXPIRE = "expire"


class DecisionRequest(AdminRequest):
    """POST /admin/consents/{connection_id} and /admin/devices/{user_code}."""

    action: Decision
    email: str | None = None


class SettingsRequest(AdminRequest):
    """POST /admin/settings: what is given changes. Durations are seconds."""

    token_lifetime: int | None = Field(default=None, ge=1)
    link_lifetime: float | None = Field(default=None, gt=0)
    device_lifetime: int | None = Field(default=None, ge=1)
    device_interval: int | None = Field(default=None, ge=1)
    limits: bool | None = None
    round_trip_delay: float | None = Field(default=None, ge=0)

    def over(self, settings: Settings) -> Settings:
        """The settings with these changes."""
        changed = self.model_dump(exclude_none=True)
        return Settings(
            **{name: changed.get(name, getattr(settings, name)) for name in type(settings).__dataclass_fields__}
        )
