"""What can go wrong between here and Base44.

Base44Error
  Unreachable          no connection, or it broke                          transient
  TimedOut             no answer in time                                   transient
  UnexpectedReply      not what protocol.md says: HTML, empty, cut off,
                       a wrong shape, too large, a redirect                transient
  Refused              the service said no (4xx)                           permanent
    NotFound             404, or `error_type: KeyError`
    Forbidden            403
    Unsendable           refused here, before anything was sent
  Busy                 408, 413 with Retry-After, 429, 5xx                 transient
  SignedOut            no credentials, or they are no longer accepted      ends with a login
    GrantRefused         the refresh token is no longer accepted
    SignInFailed         a login that was denied or ran out of time
  CredentialsUnusable  the credentials file can't be read or written      permanent
"""

from __future__ import annotations

from connectord.errors import ConnectordError


class Base44Error(ConnectordError):
    """One operation that did not succeed.

    `operation` is the protocol's name for it ("set slack"), `url` where it went, `status` the HTTP status if
    there was one, `request_id` what Base44's support can look up, `retry_after` the seconds that the service asked
    for. `transient` says whether the same request may succeed later without anyone's doing (P8).
    """

    code = "API_ERROR"
    transient = False

    def __init__(
        self,
        what: str,
        *,
        operation: str = "",
        url: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        todo: tuple[str, ...] = (),
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, todo=todo, details=details)
        self.operation = operation
        self.url = url
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


class Unreachable(Base44Error):
    """There was no connection, or it broke: DNS, refused, reset, TLS, a proxy, no connection in time."""

    code = "UNREACHABLE"
    transient = True


class TimedOut(Base44Error):
    """The request went out and nothing came back in time; the service may have carried it out."""

    code = "TIMED_OUT"
    transient = True


class UnexpectedReply(Base44Error):
    """A reply that isn't the operation's: HTML, a wrong shape, cut off, a redirect. The outcome is unknown."""

    code = "UNEXPECTED_REPLY"
    transient = True


class Refused(Base44Error):
    """The service answered that it won't (4xx); asking again changes nothing."""

    code = "REFUSED"


class NotFound(Refused):
    """The app or the thing named is not there."""

    code = "NOT_FOUND"


class Forbidden(Refused):
    """This user may not do this."""

    code = "FORBIDDEN"


class Unsendable(Refused):
    """connectord itself won't send this: it could reach another route, or isn't JSON. Nothing was sent."""

    code = "INVALID_INPUT"


class Busy(Base44Error):
    """The service can't just now: rate limited, overloaded or broken."""

    code = "BUSY"
    transient = True


class SignedOut(Base44Error):
    """There are no credentials, or the service no longer accepts them. Offline is not signed out (P7)."""

    code = "AUTH_REQUIRED"


class GrantRefused(SignedOut):
    """The token endpoint answered `invalid_grant`: this refresh token was used, revoked or has expired."""


class SignInFailed(SignedOut):
    """A device login that ended without a token: denied, expired, or a link that must not be opened."""

    code = "SIGN_IN_FAILED"


class CredentialsUnusable(Base44Error):
    """The credentials file is there but can't be read, parsed or written. It is left as it is."""

    code = "CREDENTIALS_UNUSABLE"
