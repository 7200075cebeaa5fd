"""What the emulated Base44 says no to, without a word of HTTP.

Refusal
  UnknownApp            there is no such app
  NoAccess              the app is somebody else's
  UnknownIntegration    the service doesn't offer this connector type
  UnknownConsent        no authorization with this connection id or link
  LinkExpired           the authorization link is no longer good
  UnknownClaim          no Stripe sandbox with this claim link
  UnknownDeviceCode     no device login with this code
  InvalidGrant          a refresh token or device code that isn't good (RFC 6749, section 5.2)
  DeviceLoginPending    the person hasn't decided yet (RFC 8628, section 3.5)
    PolledTooSoon       ... and the client asks too often
  DeviceLoginExpired    the person took too long
  DeviceLoginDenied     the person said no
  TooManyRequests       over a documented limit
"""

from __future__ import annotations


class Refusal(Exception):
    """Something that the service won't do, said in one sentence."""


class UnknownApp(Refusal):
    """There is no such app."""


class NoAccess(Refusal):
    """The app exists, and this user may not touch it."""


class UnknownIntegration(Refusal):
    """The service doesn't offer this connector type."""


class UnknownConsent(Refusal):
    """No authorization has this connection id or link."""


class LinkExpired(Refusal):
    """The authorization link was used, voided, or is too old."""


class UnknownClaim(Refusal):
    """No Stripe sandbox waits behind this claim link."""


class UnknownDeviceCode(Refusal):
    """No device login waits for this user code."""


class InvalidGrant(Refusal):
    """The refresh token or device code isn't good, or was used before."""


class DeviceLoginPending(Refusal):
    """The person hasn't decided yet."""


class PolledTooSoon(DeviceLoginPending):
    """The client polled before its interval was over; the interval is five seconds longer from now on."""


class DeviceLoginExpired(Refusal):
    """The person didn't decide in time."""


class DeviceLoginDenied(Refusal):
    """The person said no."""


class TooManyRequests(Refusal):
    """Over a documented limit; `retry_after` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
