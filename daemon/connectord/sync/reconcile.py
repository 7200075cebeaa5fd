"""Asking Base44 what it has, and telling once what differs from what this machine knows (P2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import astuple, replace
from typing import Final

from connectord.base44 import App
from connectord.base44.errors import Base44Error
from connectord.base44.models import ConnectionStatus, RemoteConnector, StripeStatus
from connectord.project.model import Project, Snapshot
from connectord.store import BaseEntry, BaseKey, Change
from connectord.sync.effects import PushEffects
from connectord.sync.events import ConnectorsGone, LateConsent, Reconciled, ReconcileFailed
from connectord.sync.guard import RemovalMode
from connectord.sync.plan import Plan, Remote, is_new_consent, plan
from connectord.sync.told import Said, Told, mark_of

AT_ONCE: Final = 4
"""So many projects of one API host are reconciled side by side."""

SPARE: Final = 10
"""Of the sixty lists a minute these are left to who can't wait: the fresh looks before removals, and consents."""


class Reconciler:
    """Compares one project with Base44 and remembers what it has told, in `told` and in base.

    `latest` is the snapshot that was seen last, if it was of this base. Connectors whose consent link is being polled
    are left alone: their consents are the poll's to tell (P11).
    `on_plan` hears each time what all of the comparison says, and of which project; `on_failure` why there is none,
    and how many times in a row there was none.
    Where the settings say mirror, what exists only there isn't left alone: its removal or hold tells of it.
    """

    def __init__(
        self,
        effects: PushEffects,
        told: Told,
        *,
        latest: Callable[[BaseKey], Snapshot | None],
        on_plan: Callable[[Project, Plan], None] = lambda _, __: None,
        on_failure: Callable[[Base44Error, int], None] = lambda _, __: None,
    ) -> None:
        self._store = effects.store
        self._emit = effects.emit
        self._watched = effects.watched
        self._turnstile = effects.turnstile
        self._latest = latest
        self._on_plan = on_plan
        self._on_failure = on_failure
        self._told = told
        self._mirrors = effects.removals.mode is RemovalMode.MIRROR
        self._failing: str | None = None
        self._failures = 0
        self._running: BaseKey | None = None
        self._next: tuple[Project, App] | None = None

    @property
    def owed(self) -> bool:
        """Whether Base44 couldn't be asked the last time: it is asked again when something may have changed that."""
        return self._failing is not None

    async def reconcile(self, project: Project, app: App) -> None:
        """List what is there and tell what is news. Changes nothing on Base44; base learns what was seen.

        It may run beside pushes of the same project: what changed in base meanwhile is left for the next time, since
        nobody knows whether the answer is from before it.
        """
        if self._running is not None:
            # Another app is asked next; the same one is being asked.
            self._next = None if self._running == base_key(project) else (project, app)
            return
        self._next = (project, app)
        try:
            while self._next is not None:
                (project, app), self._next = self._next, None
                self._running = base_key(project)
                await self._try(project, app)
        finally:
            self._running = None

    async def _try(self, project: Project, app: App) -> None:
        try:
            await self._compare(project, app)
            self._failing, self._failures = None, 0
        except Base44Error as error:
            news, self._failing = error.code != self._failing, error.code
            if news:
                self._emit(ReconcileFailed(project, error))
            self._failures += 1
            self._on_failure(error, self._failures)

    async def _compare(self, project: Project, app: App) -> None:
        key = base_key(project)
        async with self._turnstile(project).place():
            before = self._store.base(key)
            connectors = await app.list_connectors(spare=SPARE)
        remote = Remote(connectors, await _stripe_if_known(app))
        snapshot = self._latest(key)
        if snapshot is None:  # the project has turned to another app meanwhile
            return
        now = self._store.base(key)
        # Not the equal one either: it may have been sent and taken back, and the answer be from in between.
        base = {name: entry for name, entry in now.items() if before.get(name) is entry}
        unsettled = now.keys() - base.keys() | before.keys() - now.keys()
        # That a removal of ours which was begun is done is for its job to find and to tell.
        unsettled |= {row.type for row in self._store.absences(project.root) if row.removing}
        watched = set(self._watched(project))
        decided = _without(plan(snapshot, now, remote), unsettled | watched)
        self._on_plan(project, decided)
        late_consents = _late_consents(decided, base, remote)
        # Of what has no file any more it must be known now whether a consent goes with it.
        seen = _seen(decided, base, remote, unsettled | watched & snapshot.by_type.keys())
        # Kept before it is told: what a crash swallows is still in status, what is said twice is a nuisance (P11).
        self._store.accept(key, _with_told(seen, decided, now))
        if decided.forgotten:
            self._emit(ConnectorsGone(project, decided.forgotten))
        self._emit(
            Reconciled(
                project,
                decided,
                drifts=tuple(drift for drift in decided.drifts if now[drift.type].told != drift.kind.value),
                untracked=() if self._mirrors else self._new_untracked(key, decided),
                unauthorized=tuple(
                    lost for lost in decided.unauthorized if lost.status and now[lost.type].told != lost.status.value
                ),
                late_consents=late_consents,
                missing_scopes={name: entry.missing_scopes for name, entry in seen.items() if entry is not None},
            )
        )

    def _new_untracked(self, key: BaseKey, decided: Plan) -> tuple[str, ...]:
        """Those that weren't told yet; one that comes back after it was gone is told again."""
        gone = self._told.marks(Said.UNTRACKED).keys() - set(decided.untracked)
        rows = list(self._told.over(Said.UNTRACKED, gone))
        new = {
            name: self._told.say(Said.UNTRACKED, name, mark_of(*map(str, astuple(key)))) for name in decided.untracked
        }
        rows += [row for said in new.values() for row in said]
        if rows:
            self._store.record(Change(noticed=tuple(rows)))
        return tuple(name for name, said in new.items() if said)


def base_key(project: Project) -> BaseKey:
    """Whose base a project's is."""
    return BaseKey(project.api_url, project.app_id, project.connectors_dir)


async def _stripe_if_known(app: App) -> StripeStatus | None:
    """Stripe's own route may fail without hiding the rest."""
    try:
        return await app.stripe_status()
    except Base44Error:
        return None


def _without(decided: Plan, unsettled: Collection[str]) -> Plan:
    """The plan without what changed while Base44 was being asked, and without what a poll will tell."""
    return replace(
        decided,
        unchanged=tuple(name for name in decided.unchanged if name not in unsettled),
        drifts=tuple(drift for drift in decided.drifts if drift.type not in unsettled),
        unauthorized=tuple(lost for lost in decided.unauthorized if lost.type not in unsettled),
        forgotten=tuple(name for name in decided.forgotten if name not in unsettled),
        untracked=tuple(name for name in decided.untracked if name not in unsettled),
    )


def _late_consents(decided: Plan, base: Mapping[str, BaseEntry], remote: Remote) -> tuple[LateConsent, ...]:
    active = _active(remote)
    return tuple(
        _late_consent(base[name], active[name])
        for name in decided.unchanged
        if name in active and name in base and not base[name].authorized and is_new_consent(base[name], active[name])
    )


def _late_consent(entry: BaseEntry, there: RemoteConnector) -> LateConsent:
    missing = tuple(scope for scope in entry.scopes if scope not in there.scopes)
    return LateConsent(entry.type, len(entry.scopes), missing, there.user_email)


def _seen(
    decided: Plan, base: Mapping[str, BaseEntry], remote: Remote, unsettled: Collection[str]
) -> dict[str, BaseEntry | None]:
    drifted = {drift.type for drift in decided.drifts}
    learned: dict[str, BaseEntry | None] = dict.fromkeys(decided.forgotten)
    for name, there in _active(remote).items():
        entry = base.get(name)
        if entry is None or name in drifted:
            continue
        # An old consent that is in force while a new one is being asked for must not pass for the new one.
        works = entry.authorized or (name not in unsettled and is_new_consent(entry, there))
        learned[name] = replace(entry, authorized=works, seen_scopes=frozenset(there.scopes))
    return learned


def _with_told(
    learned: Mapping[str, BaseEntry | None], decided: Plan, now: Mapping[str, BaseEntry]
) -> dict[str, BaseEntry | None]:
    """What was learned, with what a person has been told of each connector; nothing any more where that is over."""
    words = {drift.type: drift.kind.value for drift in decided.drifts}
    words |= {lost.type: lost.status.value for lost in decided.unauthorized if lost.status}
    changed = dict(learned)
    for name in decided.unchanged:
        entry = changed.get(name, now[name])
        if entry is not None and entry.told != words.get(name):
            changed[name] = replace(entry, told=words.get(name))
    return changed


def _active(remote: Remote) -> dict[str, RemoteConnector]:
    return {name: there for name, there in remote.by_type.items() if there.status is ConnectionStatus.ACTIVE}
