"""One authorization as a state machine: a consent link being watched until it ends, one way or another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from connectord.base44.models import ConsentStatus, RemoteConnector


class AuthorizationState(StrEnum):
    """Open, or how it ended."""

    OPEN = "open"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"  # a newer link took its place, or nobody needs it any more


@dataclass(frozen=True, slots=True)
class Authorization:
    """A consent link and what is known of it. Times are seconds of the clock that opened it.

    `owner` says whose it is (a project; opaque here). Without a `connection_id` the service can't be asked about the
    consent itself, so the list of connectors tells (defect 5). `granted` is None until Base44 has said what it granted.
    """

    owner: str
    type: str
    url: str
    connection_id: str | None
    scopes: tuple[str, ...]
    opened_at: float
    deadline: float
    state: AuthorizationState = AuthorizationState.OPEN
    granted: tuple[str, ...] | None = None
    user_email: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still being watched."""
        return self.state is AuthorizationState.OPEN

    @property
    def is_authorized(self) -> bool:
        """Whether the person consented."""
        return self.state is AuthorizationState.AUTHORIZED

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The scopes that were asked for and not granted, as far as is known (defect 10)."""
        if self.granted is None:
            return ()
        return tuple(scope for scope in self.scopes if scope not in self.granted)

    def opened_again(self, *, now: float, limit: float) -> Authorization:
        """A person has just opened the link: the time to consent begins anew. Nothing changes once it has ended."""
        return replace(self, opened_at=now, deadline=now + limit) if self.is_open else self

    def ended(self, state: AuthorizationState) -> Authorization:
        """The same authorization in a final state. The first end stands: a later one changes nothing."""
        return replace(self, state=state) if self.is_open else self

    def answered(self, status: ConsentStatus, *, asked_at: float) -> Authorization:
        """What a poll makes of it. A poll that was sent before the deadline never times it out."""
        if status is ConsentStatus.ACTIVE:
            return self.ended(AuthorizationState.AUTHORIZED)
        if status is ConsentStatus.FAILED:
            return self.ended(AuthorizationState.FAILED)
        return self.unanswered(asked_at=asked_at)

    def unanswered(self, *, asked_at: float) -> Authorization:
        """What a poll that failed makes of it: an error is no refusal, only time can end it."""
        return self.ended(AuthorizationState.TIMED_OUT) if asked_at >= self.deadline else self

    def with_grant(self, remote: RemoteConnector) -> Authorization:
        """The same with what Base44's list says was granted, and to which account."""
        return replace(self, granted=remote.scopes, user_email=remote.user_email)
