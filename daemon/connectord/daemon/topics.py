"""What of a project a person must act on now: a pure function of how the project stands (design.md, "Notices").

A topic is a kind of notice with the items that it is about. What is still to be told of it, and what no longer is so,
follows from comparing it with what was told before (notices.py). Nothing here is for what needs no person (P11): a
failure that is tried again, a removal that somebody approved, a connector that was skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.base44.words import without_request_id
from connectord.control.models import ConnectorState, ProblemSeverity, ProjectState
from connectord.control.redaction import redact
from connectord.daemon.standing import Standing
from connectord.notify import (
    Link,
    Notice,
    NoticeKind,
    authorization_failed_notice,
    authorization_notice,
    connection_expired_notice,
    failed_notice,
    granted_less_notice,
    invalid_file_notice,
    removal_coming_notice,
    removals_held_notice,
    stripe_notice,
    timed_out_notice,
)
from connectord.project.model import STRIPE

LOST: Final = frozenset({ConnectorState.EXPIRED, ConnectorState.DISCONNECTED})

OF_PUSHES: Final = frozenset({NoticeKind.NEEDS_AUTHORIZATION, NoticeKind.FAILED, NoticeKind.STRIPE_READY})
"""What a push brings is one batch when it has ended."""

OF_LINKS: Final = frozenset({NoticeKind.TIMED_OUT})
"""Links that were opened together don't end together: those that nobody used are one batch after the last, once the
list has shown that nobody consented by another one."""

THE_PROJECT: Final = "The project"
"""The item of a project that can't be read at all."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of notice. `marks` are the items that it is about, each with what tells it from a later one: a link, an
    error. `about` words the notice for some of them. Items that `known` names were shown to the person already.
    """

    kind: NoticeKind
    marks: Mapping[str, str]
    about: Callable[[Collection[str]], Notice]
    known: Collection[str] = ()


def topics(standing: Standing) -> tuple[Topic, ...]:
    """All topics of a project; one without marks says that there is nothing of its kind now."""
    found = (
        _needs_authorization(standing),
        _timed_out(standing),
        _refused(standing),
        _failed(standing),
        _held(standing),
        _coming(standing),
        _invalid(standing),
        _expired(standing),
        _granted_less(standing),
        _stripe(standing),
    )
    wait = (OF_PUSHES if standing.pushing else frozenset()) | (OF_LINKS if _may_be_used(standing) else frozenset())
    return tuple(topic for topic in found if topic.kind not in wait)


def _may_be_used(standing: Standing) -> bool:
    """Whether a link is open, or Base44 is still to be asked; while paused it isn't."""
    if not standing.compared and standing.status.state is not ProjectState.PAUSED:
        return True
    return any(line.authorize_url for line in standing.in_state(ConnectorState.NEEDS_AUTHORIZATION).values())


def _needs_authorization(standing: Standing) -> Topic:
    lines = standing.in_state(ConnectorState.NEEDS_AUTHORIZATION)

    def about(items: Collection[str]) -> Notice:
        links = ((name, lines[name].authorize_url) for name in items)
        return authorization_notice(standing.place, items, [Link(name, url) for name, url in links if url])

    marks = {name: line.authorize_url or "" for name, line in lines.items()}
    known = [name for name, url in marks.items() if url in standing.links_known]
    return Topic(NoticeKind.NEEDS_AUTHORIZATION, marks, about, known)


def _timed_out(standing: Standing) -> Topic:
    marks = {name: standing.last_links.get(name, "") for name in standing.in_state(ConnectorState.TIMED_OUT)}
    return Topic(NoticeKind.TIMED_OUT, marks, lambda items: timed_out_notice(standing.place, items))


def _refused(standing: Standing) -> Topic:
    """Consents that came to nothing. Another link that is refused is another thing to know."""
    marks = {name: standing.last_links.get(name, "") for name in standing.in_state(ConnectorState.AUTHORIZATION_FAILED)}
    return Topic(
        NoticeKind.AUTHORIZATION_FAILED, marks, lambda items: authorization_failed_notice(standing.place, items)
    )


def _failed(standing: Standing) -> Topic:
    """Failures for good. Each try has another request id, and a start tries again: that alone is no news (P9)."""
    lines = standing.in_state(ConnectorState.FAILED)
    final = {name: line for name, line in lines.items() if name not in standing.tried_again}
    reasons = {name: ". ".join(filter(None, (line.error, line.todo))) for name, line in final.items()}
    # Marks are kept on disk (P13), and each try has another request id.
    marks = {name: redact(without_request_id(reason)) for name, reason in reasons.items()}
    return Topic(
        NoticeKind.FAILED, marks, lambda items: failed_notice(standing.place, {name: reasons[name] for name in items})
    )


def _held(standing: Standing) -> Topic:
    holds = {hold.reason: hold for hold in standing.status.held if not hold.approved}
    marks = {reason: ", ".join(sorted(hold.types)) for reason, hold in holds.items()}

    def about(items: Collection[str]) -> Notice:
        held = [(holds[reason].types, holds[reason].why) for reason in items]
        return removals_held_notice(standing.place, held, standing.untracked)

    return Topic(NoticeKind.REMOVALS_HELD, marks, about)


def _coming(standing: Standing) -> Topic:
    """The removals that will be sent if nobody says a word; while paused, none is."""
    paused = standing.status.state is ProjectState.PAUSED
    due = {line.type: line.removal_at for line in standing.status.connectors if line.removal_at and not paused}

    def about(items: Collection[str]) -> Notice:
        last = max(due[name] for name in items)
        seconds = (last - standing.now).total_seconds()
        return removal_coming_notice(standing.place, items, seconds, standing.untracked)

    return Topic(NoticeKind.REMOVAL_COMING, dict.fromkeys(due, ""), about)


def _invalid(standing: Standing) -> Topic:
    """Broken files. However often one is saved, and breaks in another place, it is told once until it is whole."""
    sentences: dict[str, str] = {}
    for problem in standing.status.problems:
        if problem.severity is ProblemSeverity.ERROR:
            file = _within(standing.status.path, problem.file)
            where = ":".join([file, *(str(part) for part in (problem.line, problem.column) if part is not None)])
            sentences.setdefault(file, f"{where}: {problem.message}")
    if standing.unusable is not None:
        sentences = {THE_PROJECT: standing.unusable}

    def about(items: Collection[str]) -> Notice:
        return invalid_file_notice(standing.place, {file: sentences[file] for file in items})

    return Topic(NoticeKind.INVALID_FILE, dict.fromkeys(sentences, ""), about)


def _expired(standing: Standing) -> Topic:
    marks = {name: line.state.value for name, line in standing.in_state(*LOST).items()}
    return Topic(NoticeKind.CONNECTION_EXPIRED, marks, lambda items: connection_expired_notice(standing.place, items))


def _granted_less(standing: Standing) -> Topic:
    lines = standing.in_state(ConnectorState.SYNCED)
    missing = {name: (line.missing_scopes, len(line.scopes)) for name, line in lines.items() if line.missing_scopes}
    marks = {name: ", ".join(scopes) for name, (scopes, _) in missing.items()}

    def about(items: Collection[str]) -> Notice:
        return granted_less_notice(standing.place, {name: missing[name] for name in items})

    return Topic(NoticeKind.GRANTED_LESS, marks, about)


def _stripe(standing: Standing) -> Topic:
    """A sandbox that can be claimed; each answer may name another link, and it is the same sandbox."""
    line = standing.in_state(ConnectorState.SYNCED).get(STRIPE)
    url = (line.claim_url if line else None) or ""
    return Topic(NoticeKind.STRIPE_READY, {STRIPE: ""} if url else {}, lambda _: stripe_notice(standing.place, url))


def _within(root: str, file: str) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
