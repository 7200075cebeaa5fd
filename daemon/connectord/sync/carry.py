"""Carrying a plan out: sets side by side, then Stripe, then removals one after another (P4).

The only place of the whole package that sends a removal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from connectord.base44 import App
from connectord.base44.errors import Base44Error, NotFound, SignedOut, TimedOut
from connectord.browser.web_link import is_web_link
from connectord.project.model import STRIPE, Connector
from connectord.sync.guard import WaitReason
from connectord.sync.outcome import Outcome, Result, failed, read_set_reply, unclaimed
from connectord.sync.plan import Plan, Remote, gone

SETS_AT_ONCE = 8

NEXT_GOES_OUT: Final = 0.01
"""Seconds that an outcome waits to be told while other sets wait for a place: writing one down and telling it takes the
processor for a millisecond, and eight answers come at a time."""

Objection = Callable[[str], Awaitable[Outcome | None]]
"""Asked right before a removal is sent, each time that it is: None lets it go, an outcome stands instead of it."""


async def carry_out(
    plan: Plan,
    app: App,
    *,
    objection: Objection,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    sets_at_once: int = SETS_AT_ONCE,
) -> tuple[Outcome, ...]:
    """Send what the plan says and return one outcome per connector, in the plan's order.

    `on_outcome` hears of each as it comes. Nothing is raised for what Base44 answers: a failure is an outcome too.
    """
    outcomes = await _set_all(plan.sets, app, on_outcome, sets_at_once)
    if plan.provision:
        outcomes.append(_said(await _provision(plan, app), on_outcome))
    all_accepted = all(outcome.accepted for outcome in outcomes)
    for connector_type in plan.removals:
        removal = await _remove(connector_type, app, objection) if all_accepted else _withheld(connector_type)
        outcomes.append(_said(removal, on_outcome))
    return tuple(outcomes)


async def _set_all(
    connectors: tuple[Connector, ...], app: App, on_outcome: Callable[[Outcome], None], sets_at_once: int
) -> list[Outcome]:
    places = asyncio.Semaphore(sets_at_once)
    ended: list[Outcome] = []

    async def one(connector: Connector) -> Outcome:
        async with places:
            outcome = _foreseen(connector, ended) or await _set(connector, app)
            ended.append(outcome)
        try:
            if places.locked():  # others wait for the place: the next request goes out before this is written down
                await asyncio.sleep(NEXT_GOES_OUT)
        finally:  # Base44 has it, whoever cancels us now
            _said(outcome, on_outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(connector)) for connector in connectors]
    return [task.result() for task in tasks]


def _foreseen(connector: Connector, ended: list[Outcome]) -> Outcome | None:
    """What the next request would come to, after these: the login that one lacked, or the answer, it would lack too."""
    for outcome in ended:
        if outcome.code == SignedOut.code:
            return replace(outcome, type=connector.type)
    if ended and all(outcome.code == TimedOut.code for outcome in ended):
        error = f"not sent, because Base44 did not answer when asked to set {ended[0].type}"
        return replace(ended[0], type=connector.type, error=error)
    return None


async def _set(connector: Connector, app: App) -> Outcome:
    try:
        reply = await app.set_connector(connector.type, connector.scopes, connector.connection_config)
    except Base44Error as error:
        return failed(connector.type, error)
    return read_set_reply(connector, reply)


async def _provision(plan: Plan, app: App) -> Outcome:
    try:
        status = plan.stripe or await app.stripe_status()
        if status.installed:
            return Outcome(STRIPE, Result.SYNCED, claim_url=unclaimed(status))
        installed = await app.install_stripe()
    except Base44Error as error:
        return failed(STRIPE, error)
    return Outcome(STRIPE, Result.PROVISIONED, claim_url=_safe(installed.claim_url))


class _Stopped(Exception):
    """A removal that must not be sent."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


async def _remove(connector_type: str, app: App, objection: Objection) -> Outcome:
    async def allowed() -> None:
        instead = await objection(connector_type)
        if instead is not None:
            raise _Stopped(instead)

    try:
        if connector_type == STRIPE:
            await app.remove_stripe(allowed=allowed)
        else:
            await app.remove_connector(connector_type, allowed=allowed)
    except _Stopped as stopped:
        return stopped.outcome
    except (NotFound, TimedOut) as error:
        # It may be done all the same: where Base44 has it no more, it is.
        return await _perhaps_removed(connector_type, app) or failed(connector_type, error)
    except Base44Error as error:
        return failed(connector_type, error)
    return Outcome(connector_type, Result.REMOVED)


async def _perhaps_removed(connector_type: str, app: App) -> Outcome | None:
    try:
        remote = await ask_about(connector_type, app)
    except Base44Error:
        return None
    return Outcome(connector_type, Result.REMOVED) if gone(connector_type, remote) else None


async def ask_about(connector_type: str, app: App) -> Remote:
    """What Base44 says of one connector now: Stripe has a route of its own. Raises Base44Error."""
    if connector_type == STRIPE:
        return Remote(stripe=await app.stripe_status())
    return Remote(await app.list_connectors())


def _safe(link: str | None) -> str | None:
    return link if link is not None and is_web_link(link) else None


def _withheld(connector_type: str) -> Outcome:
    return Outcome(
        connector_type,
        Result.HELD,
        error="not removed, because another connector of this push failed",
        code=WaitReason.UNSENT,
    )


def _said(outcome: Outcome, on_outcome: Callable[[Outcome], None]) -> Outcome:
    on_outcome(outcome)
    return outcome
