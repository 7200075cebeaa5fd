"""Reconciling: what to do about each connector, as a pure function of snapshot, base and remote.

The table is design.md's ("Reconciling one connector"). Nothing here sends anything; a plan is a value that can be
shown, compared and thrown away.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectord.base44.models import ConnectionStatus, RemoteConnector, StripeStatus
from connectord.project.model import STRIPE, Connector, Snapshot
from connectord.store.base import BaseEntry
from connectord.sync.guard import HoldReason, WaitReason


@dataclass(frozen=True, slots=True)
class Remote:
    """What Base44 says it has now. `stripe` is None where it wasn't asked or didn't answer."""

    connectors: tuple[RemoteConnector, ...] = ()
    stripe: StripeStatus | None = None

    @property
    def by_type(self) -> dict[str, RemoteConnector]:
        """The OAuth connectors. Stripe never counts as one, even if the service lists it (defect 6)."""
        return {connector.type: connector for connector in self.connectors if connector.type != STRIPE}


@dataclass(frozen=True, slots=True)
class Held:
    """One removal that the comparison alone rules out, and why."""

    type: str
    reason: HoldReason | WaitReason


class DriftKind(StrEnum):
    """What someone else did to a connector that this machine pushed."""

    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference that was made elsewhere: reported, never fought over (P2)."""

    type: str
    kind: DriftKind


@dataclass(frozen=True, slots=True)
class LostConsent:
    """A connector that waits for a person's consent. `status` is None where nobody has consented yet."""

    type: str
    status: ConnectionStatus | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered actions of one push, and what is only said.

    Actions: `sets` side by side, then `provision` (Stripe), then `removals` one after another. `stripe` is what is
    known of Stripe, so that carrying out doesn't ask again. `removals` are what the table allows; when each of them
    may be sent is for the guard to say (guard.py). The rest is for people: `unchanged` needs no request,
    `parked` failed with exactly this content and waits,
    `forgotten` is gone on both sides, `unauthorized` has lost its consent, `untracked` exists only on Base44.
    """

    sets: tuple[Connector, ...] = ()
    provision: bool = False
    removals: tuple[str, ...] = ()
    stripe: StripeStatus | None = None
    unchanged: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    drifts: tuple[Drift, ...] = ()
    forgotten: tuple[str, ...] = ()
    unauthorized: tuple[LostConsent, ...] = ()
    untracked: tuple[str, ...] = ()

    @property
    def has_sets(self) -> bool:
        """Whether a file says something that Base44 hasn't accepted yet."""
        return bool(self.sets or self.provision)

    @property
    def sends_nothing(self) -> bool:
        """Whether carrying it out would take no request at all."""
        return not (self.has_sets or self.removals)


def plan(
    snapshot: Snapshot,
    base: Mapping[str, BaseEntry],
    remote: Remote | None = None,
    *,
    parked: Collection[Connector] = (),
) -> Plan:
    """What this machine's edits ask for. Without `remote` only files and base are compared: a plain save.

    `parked` are connectors that failed with exactly this content and whose time hasn't come (P8).
    """
    waiting = {connector.type: connector for connector in parked}
    wanted = [connector for connector in snapshot.connectors if not _agrees(connector, base.get(connector.type))]
    to_send = [connector for connector in wanted if not _is_same(connector, waiting.get(connector.type))]
    kept = [connector.type for connector in snapshot.connectors if connector not in wanted]
    deleted = _deleted(snapshot, base)
    return Plan(
        sets=tuple(connector for connector in to_send if not connector.is_stripe),
        provision=any(connector.is_stripe for connector in to_send),
        removals=tuple(name for name in deleted if _removable(name, snapshot, base, remote)),
        stripe=remote.stripe if remote else None,
        unchanged=tuple(kept),
        parked=tuple(connector.type for connector in wanted if connector not in to_send),
        held=tuple(
            Held(name, _hold_reason(snapshot))
            for name in deleted
            if not _removable(name, snapshot, base, remote) and not gone(name, remote)
        ),
        drifts=tuple(_drifts(kept, base, remote)) if remote else (),
        forgotten=tuple(name for name in deleted if snapshot.complete and gone(name, remote)),
        unauthorized=tuple(_unauthorized(kept, base, remote)) if remote else (),
        untracked=tuple(_untracked(snapshot, base, remote)) if remote else (),
    )


def mirror_plan(snapshot: Snapshot, remote: Remote) -> Plan:
    """What makes Base44 equal to the files, unlisted connectors removed: the one-shot `push`, as the CLI does it.

    Raises ValueError for a snapshot with errors: what can't be read must not look like a deletion (P3).
    """
    if not snapshot.complete:
        raise ValueError("a snapshot with errors can't be mirrored")
    local = {name.lower() for name in snapshot.by_type}
    stripe_here = STRIPE in snapshot.by_type
    stripe_there = remote.stripe is not None and remote.stripe.installed
    # Types are matched whatever their case (protocol.md): "Slack" in a file is no word for removing "slack".
    removals = [name for name in remote.by_type if name.lower() not in local]
    if stripe_there and STRIPE not in local:
        removals.append(STRIPE)
    return Plan(
        sets=tuple(connector for connector in snapshot.connectors if not connector.is_stripe),
        provision=stripe_here,
        removals=tuple(removals),
        stripe=remote.stripe,
    )


def _agrees(connector: Connector, entry: BaseEntry | None) -> bool:
    return entry is not None and not entry.unsure and _is_same(connector, entry)


def _is_same(connector: Connector, other: BaseEntry | Connector | None) -> bool:
    """Whether both would send the same request."""
    return (
        other is not None
        and frozenset(other.scopes) == frozenset(connector.scopes)
        and _is_same_config(other.connection_config, connector.connection_config)
    )


def _is_same_config(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    return one is other or _as_sent(one) == _as_sent(other)  # nearly always there is none


def _as_sent(config: Mapping[str, Any] | None) -> str:
    # Python calls 1 and true equal; on the wire they differ.
    return json.dumps(config, sort_keys=True)


def _deleted(snapshot: Snapshot, base: Mapping[str, BaseEntry]) -> list[str]:
    here = {name.lower() for name in snapshot.by_type}
    return [name for name in base if name.lower() not in here]


def gone(name: str, remote: Remote | None) -> bool:
    """Whether Base44 has it no more, as far as it was asked."""
    if remote is None:
        return False
    if name == STRIPE:
        return remote.stripe is not None and not remote.stripe.installed
    return name not in remote.by_type


def _removable(name: str, snapshot: Snapshot, base: Mapping[str, BaseEntry], remote: Remote | None) -> bool:
    return snapshot.complete and not gone(name, remote) and not changed_elsewhere(name, base[name], remote)


def _hold_reason(snapshot: Snapshot) -> HoldReason | WaitReason:
    return HoldReason.CHANGED_ELSEWHERE if snapshot.complete else WaitReason.PROBLEMS


def changed_elsewhere(name: str, entry: BaseEntry, remote: Remote | None) -> bool:
    """Whether Base44 has other scopes for it now than when it was last looked at after this machine's push."""
    if remote is None or name == STRIPE:
        return False
    there = remote.by_type.get(name)
    return there is not None and entry.seen_scopes is not None and frozenset(there.scopes) != entry.seen_scopes


def _drifts(kept: list[str], base: Mapping[str, BaseEntry], remote: Remote) -> list[Drift]:
    found = []
    for name in kept:
        if gone(name, remote):
            # A connector that nobody has consented to yet isn't listed at all: that is no drift.
            if base[name].authorized or name == STRIPE:
                found.append(Drift(name, DriftKind.GONE))
        elif base[name].authorized and changed_elsewhere(name, base[name], remote):
            # Where a consent is waited for, other scopes than before are that consent.
            found.append(Drift(name, DriftKind.CHANGED))
    return found


def _unauthorized(kept: list[str], base: Mapping[str, BaseEntry], remote: Remote) -> list[LostConsent]:
    lost = []
    for name in kept:
        there = remote.by_type.get(name)
        if there is not None and there.status is not ConnectionStatus.ACTIVE:
            lost.append(LostConsent(name, there.status))
        elif name != STRIPE and not base[name].authorized and not is_new_consent(base[name], there):
            lost.append(LostConsent(name))
    return lost


def is_new_consent(entry: BaseEntry, there: RemoteConnector | None) -> bool:
    """Whether this is another consent than the one that was in force when the new one was asked for."""
    if there is None:
        return False
    granted = frozenset(there.scopes)
    return entry.seen_scopes is None or granted != entry.seen_scopes or granted >= frozenset(entry.scopes)


def _untracked(snapshot: Snapshot, base: Mapping[str, BaseEntry], remote: Remote) -> list[str]:
    known = {name.lower() for name in (*snapshot.by_type, *base)}
    there = list(remote.by_type)
    if remote.stripe is not None and remote.stripe.installed:
        there.append(STRIPE)
    return [name for name in there if name.lower() not in known]
