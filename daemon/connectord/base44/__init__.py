"""Base44 over the wire: typed operations, errors that say what to do, credentials that survive (P7, P8, P13)."""

from connectord.base44.app import App
from connectord.base44.client import Base44
from connectord.base44.credentials import Account, AccountKind, Credentials
from connectord.base44.errors import (
    Base44Error,
    Busy,
    CredentialsUnusable,
    Forbidden,
    GrantRefused,
    NotFound,
    Refused,
    SignedOut,
    SignInFailed,
    TimedOut,
    UnexpectedReply,
    Unreachable,
    Unsendable,
)
from connectord.base44.find import find_credentials, sign_out, signed_in_as
from connectord.base44.login import sign_in
from connectord.base44.look import credentials_for_a_look
from connectord.base44.models import (
    AvailableIntegration,
    ConnectionConfigField,
    ConnectionStatus,
    ConsentStatus,
    DeviceCode,
    RemoteConnector,
    SetReply,
    StripeInstall,
    StripeMode,
    StripeStatus,
    Token,
    User,
)
from connectord.base44.oauth import Waiting
from connectord.base44.pace import Pace
from connectord.base44.ping import Ping
from connectord.base44.retry import Retry, Retrying

__all__ = [
    "Account",
    "AccountKind",
    "App",
    "AvailableIntegration",
    "Base44",
    "Base44Error",
    "Busy",
    "ConnectionConfigField",
    "ConnectionStatus",
    "ConsentStatus",
    "Credentials",
    "CredentialsUnusable",
    "DeviceCode",
    "Forbidden",
    "GrantRefused",
    "NotFound",
    "Pace",
    "Ping",
    "Refused",
    "RemoteConnector",
    "Retry",
    "Retrying",
    "SetReply",
    "SignInFailed",
    "SignedOut",
    "StripeInstall",
    "StripeMode",
    "StripeStatus",
    "TimedOut",
    "Token",
    "UnexpectedReply",
    "Unreachable",
    "Unsendable",
    "User",
    "Waiting",
    "credentials_for_a_look",
    "find_credentials",
    "sign_in",
    "sign_out",
    "signed_in_as",
]
