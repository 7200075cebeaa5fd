"""What a push changes in the store, as values: its intent before, and each outcome, in one transaction (P9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from connectord.project.model import Connector, Project
from connectord.store import OPEN, AuthorizationRow, BaseEntry, BaseKey, Change, HistoryRow, JobRow
from connectord.sync.outcome import Outcome, Result
from connectord.sync.queue import PushJob
from connectord.sync.reconcile import base_key

OUTCOME_KIND = "connector.outcome"
"""What an outcome is called in the history and in the news."""


def intent(row: JobRow, key: BaseKey, base: Mapping[str, BaseEntry], sent: Collection[str]) -> Change:
    """What is about to be sent: without it, a file that is taken back after a crash would look like base (P9)."""
    unsure = {name: replace(base[name], unsure=True) for name in sent if name in base}
    return Change(key=key, base=unsure, jobs=(row,))


def change_by(
    outcome: Outcome,
    connector: Connector | None,
    job: PushJob,
    base: Mapping[str, BaseEntry],
    *,
    now: float,
    authorization_limit: float,
) -> Change:
    """What an outcome changes: base, the link to watch, and the history. Without a `connector` it is a removal's."""
    history = HistoryRow(
        None, now, job.project.root, OUTCOME_KIND, f"{outcome.type}: {outcome.words}",
        job=job.id, type=outcome.type, result=outcome.result.value, error=outcome.error,
    )  # fmt: skip
    if not outcome.accepted:
        return Change(history=(history,))
    entry = None if connector is None else _entry(connector, outcome, base.get(connector.type))
    links = () if connector is None else _links(job.project, connector, outcome, now, now + authorization_limit)
    return Change(base_key(job.project), {outcome.type: entry}, authorizations=links, history=(history,))


def _links(
    project: Project, connector: Connector, outcome: Outcome, now: float, deadline: float
) -> tuple[AuthorizationRow, ...]:
    if outcome.authorize_url is None:
        return ()
    row = AuthorizationRow(
        project=project.root,
        type=connector.type,
        url=outcome.authorize_url,
        connection_id=outcome.connection_id,
        scopes=connector.scopes,
        opened_at=now,
        deadline=deadline,
        state=OPEN,
        noticed=False,
        app_id=project.app_id,
        api_url=project.api_url,
    )
    return (row,)


def _entry(connector: Connector, outcome: Outcome, before: BaseEntry | None) -> BaseEntry:
    needs_consent = outcome.result is Result.NEEDS_AUTHORIZATION
    return BaseEntry(
        connector.type,
        connector.scopes,
        connector.connection_config,
        # While a new consent is asked for, the old one is still in force: remembered, so that it can't pass for it.
        seen_scopes=before.seen_scopes if needs_consent and before else None,
        authorized=not needs_consent,
        told=before.told if needs_consent and before else None,
        file_name=connector.file.name or None,
        file_text=connector.text,
    )
