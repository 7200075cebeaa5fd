"""How a push ended: its exit code, its summary (seed 000) and its JSON document. Pure, but for printing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.errors import SignedOut
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.granted import added
from connectord.sync import Outcome, Result

_ACTIONS = {
    Result.SYNCED: "synced",
    Result.REMOVED: "removed",
    Result.PROVISIONED: "provisioned",
    Result.NEEDS_AUTHORIZATION: "needs_oauth",
    Result.FAILED: "error",
    Result.HELD: "error",
}
"""The CLI's word for each result, in `--json`."""

_ASKED_IN_VAIN = (
    "Some connectors still require authorization. Run 'connectord push' or open the links above to authorize."
)
_ANOTHER_LINK = "Some connectors still require authorization, by another link. Run 'connectord push' to get it."
_NOBODY_ASKED = (
    "Skipped OAuth in non-interactive mode. Run 'connectord push' locally or open the links above to authorize."
)


_UNANSWERED = (AuthorizationState.SKIPPED, AuthorizationState.TIMED_OUT, AuthorizationState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class PushEnd:
    """Everything that came of a push. `declined` says that a person was asked to authorize and didn't want to."""

    outcomes: tuple[Outcome, ...]
    authorizations: tuple[Authorization, ...] = ()
    declined: bool = False

    def types(self, *results: Result) -> list[str]:
        """The types with one of these results."""
        return [outcome.type for outcome in self.outcomes if outcome.result in results]

    def authorized(self, *states: AuthorizationState) -> list[str]:
        """The types whose authorization ended like this."""
        return [one.type for one in self.authorizations if one.state in states]

    @property
    def unsettled(self) -> list[str]:
        """The types that need an authorization and weren't waited for."""
        seen = {one.type for one in self.authorizations}
        return [name for name in self.types(Result.NEEDS_AUTHORIZATION) if name not in seen]

    @property
    def still_open(self) -> bool:
        """Whether any connector still waits for a person's consent."""
        return bool(self.unsettled or self.authorized(*_UNANSWERED))

    @property
    def needs_another_link(self) -> bool:
        """Whether of the links that were shown none is of use any more, though a consent is still missing."""
        useless = set(self.authorized(AuthorizationState.SUPERSEDED))
        return bool(useless) and not (self.unsettled or self.authorized(*_UNANSWERED[:2]))

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Type and reason of what failed, timeouts and missing authorizations included, as the CLI says it."""
        found = [(one.type, one.error or "no reason given") for one in self.outcomes if one.result is Result.FAILED]
        found += [(name, "authorization failed") for name in self.authorized(AuthorizationState.FAILED)]
        found += [(name, "authorization timed out") for name in self.authorized(AuthorizationState.TIMED_OUT)]
        if not self.declined:
            found += [(name, "needs authorization") for name in self.unsettled]
        return found

    @property
    def exit_code(self) -> ExitCode:
        """Failed wins over held, held over a missing authorization; signed out on the way is signed out."""
        if any(outcome.code == SignedOut.code for outcome in self.outcomes):
            return ExitCode.SIGNED_OUT
        if self.types(Result.FAILED) or self.authorized(AuthorizationState.FAILED):
            return ExitCode.FAILED
        if self.types(Result.HELD):
            return ExitCode.HELD
        return ExitCode.NEEDS_AUTHORIZATION if self.still_open else ExitCode.OK


def print_summary(end: PushEnd, dashboard_url: str, output: Output) -> None:
    """The summary by kinds of outcome, a line each, and what the service did not grant (defect 10)."""
    output.say()
    output.say("Summary:", bold=True)
    _stripe(end, dashboard_url, output)
    _line("Synced", end.types(Result.SYNCED), output, fg="green")
    _line("Added", end.authorized(AuthorizationState.AUTHORIZED), output, fg="green")
    for authorization in end.authorizations:
        if authorization.missing_scopes:
            output.say(
                f"  {authorization.type}: {added(authorization.missing_scopes, len(authorization.scopes))}", fg="yellow"
            )
    _line("Removed", end.types(Result.REMOVED), output, dim=True)
    skipped = end.authorized(AuthorizationState.SKIPPED)
    superseded = end.authorized(AuthorizationState.SUPERSEDED)
    _line("Needs another link", superseded, output, fg="yellow")
    _line("Skipped", skipped + (end.unsettled if end.declined else []), output, fg="yellow")
    for outcome in end.outcomes:
        if outcome.result is Result.HELD:
            output.say(f"Kept on Base44: {outcome.type} - {outcome.error}", fg="yellow")
    for name, reason in end.failures:
        output.say(f"Failed: {name} - {reason}", fg="red")
    for todo in dict.fromkeys(outcome.todo for outcome in end.outcomes if outcome.todo):
        types = ", ".join(outcome.type for outcome in end.outcomes if outcome.todo == todo)
        output.say(f"  {types}: {todo}", fg="yellow")


def print_outro(end: PushEnd, output: Output, *, asked: bool) -> None:
    """The last lines: that it is done, or what is missing and what to do about it.

    `asked` says whether there was a person to authorize.
    """
    output.say()
    if end.needs_another_link:
        output.say(_ANOTHER_LINK)
    elif end.still_open:
        output.say(_ASKED_IN_VAIN if asked else _NOBODY_ASKED)
    match end.exit_code:
        case ExitCode.OK:
            output.success("Connectors pushed to Base44")
        case ExitCode.FAILED:
            output.error("Error: Not everything was pushed. Mend what failed above and run 'connectord push' again.")
        case ExitCode.SIGNED_OUT:
            output.error("Error: Base44 no longer accepts the login. Run 'connectord login', then 'connectord push'.")
        case ExitCode.HELD:
            output.error("Some connectors were kept on Base44. Run 'connectord push' again to look at them anew.")


def as_document(end: PushEnd) -> dict[str, object]:
    """The CLI's `--json` document: `results`, and `oauth`, which is empty because nobody was asked."""
    return {"results": [_result(outcome) for outcome in end.outcomes], "oauth": {}}


def _result(outcome: Outcome) -> dict[str, object]:
    entries = {
        "type": outcome.type,
        "action": _ACTIONS[outcome.result],
        "error": outcome.error,
        "code": outcome.code,
        "todo": outcome.todo,
        "redirectUrl": outcome.authorize_url,
        "connectionId": outcome.connection_id,
        "claimUrl": outcome.claim_url,
    }
    return {key: value for key, value in entries.items() if value is not None}


def _stripe(end: PushEnd, dashboard_url: str, output: Output) -> None:
    for outcome in end.outcomes:
        if outcome.result is Result.PROVISIONED:
            output.success("Stripe sandbox provisioned")
            if outcome.claim_url:
                output.say(f"  Claim your Stripe sandbox: {outcome.claim_url}", fg="cyan")
            output.say(f"  Connectors dashboard: {dashboard_url}", fg="cyan")


def _line(kind: str, types: Sequence[str], output: Output, **style: bool | str) -> None:
    if types:
        output.say(f"{kind}: {', '.join(types)}", **style)
