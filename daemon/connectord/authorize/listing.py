"""What the list of connectors tells of a consent. Pure.

It has no connection ids, so an old consent must never pass for the one that is waited for (P12).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from connectord.base44.models import ConnectionStatus, ConsentStatus, RemoteConnector


class Shown(StrEnum):
    """How much a list says of the consent to one link."""

    NOTHING = "nothing"
    LIKELY = "likely"  # worth asking `status` at once
    CERTAIN = "certain"


def consent_shown(now: RemoteConnector | None, before: RemoteConnector | None, requested: Collection[str]) -> Shown:
    """What changed from one list to a later one, while a link was open.

    All that was asked for, and not there before: that is the consent. Something else that changed may be this link's
    consent with less granted than asked, or somebody else's doing.
    """
    if not _is_active(now) or _same(now, before):
        return Shown.NOTHING
    if covers(now, requested) and not covers(before, requested):
        return Shown.CERTAIN
    return Shown.LIKELY


def covers(listed: RemoteConnector | None, requested: Collection[str]) -> bool:
    """Whether there is a connection, with everything that was asked for."""
    return listed is not None and _is_active(listed) and set(requested) <= set(listed.scopes)


def consent_seen(
    now: RemoteConnector | None, at_first: RemoteConnector | None, requested: Collection[str]
) -> ConsentStatus:
    """Whether the list shows a consent, for links without a connection id: nobody else can be asked (defect 5).

    A connector that was already active when the link was opened must have changed, or have all that was asked for:
    otherwise its old consent would pass for the new one (P12).
    """
    if not _is_active(now):
        return ConsentStatus.PENDING
    if _is_active(at_first) and _same(now, at_first) and not covers(now, requested):
        return ConsentStatus.PENDING
    return ConsentStatus.ACTIVE


def _is_active(listed: RemoteConnector | None) -> bool:
    return listed is not None and listed.status is ConnectionStatus.ACTIVE


def _same(now: RemoteConnector | None, before: RemoteConnector | None) -> bool:
    if now is None or before is None:
        return now is before
    return (now.status, set(now.scopes), now.user_email) == (before.status, set(before.scopes), before.user_email)
