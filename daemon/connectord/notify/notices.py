"""The words of every notice: one pure function for each kind. `project` is the project's folder.

A notice is about all of a project that is so now, so that a newer one of a kind takes the place of the one before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from connectord.notify.notice import Action, Link, Notice, NoticeKind, Urgency, subject_of

NAMES_IN_TITLE: Final = 5
"""More connectors than this are counted in the title and named in the body."""

ANSWER_CONSENT: Final = (Action.AUTHORIZE, Action.SKIP)


def authorization_notice(project: Path | str, types: Iterable[str], links: Iterable[Link] = ()) -> Notice:
    """Connectors wait for a consent. `links` are those that are open; for the others a fresh one can be had."""
    names = tuple(types)
    return _notice(
        NoticeKind.NEEDS_AUTHORIZATION,
        project,
        title=f"{_names(names)} {_verb(names, 'needs', 'need')} your authorization",
        body=f"{_all_names(names)}Authorize opens the browser. Later: connectord authorize",
        links=tuple(links),
        buttons=ANSWER_CONSENT,
    )


def authorized_notice(project: Path | str, types: Iterable[str]) -> Notice:
    """Consents arrived. Nobody is needed for them (P11)."""
    names = tuple(types)
    return _notice(
        NoticeKind.AUTHORIZED,
        project,
        title=f"{_names(names)} {_verb(names, 'is', 'are')} authorized",
        body=_all_names(names).rstrip(),
        urgency=Urgency.INFORMATION,
        item=" ".join(names),
    )


def timed_out_notice(project: Path | str, types: Iterable[str]) -> Notice:
    """Links were not used while they were watched."""
    names = tuple(types)
    still = _verb(names, "It still needs it", "They still need it")
    return _notice(
        NoticeKind.TIMED_OUT,
        project,
        title=f"{_names(names)} {_verb(names, 'was', 'were')} not authorized in time",
        body=f"{_all_names(names)}{still}. Authorize opens a fresh link. Later: connectord authorize{_only(names)}",
        buttons=ANSWER_CONSENT,
    )


def authorization_failed_notice(project: Path | str, types: Iterable[str]) -> Notice:
    """Consents were refused."""
    names = tuple(types)
    return _notice(
        NoticeKind.AUTHORIZATION_FAILED,
        project,
        title=f"The authorization of {_names(names)} was refused",
        body=f"{_all_names(names)}Authorize tries again with a fresh link.",
        buttons=ANSWER_CONSENT,
    )


def failed_notice(project: Path | str, reasons: Mapping[str, str]) -> Notice:
    """Base44 didn't accept connectors, and trying again won't change that; the reasons, by type, say why."""
    return _notice(
        NoticeKind.FAILED,
        project,
        title=f"{_names(tuple(reasons))} could not be pushed",
        body=_by_name(reasons),
    )


def removals_held_notice(
    project: Path | str, holds: Iterable[tuple[tuple[str, ...], str]], untracked: Collection[str] = ()
) -> Notice:
    """Removals wait for a word (P5, P6). Each hold has its connectors, and why this looks like an accident.

    Restore goes first: it can be undone, and a click on the body may be a slip. So there is no button where it can't
    do anything, because this machine knows of no file of what is held (`untracked`).
    """
    held = tuple(holds)
    names = tuple(name for types, _ in held for name in types)
    can_restore = not set(names) <= set(untracked)
    reasons = _by_name({", ".join(types): f"{why[:1].upper()}{why[1:]}." for types, why in held if why})
    return _notice(
        NoticeKind.REMOVALS_HELD,
        project,
        title=f"{_names(names)} {_verb(names, 'is', 'are')} kept on Base44 until you say so",
        body=(
            f"{_all_names(names)}{reasons}\n{_files('Restore', names, untracked)};"
            f" {'Approve' if can_restore else 'connectord approve'} removes {_verb(names, 'it', 'them')} from Base44."
        ).lstrip(),
        buttons=(Action.RESTORE, Action.APPROVE) if can_restore else (),
    )


def removal_coming_notice(
    project: Path | str, types: Iterable[str], seconds: float, untracked: Collection[str] = ()
) -> Notice:
    """Connectors are about to be removed, which throws a consent away (P4). `seconds` are left to say Keep.

    Of `untracked` ones this machine knows of no file that could be kept.
    """
    names = tuple(types)
    can_keep = not set(names) <= set(untracked)
    gone = _verb(names, "Its file is gone", "Their files are gone")
    if not set(names).isdisjoint(untracked):
        gone = _verb(names, "It has no file here", "They have no files here")
    return _notice(
        NoticeKind.REMOVAL_COMING,
        project,
        title=f"{_names(names)} will be removed from Base44 in {max(1.0, seconds):.0f} s",
        body=f"{_all_names(names)}{gone}. {_files('Keep', names, untracked)}.",
        buttons=(Action.KEEP,) if can_keep else (),
        urgency=Urgency.CRITICAL,
    )


def invalid_file_notice(project: Path | str, problems: Mapping[str, str]) -> Notice:
    """Files can't be pushed as they are. Their problems, by path, are sentences with file:line:column."""
    files = tuple(problems)
    what = Path(files[0]).name if len(files) == 1 else f"{len(files)} files"
    return _notice(
        NoticeKind.INVALID_FILE,
        project,
        title=f"{what} can't be used as {'it is' if len(files) == 1 else 'they are'}",
        body="\n".join(problems.values()),
    )


def connection_expired_notice(project: Path | str, types: Iterable[str]) -> Notice:
    """Connections that worked have expired or were disconnected."""
    names = tuple(types)
    what = _verb(names, "The connection of {} no longer works", "The connections of {} no longer work")
    until = _verb(names, "it", "them")
    return _notice(
        NoticeKind.CONNECTION_EXPIRED,
        project,
        title=what.format(_names(names)),
        body=(
            f"{_all_names(names)}Your app can't use {until} until you authorize {until} again."
            f" Later: connectord authorize{_only(names)}"
        ),
        buttons=ANSWER_CONSENT,
    )


def granted_less_notice(project: Path | str, missing: Mapping[str, tuple[tuple[str, ...], int]]) -> Notice:
    """Consents arrived with fewer scopes than the files ask for (defect 10): which, and of how many, by type."""
    names = tuple(missing)
    if len(names) == 1:
        [(scopes, asked)] = missing.values()
        title = f"{names[0]}: Added, but {len(scopes)} of {asked} scopes {_verb(scopes, 'was', 'were')} not granted"
        body = f"Not granted: {', '.join(scopes)}"
    else:
        title = f"{_names(names)}: Added, but not all scopes were granted"
        body = "\n".join(f"{name} lacks {', '.join(scopes)}" for name, (scopes, _) in missing.items())
    return _notice(NoticeKind.GRANTED_LESS, project, title=title, body=body)


def stripe_notice(project: Path | str, claim_url: str) -> Notice:
    """A provisioned Stripe sandbox can be claimed."""
    return _notice(
        NoticeKind.STRIPE_READY,
        project,
        title="The Stripe sandbox is ready to claim",
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


def _notice(
    kind: NoticeKind,
    project: Path | str,
    *,
    title: str,
    body: str = "",
    buttons: tuple[Action, ...] = (),
    links: tuple[Link, ...] = (),
    urgency: Urgency = Urgency.ATTENTION,
    item: str = "",
) -> Notice:
    name = Path(project).name
    return Notice(
        kind=kind,
        subject=subject_of(kind, project, item),
        title=f"{title} ({name})",
        body=body,
        project=name,
        place=str(project),
        links=links,
        buttons=buttons,
        urgency=urgency,
    )


def _names(types: tuple[str, ...]) -> str:
    return ", ".join(types) if len(types) <= NAMES_IN_TITLE else f"{len(types)} connectors"


def _all_names(types: tuple[str, ...]) -> str:
    """The names on a line of their own where the title only counts them."""
    return ", ".join(types) + "\n" if len(types) > NAMES_IN_TITLE else ""


def _by_name(reasons: Mapping[str, str]) -> str:
    """A line for each reason. The title says whose it is where there is one only."""
    if len(reasons) == 1:
        return next(iter(reasons.values()))
    of_all = set(reasons.values())
    if len(of_all) == 1:
        return f"{', '.join(reasons)}: {of_all.pop()}"
    return "\n".join(f"{name}: {why}" for name, why in reasons.items())


def _files(word: str, names: tuple[str, ...], untracked: Collection[str]) -> str:
    """How these get their files: `word` brings back what was here, the rest can only be pulled."""
    back = tuple(name for name in names if name not in untracked)
    pulled = tuple(name for name in names if name in untracked)
    if back and pulled:
        return f"{word} brings back {', '.join(back)}, connectord pull writes {', '.join(pulled)}"
    files = _verb(names, "the file", "the files")
    return f"{word} brings {files} back" if back else f"connectord pull writes {files}"


def _only(types: tuple[str, ...]) -> str:
    """The argument of `connectord authorize` for one connector; for several it needs none."""
    return f" {types[0]}" if len(types) == 1 else ""


def _verb(types: tuple[str, ...], one: str, several: str) -> str:
    return one if len(types) == 1 else several
