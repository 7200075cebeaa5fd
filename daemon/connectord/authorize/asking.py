"""One poll: what is asked of Base44, and what its answer makes of each link that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectord.authorize.authorization import Authorization
from connectord.authorize.limits import SharedLimits
from connectord.authorize.turns import Ask
from connectord.authorize.watch import Watch
from connectord.base44.errors import Base44Error
from connectord.base44.models import RemoteConnector

Answers = list[tuple[Watch, Authorization]]
"""Each link with how it stands now."""


async def ask_for(
    ask: Ask, asked: Sequence[Watch], shared: SharedLimits, *, now: float, clock: Callable[[], float]
) -> Answers:
    """Ask for these links in this way, at `now` seconds of `clock`. Raises Base44Error where there is no answer."""
    if ask is Ask.LIST:
        return await _listed(asked, now)
    (watch,) = asked
    status = await watch.app.poll_authorization(watch.authorization.type, watch.authorization.connection_id or "")
    answered = watch.polled(status, asked_at=now)
    return [(watch, await _with_grant(watch, answered, shared, clock) if answered.is_authorized else answered)]


async def _listed(asked: Sequence[Watch], now: float) -> Answers:
    by_type = {connector.type: connector for connector in await asked[0].app.list_connectors()}
    return [(watch, watch.listed(by_type.get(watch.authorization.type), asked_at=now)) for watch in asked]


async def _with_grant(
    watch: Watch, authorization: Authorization, shared: SharedLimits, clock: Callable[[], float]
) -> Authorization:
    shared.begin(Ask.LIST, clock())
    try:
        remote = _connector(await watch.app.list_connectors(), authorization.type)
    except Base44Error:
        return authorization  # authorized all the same; `granted` stays None, which says that it isn't known
    finally:
        shared.ended(Ask.LIST)
    return authorization if remote is None else authorization.with_grant(remote)


def _connector(connectors: Sequence[RemoteConnector], type: str) -> RemoteConnector | None:
    return next((connector for connector in connectors if connector.type == type), None)
