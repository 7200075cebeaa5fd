"""The part of the state that is held in memory: projects, base, authorizations, holds, sightings, absences and
what was noticed, by their keys.

`unsaved` are the keys whose rows changed since they were last written, so a thing that changes ten times while the disk
is full is written once, and what waits to be written is never more than what there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectord.store.base import BaseEntry, BaseKey
from connectord.store.rows import (
    AbsenceKey,
    AbsenceRow,
    AuthorizationKey,
    AuthorizationRow,
    Change,
    HoldKey,
    HoldRow,
    Keep,
    NoticedKey,
    NoticedRow,
    ProjectRow,
    SightingRow,
)


@dataclass(slots=True)
class Unsaved:
    """Keys of rows that the database doesn't have as they are now."""

    projects: set[Path] = field(default_factory=set)
    base: set[tuple[BaseKey, str]] = field(default_factory=set)
    authorizations: set[AuthorizationKey] = field(default_factory=set)
    holds: set[HoldKey] = field(default_factory=set)
    sightings: set[Path] = field(default_factory=set)
    absences: set[AbsenceKey] = field(default_factory=set)
    noticed: set[NoticedKey] = field(default_factory=set)
    snooze: bool = False

    def __bool__(self) -> bool:
        kept = self.projects, self.base, self.authorizations, self.holds, self.sightings, self.absences, self.noticed
        return any(kept) or self.snooze

    def update(self, more: Unsaved) -> None:
        """These too."""
        self.projects |= more.projects
        self.base |= more.base
        self.authorizations |= more.authorizations
        self.holds |= more.holds
        self.sightings |= more.sightings
        self.absences |= more.absences
        self.noticed |= more.noticed
        self.snooze |= more.snooze


@dataclass(slots=True)
class Mirror:
    """The rows as they are now. Nothing but its methods changes them."""

    projects: dict[Path, ProjectRow] = field(default_factory=dict)
    base: dict[BaseKey, dict[str, BaseEntry]] = field(default_factory=dict)
    authorizations: dict[AuthorizationKey, AuthorizationRow] = field(default_factory=dict)
    holds: dict[HoldKey, HoldRow] = field(default_factory=dict)
    sightings: dict[Path, SightingRow] = field(default_factory=dict)
    absences: dict[AbsenceKey, AbsenceRow] = field(default_factory=dict)
    noticed: dict[NoticedKey, NoticedRow] = field(default_factory=dict)
    snoozed_until: float = 0.0
    unsaved: Unsaved = field(default_factory=Unsaved)

    def apply(self, change: Change) -> None:
        """Take a change over. What is forgotten or ended goes before new rows are taken."""
        if change.key is not None:
            self._accept(change.key, change.base)
        for key in change.forgotten_authorizations:
            self._drop_authorization(key)
        for authorization in change.authorizations:
            if authorization.replaces(self.authorizations.get(authorization.key)):
                self.authorizations[authorization.key] = authorization
                self.unsaved.authorizations.add(authorization.key)
        for key in change.ended_holds:
            self._drop_hold(key)
        for hold in change.holds:
            self.holds[hold.key] = hold
            self.unsaved.holds.add(hold.key)
        for sighting in change.sightings:
            self.sightings[sighting.project] = sighting
            self.unsaved.sightings.add(sighting.project)
        for key in change.ended_absences:
            self._drop_absence(key)
        for absence in change.absences:
            self.absences[absence.key] = absence
            self.unsaved.absences.add(absence.key)
        self._notice(change)

    def add_project(self, root: Path, at: float) -> bool:
        """Register a project; False where it is already."""
        if root in self.projects:
            return False
        self.projects[root] = ProjectRow(root, at)
        self.unsaved.projects.add(root)
        return True

    def remove_project(self, root: Path) -> bool:
        """Forget a project with everything but its history; False where it wasn't registered."""
        for key in [key for key in self.base if self._owns(root, key.connectors_dir) or self._uses_alone(root, key)]:
            self._accept(key, dict.fromkeys(self.base[key]))
        for authorization in [key for key in self.authorizations if key[0] == root]:
            self._drop_authorization(authorization)
        for hold in [key for key in self.holds if key[0] == root]:
            self._drop_hold(hold)
        for absence in [key for key in self.absences if key[0] == root]:
            self._drop_absence(absence)
        for noticed in [key for key in self.noticed if key[0] == str(root)]:
            self._drop_noticed(noticed)
        self.sightings.pop(root, None)
        self.unsaved.sightings.add(root)
        self.unsaved.projects.add(root)
        return self.projects.pop(root, None) is not None

    def set_paused(self, root: Path | None, paused: bool) -> None:
        """Pause or resume one registered project, or all of them."""
        for row in tuple(self.projects.values()):
            if root in (None, row.root) and row.paused != paused:
                self.projects[row.root] = replace(row, paused=paused)
                self.unsaved.projects.add(row.root)

    def prune(self, now: float, keep: Keep) -> None:
        """Forget what ended long ago: authorizations, and what a person was told of."""
        ended = [row for row in self.authorizations.values() if not row.is_open]
        for row in ended:
            if row.deadline < now - keep.seconds:
                self._drop_authorization(row.key)
        for noticed in list(self.noticed.values()):
            if noticed.ended_at is not None and noticed.ended_at < now - keep.seconds:
                self._drop_noticed(noticed.key)

    def save_everything(self) -> None:
        """A new database has none of it."""
        self.unsaved.projects.update(self.projects)
        self.unsaved.base.update((key, name) for key, entries in self.base.items() for name in entries)
        self.unsaved.authorizations.update(self.authorizations)
        self.unsaved.holds.update(self.holds)
        self.unsaved.sightings.update(self.sightings)
        self.unsaved.absences.update(self.absences)
        self.unsaved.noticed.update(self.noticed)
        self.unsaved.snooze |= bool(self.snoozed_until)

    def adopt(self, found: Mirror) -> None:
        """Take over what a database holds that was opened after this; what changed here meanwhile is newer."""
        for root in found.projects.keys() - self.unsaved.projects:
            self.projects[root] = found.projects[root]
        changed: defaultdict[BaseKey, set[str]] = defaultdict(set)
        for key, name in self.unsaved.base:
            changed[key].add(name)
        for key, entries in found.base.items():
            if older := {name: entry for name, entry in entries.items() if name not in changed[key]}:
                self.base[key] = self.base.get(key, {}) | older
        for authorization in found.authorizations.keys() - self.unsaved.authorizations:
            self.authorizations[authorization] = found.authorizations[authorization]
        for hold in found.holds.keys() - self.unsaved.holds:
            self.holds[hold] = found.holds[hold]
        for root in found.sightings.keys() - self.unsaved.sightings:
            self.sightings[root] = found.sightings[root]
        for absence in found.absences.keys() - self.unsaved.absences:
            self.absences[absence] = found.absences[absence]
        self.noticed |= {key: found.noticed[key] for key in found.noticed.keys() - self.unsaved.noticed}
        self.snoozed_until = self.snoozed_until if self.unsaved.snooze else found.snoozed_until
        self.unsaved.update(found.unsaved)

    def _accept(self, key: BaseKey, entries: Mapping[str, BaseEntry | None]) -> None:
        known = self.base.setdefault(key, {})
        for name, entry in entries.items():
            if entry is None:
                known.pop(name, None)
            elif known.get(name) == entry:  # as each rescan says again
                continue
            else:
                known[name] = entry
            self.unsaved.base.add((key, name))
        if not known:
            del self.base[key]

    def _notice(self, change: Change) -> None:
        for row in change.noticed:
            self.noticed[row.key] = row
            self.unsaved.noticed.add(row.key)
        if change.snoozed_until is not None:
            self.snoozed_until, self.unsaved.snooze = change.snoozed_until, True

    def _owns(self, root: Path, directory: Path) -> bool:
        """Whether a connectors directory belongs to this project and not to another one inside of it."""
        inner = [other for other in self.projects if other != root and other.is_relative_to(root)]
        return directory.is_relative_to(root) and not any(directory.is_relative_to(other) for other in inner)

    def _uses_alone(self, root: Path, key: BaseKey) -> bool:
        """Whether this project's connectors lie there, outside of its folder perhaps, and no other project's do."""
        return [row.project for row in self.sightings.values() if row.base == key] == [root]

    def _drop_authorization(self, key: AuthorizationKey) -> None:
        self.authorizations.pop(key, None)
        self.unsaved.authorizations.add(key)

    def _drop_hold(self, key: HoldKey) -> None:
        self.holds.pop(key, None)
        self.unsaved.holds.add(key)

    def _drop_absence(self, key: AbsenceKey) -> None:
        self.absences.pop(key, None)
        self.unsaved.absences.add(key)

    def _drop_noticed(self, key: NoticedKey) -> None:
        self.noticed.pop(key, None)
        self.unsaved.noticed.add(key)
