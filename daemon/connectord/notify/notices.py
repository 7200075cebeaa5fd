"""The words of every notice: one pure function for each kind. `project` is the project's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connectord.notify.notice import Action, Link, Notice, NoticeKind, Urgency, subject_of

NAMES_IN_TITLE: Final = 5
"""More connectors than this are counted in the title and named in the body."""

ANSWER_CONSENT: Final = (Action.AUTHORIZE, Action.SKIP)

OF_A_CONNECTOR: Final = (
    NoticeKind.AUTHORIZED,
    NoticeKind.TIMED_OUT,
    NoticeKind.FAILED,
    NoticeKind.CONNECTION_EXPIRED,
    NoticeKind.GRANTED_LESS,
)
"""Kinds whose subject is one connector: a fresh start for it withdraws them all (`subjects_of_connector`)."""


def authorization_notice(project: Path | str, links: tuple[Link, ...]) -> Notice:
    """Connectors wait for a consent. `links` are all that are open for the project: a later notice replaces it."""
    names = tuple(link.label for link in links)
    return Notice(
        kind=NoticeKind.NEEDS_AUTHORIZATION,
        subject=subject_of(NoticeKind.NEEDS_AUTHORIZATION, project),
        title=f"{_names(names)} {_verb(names, 'needs', 'need')} your authorization ({_name(project)})",
        body=f"{_all_names(names)}Authorize opens the browser. Later: connectord authorize",
        project=_name(project),
        place=str(project),
        links=links,
        buttons=ANSWER_CONSENT,
    )


def authorized_notice(project: Path | str, connector_type: str) -> Notice:
    """A consent arrived. Nobody is needed for it (P11)."""
    return _of_connector(
        NoticeKind.AUTHORIZED,
        project,
        connector_type,
        title=f"{connector_type} is authorized ({_name(project)})",
        urgency=Urgency.INFORMATION,
    )


def timed_out_notice(project: Path | str, link: Link) -> Notice:
    """A link was not used while it was watched."""
    return _of_connector(
        NoticeKind.TIMED_OUT,
        project,
        link.label,
        title=f"{link.label} was not authorized in time ({_name(project)})",
        body=f"It still needs it. Authorize opens a fresh link. Later: connectord authorize {link.label}",
        links=(link,),
        buttons=ANSWER_CONSENT,
    )


def authorization_failed_notice(project: Path | str, connector_type: str, reason: str) -> Notice:
    """The consent was refused, or was given by another account than expected; `reason` is a sentence."""
    return _of_connector(
        NoticeKind.FAILED,
        project,
        connector_type,
        title=f"The authorization of {connector_type} failed ({_name(project)})",
        body=f"{reason}\nAuthorize tries again with a fresh link.",
        buttons=ANSWER_CONSENT,
    )


def failed_notice(project: Path | str, connector_type: str, reason: str) -> Notice:
    """Base44 didn't accept a connector, and trying again won't change that; `reason` says why and where."""
    title = f"{connector_type} could not be pushed ({_name(project)})"
    return _of_connector(NoticeKind.FAILED, project, connector_type, title=title, body=reason)


def removals_held_notice(project: Path | str, types: tuple[str, ...], reason: str) -> Notice:
    """Removals wait for a word (P5, P6); `reason` is a sentence on what looks like an accident."""
    return _of_project(
        NoticeKind.REMOVALS_HELD,
        project,
        title=f"{_names(types)} {_verb(types, 'is', 'are')} kept on Base44 until you say so ({_name(project)})",
        body=f"{_all_names(types)}{reason}\nApprove removes from Base44; Restore brings the files back.",
        buttons=(Action.APPROVE, Action.RESTORE),
    )


def removal_coming_notice(project: Path | str, types: tuple[str, ...], seconds: float) -> Notice:
    """Connectors are about to be removed, which throws a consent away (P4). `seconds` are left to say Keep."""
    files = _verb(types, "Its file is", "Their files are")
    return _of_project(
        NoticeKind.REMOVAL_COMING,
        project,
        title=f"{_names(types)} will be removed from Base44 in {seconds:.0f} s ({_name(project)})",
        body=f"{_all_names(types)}{files} gone. Keep leaves Base44 as it is.",
        buttons=(Action.KEEP,),
        urgency=Urgency.CRITICAL,
    )


def invalid_file_notice(project: Path | str, file: str, problems: tuple[str, ...]) -> Notice:
    """A connector file can't be pushed as it is; `problems` are sentences with file:line:column."""
    return Notice(
        kind=NoticeKind.INVALID_FILE,
        subject=subject_of(NoticeKind.INVALID_FILE, project, file),
        title=f"{file} can't be pushed ({_name(project)})",
        body="\n".join(problems),
        project=_name(project),
        place=str(project),
    )


def connection_expired_notice(project: Path | str, connector_type: str) -> Notice:
    """A connection that worked has expired or was disconnected."""
    return _of_connector(
        NoticeKind.CONNECTION_EXPIRED,
        project,
        connector_type,
        title=f"The connection of {connector_type} no longer works ({_name(project)})",
        body=f"Your app can't use it until you authorize it again. Later: connectord authorize {connector_type}",
        buttons=ANSWER_CONSENT,
    )


def granted_less_notice(project: Path | str, connector_type: str, missing: tuple[str, ...], asked: int) -> Notice:
    """A consent arrived with fewer scopes than the file asks for (defect 10 of the CLI)."""
    verb = "was" if len(missing) == 1 else "were"
    return _of_connector(
        NoticeKind.GRANTED_LESS,
        project,
        connector_type,
        title=f"{connector_type}: Added, but {len(missing)} of {asked} scopes {verb} not granted ({_name(project)})",
        body="Not granted: " + ", ".join(missing),
    )


def stripe_notice(project: Path | str, claim_url: str) -> Notice:
    """A provisioned Stripe sandbox can be claimed."""
    return _of_project(
        NoticeKind.STRIPE_READY,
        project,
        title=f"The Stripe sandbox is ready to claim ({_name(project)})",
        body="Claim opens Stripe in the browser. The link stays in connectord status until it is claimed.",
        links=(Link("stripe", claim_url),),
        buttons=(Action.CLAIM,),
    )


def signed_out_notice(host: str) -> Notice:
    """Nobody is signed in to Base44 (P7). `host` is its address, as in settings and status."""
    return Notice(
        kind=NoticeKind.SIGNED_OUT,
        subject=subject_of(NoticeKind.SIGNED_OUT, host),
        title="You are signed out of Base44",
        body=f"Nothing is pushed to {host} until you run: connectord login",
        place=host,
    )


def unreachable_notice(host: str, minutes: int) -> Notice:
    """Base44 has not answered for long. Told once; the pushes wait."""
    return Notice(
        kind=NoticeKind.UNREACHABLE,
        subject=subject_of(NoticeKind.UNREACHABLE, host),
        title=f"Base44 has not answered for {minutes} minutes",
        body=f"Your changes are kept and pushed to {host} when it answers again.",
        place=host,
    )


def subjects_of_connector(project: Path | str, connector_type: str) -> tuple[str, ...]:
    """What may be on show about one connector: withdrawn when it starts afresh, is settled, or its file goes."""
    return tuple(subject_of(kind, project, connector_type) for kind in OF_A_CONNECTOR)


def _of_connector(
    kind: NoticeKind,
    project: Path | str,
    connector_type: str,
    *,
    title: str,
    body: str = "",
    links: tuple[Link, ...] = (),
    buttons: tuple[Action, ...] = (),
    urgency: Urgency = Urgency.ATTENTION,
) -> Notice:
    return Notice(
        kind=kind,
        subject=subject_of(kind, project, connector_type),
        title=title,
        body=body,
        project=_name(project),
        place=str(project),
        links=links,
        buttons=buttons,
        urgency=urgency,
    )


def _of_project(
    kind: NoticeKind,
    project: Path | str,
    *,
    title: str,
    body: str,
    buttons: tuple[Action, ...],
    links: tuple[Link, ...] = (),
    urgency: Urgency = Urgency.ATTENTION,
) -> Notice:
    return Notice(
        kind=kind,
        subject=subject_of(kind, project),
        title=title,
        body=body,
        project=_name(project),
        place=str(project),
        links=links,
        buttons=buttons,
        urgency=urgency,
    )


def _name(project: Path | str) -> str:
    return Path(project).name


def _names(types: tuple[str, ...]) -> str:
    return ", ".join(types) if len(types) <= NAMES_IN_TITLE else f"{len(types)} connectors"


def _all_names(types: tuple[str, ...]) -> str:
    """The names on a line of their own where the title only counts them."""
    return ", ".join(types) + "\n" if len(types) > NAMES_IN_TITLE else ""


def _verb(types: tuple[str, ...], one: str, several: str) -> str:
    return one if len(types) == 1 else several
