"""Who is signed in, until when, and whether Base44 agrees. A token that ran out is told, and not renewed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connectord.base44 import Account, AccountKind, Base44Error, SignedOut, signed_in_as
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, of_error, ok
from connectord.doctor.hosts import looking, run_apart
from connectord.doctor.targets import Target
from connectord.doctor.words import moment, span
from connectord.errors import ConnectordError

_KINDS: Final = {
    AccountKind.API_KEY: "BASE44_API_KEY, a workspace API key",
    AccountKind.ENVIRONMENT: "BASE44_ACCESS_TOKEN and BASE44_REFRESH_TOKEN",
    AccountKind.FILE: "the login shared with npx base44",
}


def check_login(around: Around) -> Iterator[Finding]:
    """Who is signed in at each host that a project goes to."""
    for target in around.targets():
        yield _of(target, around)


def _of(target: Target, around: Around) -> Finding:
    try:
        account = signed_in_as(target.environment, around.home)
    except ConnectordError as error:
        return of_error(error)
    who = f"{_name(account)} at {target.api_url} ({_KINDS[account.kind]})"
    left = None if account.expires_at is None else account.expires_at - around.now()
    if left is not None and left <= 0:
        # The usual state after a while without any request; Base44 keeps the refresh token for much longer.
        return ok(f"{who}; its access token ran out {span(-left)} ago, and the next request renews it")
    until = "" if left is None else f"; access token until {moment(around.now() + left, around.now())}"
    answer = around.pings()[target.api_url]
    if isinstance(answer, ConnectordError) or answer.page:
        return ok(f"{who}{until}; Base44 couldn't be asked, and being offline signs nobody out")
    return _asked(target, around, account, f"{who}{until}")


def _asked(target: Target, around: Around, account: Account, who: str) -> Finding:
    """What Base44 says to it."""
    if account.kind is AccountKind.API_KEY and not target.apps:
        return ok(f"{who}; only a project can tell whether Base44 accepts it, and there is none here")
    try:
        run_apart(_ask(target, around, account))
    except SignedOut as refused:
        if account.kind is AccountKind.API_KEY:
            return of_error(refused)
        return attention(
            f"{who}; Base44 doesn't accept its access token any more",
            "The next request renews it, if that can be done: connectord list-available tries.",
            "If it can't: connectord login",
        )
    except Base44Error as error:
        if account.kind is AccountKind.API_KEY:
            return broken(f"{who}: {error.what}", *error.todo)
        return attention(f"{who}; asked whether that is so: {error.what}", *error.todo)
    return ok(who)


async def _ask(target: Target, around: Around, account: Account) -> None:
    """A GET that needs a signature: an API key stands for nobody, so it lists an app's connectors instead."""
    async with looking(target, around.home) as base44:
        if account.kind is AccountKind.API_KEY:
            await base44.app(target.apps[0]).list_connectors()
        else:
            await base44.user()


def _name(account: Account) -> str:
    return (
        f"{account.key_start}…" if account.kind is AccountKind.API_KEY else account.email or "somebody without a name"
    )
