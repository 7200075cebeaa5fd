"""The names of the operations, as protocol.md has them: for faults, limits and the request log."""

from __future__ import annotations

from enum import StrEnum


class OperationName(StrEnum):
    """One operation of protocol.md; `token` is both the device login's and the refresh."""

    LIST = "list"
    SET = "set"
    POLL = "poll"
    REMOVE = "remove"
    AVAILABLE = "available"
    STRIPE_STATUS = "stripe-status"
    STRIPE_INSTALL = "stripe-install"
    STRIPE_REMOVE = "stripe-remove"
    DEVICE_CODE = "device-code"
    TOKEN = "token"  # noqa: S105  (the operation's name)
    USERINFO = "userinfo"
