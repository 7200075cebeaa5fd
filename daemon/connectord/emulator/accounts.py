"""Who is signed in: users, API keys, access and refresh tokens, and device logins (RFC 8628), as rules on a State."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from connectord.emulator.refusals import (
    DeviceLoginDenied,
    DeviceLoginExpired,
    DeviceLoginPending,
    InvalidGrant,
    PolledTooSoon,
    UnknownDeviceCode,
)
from connectord.emulator.state import AccessToken, DeviceLogin, DeviceStatus, State

SLOW_DOWN: Final = 5
"""Seconds that polling too early adds to the interval, for good (RFC 8628, section 3.5)."""

LEEWAY: Final = 0.25
"""Seconds by which a poll may come early: timers of clients are not exact."""

_USER_CODE_LETTERS: Final = "BCDFGHJKLMNPQRST"  # 16 consonants (RFC 8628, section 6.1), so one hex digit picks one


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A fresh access token (a JWT with `sub` and `exp`) and the refresh token for the next one."""

    access_token: str
    refresh_token: str
    expires_in: int


class Accounts:
    """The rules. `clock` gives seconds since the epoch, `token_hex(n)` n random bytes as 2n hex digits."""

    def __init__(self, state: State, *, clock: Callable[[], float], token_hex: Callable[[int], str]) -> None:
        self._state = state
        self._clock = clock
        self._token_hex = token_hex

    def holder_of_token(self, access_token: str) -> str | None:
        """The email that a good access token stands for, else None."""
        known = self._state.access_tokens.get(access_token)
        return known.email if known is not None and self._clock() < known.expires_at else None

    def holder_of_key(self, api_key: str) -> str | None:
        """The email that an API key stands for, else None."""
        return self._state.api_keys.get(api_key)

    def name_of(self, email: str) -> str:
        """The user's name; somebody who was never given one is called by the address."""
        return self._state.users.get(email, email)

    def sign_in(self, email: str) -> TokenPair:
        """Issue tokens to a user, who is made if there is none."""
        self._state.users.setdefault(email, email.partition("@")[0].replace(".", " ").title() or email)
        pair = TokenPair(self._jwt(email), self._token_hex(24), self._state.settings.token_lifetime)
        self._forget_expired_tokens()
        self._state.access_tokens[pair.access_token] = AccessToken(email, self._clock() + pair.expires_in)
        self._state.refresh_tokens[pair.refresh_token] = email
        return pair

    def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token, which is used up by that. Raises InvalidGrant."""
        email = self._state.refresh_tokens.pop(refresh_token, None)
        if email is None:
            raise InvalidGrant("The refresh token is invalid, expired or was used before")
        return self.sign_in(email)

    def expire_access_tokens(self) -> int:
        """Let every access token end now; refreshing still works. Returns how many there were."""
        count = len(self._state.access_tokens)
        self._state.access_tokens.clear()
        return count

    def revoke_everything(self) -> int:
        """End all sessions: access and refresh tokens. Returns how many access tokens there were."""
        self._state.refresh_tokens.clear()
        return self.expire_access_tokens()

    def start_device_login(self) -> DeviceLogin:
        """A new device login, waiting for a person to enter its user code."""
        self._forget_old_logins()
        letters = "".join(_USER_CODE_LETTERS[int(digit, 16)] for digit in self._token_hex(4))
        login = DeviceLogin(
            device_code=self._token_hex(20),
            user_code=f"{letters[:4]}-{letters[4:]}",
            expires_at=self._clock() + self._state.settings.device_lifetime,
            interval=self._state.settings.device_interval,
        )
        self._state.device_logins[login.device_code] = login
        return login

    def open_device_logins(self) -> tuple[DeviceLogin, ...]:
        """The device logins that wait for a person, oldest first."""
        now = self._clock()
        logins = self._state.device_logins.values()
        return tuple(one for one in logins if one.status is DeviceStatus.PENDING and now < one.expires_at)

    def decide_device_login(self, user_code: str, *, email: str | None) -> None:
        """The person enters a code and agrees as `email`, or (None) refuses. Raises UnknownDeviceCode."""
        wanted = user_code.strip().upper().replace("-", "")
        for login in self.open_device_logins():
            if login.user_code.replace("-", "") == wanted:
                status = DeviceStatus.DENIED if email is None else DeviceStatus.APPROVED
                self._state.device_logins[login.device_code] = replace(login, status=status, email=email)
                return
        raise UnknownDeviceCode("No sign-in waits for this code, or it has expired")

    def poll_device_login(self, device_code: str) -> TokenPair:
        """The tokens of an approved device login, once. Raises InvalidGrant or one of the DeviceLogin refusals."""
        login = self._state.device_logins.get(device_code)
        if login is None:
            raise InvalidGrant("The device code is not known or was used before")
        if login.status is DeviceStatus.APPROVED and login.email is not None:
            del self._state.device_logins[device_code]
            return self.sign_in(login.email)
        if login.status is DeviceStatus.DENIED:
            raise DeviceLoginDenied("The sign-in was refused")
        if self._clock() >= login.expires_at:
            raise DeviceLoginExpired("The device code has expired")
        raise self._note_early_poll(login)

    def _note_early_poll(self, login: DeviceLogin) -> DeviceLoginPending:
        now = self._clock()
        too_soon = login.polled_at is not None and now - login.polled_at < login.interval - LEEWAY
        interval = login.interval + SLOW_DOWN if too_soon else login.interval
        self._state.device_logins[login.device_code] = replace(login, polled_at=now, interval=interval)
        return PolledTooSoon("Polling too fast") if too_soon else DeviceLoginPending("Nobody has confirmed yet")

    def _forget_expired_tokens(self) -> None:
        now = self._clock()
        for token, known in list(self._state.access_tokens.items()):
            if known.expires_at <= now:
                del self._state.access_tokens[token]

    def _forget_old_logins(self) -> None:
        horizon = self._clock() - self._state.settings.device_lifetime
        for login in list(self._state.device_logins.values()):
            if login.expires_at < horizon:
                del self._state.device_logins[login.device_code]

    def _jwt(self, email: str) -> str:
        now = int(self._clock())
        claims: dict[str, str | int] = {
            "sub": email,
            "iat": now,
            "exp": now + self._state.settings.token_lifetime,
            "jti": self._token_hex(8),  # two tokens of one second must differ
        }
        signed = f"{_base64url({'alg': 'HS256', 'typ': 'JWT'})}.{_base64url(claims)}"
        digest = hmac.new(self._state.signing_key.encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _base64url(value: Mapping[str, str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
