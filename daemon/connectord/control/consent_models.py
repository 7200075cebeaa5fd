"""What daemon and commands say to each other about consents; versioned with the other models."""

from __future__ import annotations

from enum import StrEnum

from pydantic import JsonValue

from connectord.control.models import Model


class ConsentState(StrEnum):
    """How a consent stands, or how it ended."""

    OPEN = "open"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


class Consent(Model):
    """The consent to one connector. `granted` is None until Base44 has said what it granted.

    `seconds_left` is how long an open link is still watched. Without a link there is nothing to consent to.
    """

    type: str
    state: ConsentState
    url: str | None = None
    connection_id: str | None = None
    scopes: tuple[str, ...] = ()
    granted: tuple[str, ...] | None = None
    user_email: str | None = None
    seconds_left: float | None = None

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The scopes that were asked for and not granted, as far as is known."""
        granted = self.granted
        return () if granted is None else tuple(scope for scope in self.scopes if scope not in granted)


class LinkToWatch(Model):
    """A consent link that another process than the daemon was given, and for which app."""

    app_id: str
    api_url: str
    type: str
    url: str
    connection_id: str | None = None
    scopes: tuple[str, ...] = ()
    connection_config: dict[str, JsonValue] | None = None
