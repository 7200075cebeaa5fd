"""What must hold for one project once nothing happens any more: the promises by number, each a function."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from tests.model.folder import MINE, REFUSED, Folder
from tests.support.lives import Life

from connectord.control.models import ConnectorState, ConnectorStatus, ProjectState, ProjectStatus
from connectord.emulator import World
from connectord.emulator.catalogue import CATALOGUE
from connectord.emulator.state import ConnectionStatus
from connectord.project.model import STRIPE
from connectord.sync.reconcile import base_key

UNDER_WAY = {ConnectorState.QUEUED, ConnectorState.PUSHING}


def p1_base44_has_the_newest_content(folder: Folder, world: World, *, types: set[str]) -> None:
    """Of these types: what was refused for good may wait for a person's word (P8)."""
    sent = last_accepted(world, folder)
    for name in folder.valid.keys() & types:
        if name == STRIPE:
            there = folder.project.app_id in world.state.stripe
            assert there or name in folder.meddled, "P1: stripe has a file and was not installed"
        else:
            wanted, there_was = set(folder.valid[name]), sent.get(name)
            assert there_was == wanted, f"P1/P8: {name} was last sent {there_was}, the file asks {wanted}"


def p2_only_others_make_drift(folder: Folder, life: Life) -> None:
    """At any time: what nobody else touched is not shown as changed by someone else."""
    for one in life.project(folder.root).connectors:
        drifted = one.state is ConnectorState.DRIFTED and one.type not in folder.meddled
        assert not drifted, f"P2: nobody touched {one}"


def p3_only_deletions_are_taken_for_deletions(folder: Folder, life: Life) -> None:
    """At any time: a file that can't be read was never deleted."""
    held = {name for hold in life.project(folder.root).held for name in hold.types}
    assert held <= folder.missed, f"P3: {held} are taken for deleted, only {folder.missed} are gone"


def p4_what_was_deleted_is_gone_or_held(folder: Folder, world: World, status: ProjectStatus) -> None:
    """Once all is quiet. What can't be sent suspends removals for good, and is shown."""
    if not folder.is_complete or REFUSED in folder.wanted:
        return
    shown = {one.type: one.state for one in status.connectors}
    held = {name for hold in status.held for name in hold.types}
    there = world.state.connections.get(folder.project.app_id, {})
    for name in set(MINE) - folder.wanted.keys() - held:
        assert name not in shown, f"P4: {name} was deleted and is {shown[name]}"
        assert name not in there or name in status.untracked, f"P4: {name} was deleted and is still there"


def p10_every_open_link_is_shown(folder: Folder, life: Life) -> None:
    """At any time."""
    status = life.project(folder.root)
    shown = {one.type: one.authorize_url for one in status.connectors}
    for link in life.engine.consents.authorizations.open_ones:
        if link.owner.startswith(f"{folder.root} "):
            assert shown.get(link.type) == link.url, f"P10: {link} is not in {status}"


def p12_synced_means_accepted(folder: Folder, life: Life) -> None:
    """At any time: what is shown as synced was accepted, consented to and not tried again since."""
    base = life.store.base(base_key(folder.project))
    for one in life.project(folder.root).connectors:
        if one.state is ConnectorState.SYNCED:
            entry = base.get(one.type)
            assert entry is not None, f"P12: {one} was never accepted"
            assert entry.authorized, f"P12: {one} was never consented to"
            assert set(entry.scopes) == set(one.scopes), f"P12: {one} is another content than {entry}"


def p12_status_is_what_is_true(folder: Folder, world: World, status: ProjectStatus, *, refused: bool) -> None:
    shown = {one.type: one for one in status.connectors}
    if not folder.is_away:
        for name, scopes in folder.wanted.items():
            assert name in shown, f"P12: {name} has a file and no line in {status}"
            _line_is_true(shown[name], scopes, folder, world, refused=refused)
    assert _theirs(folder, world) <= set(status.untracked), f"P2: not all of it is reported: {status}"
    assert status.state in {ProjectState.SYNCED, ProjectState.NEEDS_ACTION}, f"P8: it goes on: {status}"
    bad = [one for one in status.connectors if one.state is not ConnectorState.SYNCED]
    is_well = not (bad or status.held or folder.is_away)
    assert (status.state is ProjectState.SYNCED) == is_well, f"P12: {status}"


def last_accepted(world: World, folder: Folder) -> dict[str, set[str]]:
    """The scopes of the last PUT of each connector that was answered properly, and not removed since."""
    accepted: dict[str, set[str]] = {}
    for entry in world.journal.entries:
        if entry.method == "DELETE" and folder.project.app_id in entry.path:
            accepted.pop(entry.path.split("/")[-2], None)
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.method == "PUT" and entry.status == HTTPStatus.OK and folder.project.app_id in entry.path:
            accepted[entry.path.rpartition("/")[2]] = {str(scope) for scope in cast("list[str]", body["scopes"])}
    return accepted


def _line_is_true(
    shown: ConnectorStatus, scopes: list[str] | None, folder: Folder, world: World, *, refused: bool
) -> None:
    if scopes is None:
        assert shown.state is ConnectorState.INVALID, f"P12: {shown}"
        return
    assert shown.state not in UNDER_WAY, f"P8: {shown} stays on its way"
    if shown.type == REFUSED:
        assert shown.state is ConnectorState.FAILED, f"P12: a refused one is shown as {shown.state}"
        return
    assert shown.state is not ConnectorState.FAILED or refused, f"P8: {shown} was never tried again"
    if shown.type not in folder.meddled and shown.state is ConnectorState.SYNCED:
        _is_there(shown, scopes, folder, world)


def _is_there(shown: ConnectorStatus, scopes: list[str], folder: Folder, world: World) -> None:
    app_id = folder.project.app_id
    if shown.type == STRIPE:
        assert app_id in world.state.stripe, f"P12: {shown} is not there"
        return
    there = world.state.connections.get(app_id, {}).get(shown.type)
    assert there is not None, f"P12: {shown} is not there"
    granted = set(CATALOGUE[shown.type].granted(scopes))
    assert (there.status, set(there.scopes)) == (ConnectionStatus.ACTIVE, granted), f"P12: {shown}, {there}"


def _theirs(folder: Folder, world: World) -> set[str]:
    return set(world.state.connections.get(folder.project.app_id, {})) - set(MINE)
