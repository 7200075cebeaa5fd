"""Stripe sandboxes that nobody has claimed yet: kept until they are somebody's (P10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connectord.authorize import AuthorizationState
from connectord.control.tell_consent import tell_claimed
from connectord.daemon.surroundings import Surroundings
from connectord.project import STRIPE, Project
from connectord.store import CLAIMABLE, AuthorizationRow, Change, Store
from connectord.sync.events import OutcomeKnown, Reconciled
from connectord.sync.outcome import Result, unclaimed

CLAIMED: Final = "claimed"


class Claims:
    """The claim link of each project, as a row that outlives the process. What Base44 says of Stripe decides."""

    def __init__(self, surroundings: Surroundings, store: Store) -> None:
        self._in = surroundings
        self._store = store

    def follow(self, event: OutcomeKnown) -> None:
        """A push has seen Stripe, provisioned it, or removed it."""
        outcome = event.outcome
        if outcome.result is Result.REMOVED:
            self.gone(event.project, (outcome.type,))
        elif outcome.type == STRIPE and outcome.accepted:
            self._is_now(event.project, outcome.claim_url)

    def reconciled(self, event: Reconciled) -> None:
        """Base44 was asked. Where it doesn't say anything of Stripe, nothing is known."""
        if event.plan.stripe is not None and STRIPE in event.plan.unchanged:
            self._is_now(event.project, unclaimed(event.plan.stripe))

    def gone(self, project: Project, types: tuple[str, ...]) -> None:
        """The file is gone: nobody wants the sandbox any more."""
        row = self._row(project)
        if STRIPE in types and row is not None:
            self._end(row, AuthorizationState.SUPERSEDED.value)

    def _is_now(self, project: Project, url: str | None) -> None:
        row = self._row(project)
        if url is not None:
            claimable = replace(row, url=url) if row is not None else self._new_row(project, url)
            if claimable != row:
                self._store.record(Change(authorizations=(claimable,)))
        elif row is not None:
            self._end(row, CLAIMED)
            self._in.publish(tell_claimed(project, self._in.at()))

    def _end(self, row: AuthorizationRow, state: str) -> None:
        self._store.record(Change(authorizations=(replace(row, state=state),)))

    def _row(self, project: Project) -> AuthorizationRow | None:
        """The row of a sandbox that is nobody's, of the app that the project is linked to now."""
        whose = project.app_id, project.api_url
        rows = [row for row in self._store.authorizations(project.root) if (row.app_id, row.api_url) == whose]
        return next((row for row in rows if row.type == STRIPE and row.state == CLAIMABLE), None)

    def _new_row(self, project: Project, url: str) -> AuthorizationRow:
        now = self._in.now()
        return AuthorizationRow(
            project=project.root,
            type=STRIPE,
            url=url,
            connection_id=None,
            scopes=(),
            opened_at=now,
            deadline=now,
            state=CLAIMABLE,
            noticed=False,
            app_id=project.app_id,
            api_url=project.api_url,
        )
