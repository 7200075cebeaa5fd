"""Authorizations: consent links that are watched until they end."""

from connectord.authorize.authorization import Authorization, AuthorizationState
from connectord.authorize.authorizations import LIMIT_SECONDS, POLL_SECONDS, Authorizations
from connectord.authorize.listing import consent_seen

__all__ = ["LIMIT_SECONDS", "POLL_SECONDS", "Authorization", "AuthorizationState", "Authorizations", "consent_seen"]
