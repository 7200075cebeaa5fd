"""The OAuth connectors of the apps: set, consent, poll, list and remove, as rules on a State.

PUT, not yet consented to     -> a link; the connector isn't listed before the consent
PUT, within the consent       -> already authorized, the scopes are replaced
PUT, beyond the consent       -> a link; the old connection stays as it was until the consent
link refused, voided, too old -> poll says FAILED: this connection id will never become ACTIVE
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from connectord.emulator.catalogue import CATALOGUE, Integration
from connectord.emulator.refusals import LinkExpired, UnknownConsent, UnknownIntegration
from connectord.emulator.state import Connection, ConnectionConfig, ConnectionStatus, Consent, ConsentStatus, State

FORGOTTEN_AFTER: Final = 3600.0
"""Seconds that a link is remembered beyond its expiry, so that late polls still get an answer."""


@dataclass(frozen=True, slots=True)
class SetOutcome:
    """What a PUT came to: a consent to ask for, an error, or (neither) already authorized."""

    consent: Consent | None = None
    error: str | None = None
    error_message: str | None = None
    other_user_email: str | None = None


class Integrations:
    """The rules. `clock` gives seconds since the epoch, `token_hex(n)` n random bytes as 2n hex digits."""

    def __init__(self, state: State, *, clock: Callable[[], float], token_hex: Callable[[int], str]) -> None:
        self._state = state
        self._clock = clock
        self._token_hex = token_hex

    def listed(self, app_id: str) -> tuple[Connection, ...]:
        """The connectors that `list` gives, in the order in which they were first consented to."""
        return tuple(self._state.connections.get(app_id, {}).values())

    def put(
        self, app_id: str, type_: str, scopes: list[str], config: ConnectionConfig | None, *, caller: str
    ) -> SetOutcome:
        """Set a connector for the Base44 user `caller`. Raises UnknownIntegration."""
        integration = _known(type_)
        connection = self._state.connections.get(app_id, {}).get(type_)
        if config is None and connection is not None:
            config = connection.config
        if (wrong := integration.config_error(config)) is not None:
            return SetOutcome(error="invalid_connection_config", error_message=wrong)
        granted = integration.granted(scopes)
        if connection is None or connection.status is not ConnectionStatus.ACTIVE:
            return SetOutcome(consent=self._mint(app_id, type_, granted, config, caller))
        if connection.connected_by != caller:
            return _connected_by_another(integration, connection)
        if config != connection.config or not connection.consented.issuperset(granted):
            return SetOutcome(consent=self._mint(app_id, type_, granted, config, caller))
        self._keep(app_id, replace(connection, scopes=granted))
        return SetOutcome()

    def poll(self, app_id: str, type_: str, connection_id: str) -> ConsentStatus:
        """Where an authorization stands. Raises UnknownConsent."""
        consent = self._state.consents.get(connection_id)
        if consent is None or (consent.app_id, consent.type) != (app_id, type_):
            raise UnknownConsent(f"There is no connection {connection_id!r} for {type_!r}")
        return self.status_of(consent)

    def status_of(self, consent: Consent) -> ConsentStatus:
        """A consent's status now: an open link that is too old has failed."""
        if consent.status is ConsentStatus.PENDING and self._clock() >= consent.expires_at:
            return ConsentStatus.FAILED
        return consent.status

    def remove(self, app_id: str, type_: str) -> None:
        """Disconnect a connector and void its open links; nothing happens when it is absent."""
        self._state.connections.get(app_id, {}).pop(type_, None)
        for consent in list(self._state.consents.values()):
            if (consent.app_id, consent.type, consent.status) == (app_id, type_, ConsentStatus.PENDING):
                self._state.consents[consent.connection_id] = replace(consent, status=ConsentStatus.FAILED)

    def open_consents(self) -> tuple[Consent, ...]:
        """Every link that still waits for a person, oldest first."""
        consents = self._state.consents.values()
        return tuple(consent for consent in consents if self.status_of(consent) is ConsentStatus.PENDING)

    def consent(self, connection_id: str) -> Consent:
        """The authorization with this connection id. Raises UnknownConsent."""
        if (consent := self._state.consents.get(connection_id)) is None:
            raise UnknownConsent(f"There is no connection {connection_id!r}")
        return consent

    def consent_behind(self, link_token: str) -> Consent:
        """The authorization behind a link. Raises UnknownConsent."""
        for consent in self._state.consents.values():
            if consent.link_token == link_token:
                return consent
        raise UnknownConsent("This authorization link is not known")

    def allow(self, consent: Consent, *, email: str | None = None) -> Connection:
        """The person agrees, with the account `email` at the service (else their own). Raises LinkExpired."""
        self._require_open(consent)
        connection = Connection(
            type=consent.type,
            status=ConnectionStatus.ACTIVE,
            scopes=consent.scopes,
            consented=frozenset(consent.scopes),
            user_email=email or consent.requested_by,
            connected_by=consent.requested_by,
            config=consent.config,
        )
        self._keep(consent.app_id, connection)
        self._state.consents[consent.connection_id] = replace(consent, status=ConsentStatus.ACTIVE)
        return connection

    def deny(self, consent: Consent) -> None:
        """The person refuses; a connection from before stays as it is. Raises LinkExpired."""
        self._require_open(consent)
        self._state.consents[consent.connection_id] = replace(consent, status=ConsentStatus.FAILED)

    def expire(self, consent: Consent) -> None:
        """The link becomes too old now. Raises LinkExpired."""
        self._require_open(consent)
        self._state.consents[consent.connection_id] = replace(consent, expires_at=self._clock())

    def overwrite(self, app_id: str, connection: Connection) -> None:
        """Put a connection into the world as it is, as if it had come about elsewhere."""
        _known(connection.type)
        self._keep(app_id, connection)

    def _require_open(self, consent: Consent) -> None:
        if self.status_of(consent) is not ConsentStatus.PENDING:
            raise LinkExpired("This authorization link was used before, withdrawn, or has expired")

    def _keep(self, app_id: str, connection: Connection) -> None:
        self._state.connections.setdefault(app_id, {})[connection.type] = connection

    def _mint(
        self, app_id: str, type_: str, scopes: tuple[str, ...], config: ConnectionConfig | None, caller: str
    ) -> Consent:
        self._forget_old_links()
        consent = Consent(
            connection_id=f"base44_{self._token_hex(12)}",
            link_token=self._token_hex(16),
            app_id=app_id,
            type=type_,
            scopes=scopes,
            requested_by=caller,
            expires_at=self._clock() + self._state.settings.link_lifetime,
            config=config,
        )
        self._state.consents[consent.connection_id] = consent
        return consent

    def _forget_old_links(self) -> None:
        horizon = self._clock() - FORGOTTEN_AFTER
        for consent in list(self._state.consents.values()):
            if consent.expires_at < horizon:
                del self._state.consents[consent.connection_id]


def _known(type_: str) -> Integration:
    if (integration := CATALOGUE.get(type_)) is None:
        raise UnknownIntegration(f"Unsupported integration type: {type_!r}")
    return integration


def _connected_by_another(integration: Integration, connection: Connection) -> SetOutcome:
    return SetOutcome(
        error="different_user",
        error_message=f"{integration.display_name} is already connected by {connection.connected_by}",
        other_user_email=connection.connected_by,
    )
