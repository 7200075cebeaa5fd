"""Authorizations: consent links that are watched until they end."""

from connectord.authorize.authorization import Authorization, AuthorizationState, consent_seen
from connectord.authorize.authorizations import LIMIT_SECONDS, POLL_SECONDS, Authorizations

__all__ = ["LIMIT_SECONDS", "POLL_SECONDS", "Authorization", "AuthorizationState", "Authorizations", "consent_seen"]
