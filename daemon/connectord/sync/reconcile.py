"""Asking Base44 what it has, and telling once what differs from what this machine knows (P2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectord.base44 import App
from connectord.base44.errors import Base44Error
from connectord.base44.models import ConnectionStatus, RemoteConnector, StripeStatus
from connectord.project.model import Project, Snapshot
from connectord.store import BaseEntry, BaseKey, Store
from connectord.sync.events import LateConsent, Reconciled, ReconcileFailed, SyncEvent
from connectord.sync.plan import Plan, Remote, plan


class Reconciler:
    """Compares one project with Base44 and remembers what it has told."""

    def __init__(self, store: Store, emit: Callable[[SyncEvent], None]) -> None:
        self._store = store
        self._emit = emit
        self._told = Plan()
        self._failing = False

    async def reconcile(self, project: Project, snapshot: Snapshot, app: App) -> None:
        """List what is there and tell what is news. Changes nothing on Base44; base learns what was seen."""
        try:
            remote = await ask_remote(app)
        except Base44Error as error:
            if not self._failing:
                self._emit(ReconcileFailed(project, error))
            self._failing = True
            return
        self._failing = False
        base = self._store.base(base_key(project))
        decided = plan(snapshot, base, remote)
        self._tell(project, decided, _late_consents(decided, base, remote))
        self._store.accept(base_key(project), _seen(decided, base, remote))

    def _tell(self, project: Project, decided: Plan, late_consents: tuple[LateConsent, ...]) -> None:
        told, self._told = self._told, decided
        self._emit(
            Reconciled(
                project,
                decided,
                drifts=tuple(drift for drift in decided.drifts if drift not in told.drifts),
                untracked=tuple(name for name in decided.untracked if name not in told.untracked),
                unauthorized=tuple(lost for lost in decided.unauthorized if lost not in told.unauthorized),
                late_consents=late_consents,
            )
        )


async def ask_remote(app: App) -> Remote:
    """What Base44 has now. Stripe's own route may fail without hiding the rest: then Stripe is unknown."""
    connectors = await app.list_connectors()
    return Remote(connectors, await _stripe_if_known(app))


def base_key(project: Project) -> BaseKey:
    """Whose base a project's is."""
    return BaseKey(project.api_url, project.app_id, project.connectors_dir)


async def _stripe_if_known(app: App) -> StripeStatus | None:
    try:
        return await app.stripe_status()
    except Base44Error:
        return None


def _late_consents(decided: Plan, base: Mapping[str, BaseEntry], remote: Remote) -> tuple[LateConsent, ...]:
    active = _active(remote)
    return tuple(
        _late_consent(base[name], active[name])
        for name in decided.unchanged
        if name in active and not base[name].authorized
    )


def _late_consent(entry: BaseEntry, there: RemoteConnector) -> LateConsent:
    missing = tuple(scope for scope in entry.scopes if scope not in there.scopes)
    return LateConsent(entry.type, len(entry.scopes), missing, there.user_email)


def _seen(decided: Plan, base: Mapping[str, BaseEntry], remote: Remote) -> dict[str, BaseEntry | None]:
    drifted = {drift.type for drift in decided.drifts}
    learned: dict[str, BaseEntry | None] = dict.fromkeys(decided.forgotten)
    for name, there in _active(remote).items():
        if name in base and name not in drifted:
            learned[name] = replace(base[name], authorized=True, seen_scopes=frozenset(there.scopes))
    return learned


def _active(remote: Remote) -> dict[str, RemoteConnector]:
    return {name: there for name, there in remote.by_type.items() if there.status is ConnectionStatus.ACTIVE}
