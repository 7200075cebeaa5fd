"""Turning the rooms' events into news: which sentence is said of what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectord.control.lending import lending
from connectord.control.news import News, NewsKind, Tone
from connectord.control.project_news import news_of
from connectord.control.tell_consent import tell_late_consent
from connectord.control.tell_removal import tell_removal
from connectord.notify import Notice
from connectord.project.model import Problem, ProblemCode, Project, Severity
from connectord.project.shown import shown_path
from connectord.sync.events import (
    ConnectorsGone,
    HoldChanged,
    Looked,
    OutcomeKnown,
    ProblemsChanged,
    ProjectUnusable,
    PushFinished,
    PushStarted,
    Reconciled,
    ReconcileFailed,
    RemovalsChanged,
    RemovalsComing,
    RetryScheduled,
    SyncEvent,
    Watching,
)
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import DriftKind

OUTCOME_TONES = {
    Result.SYNCED: Tone.GOOD,
    Result.PROVISIONED: Tone.GOOD,
    Result.FAILED: Tone.BAD,
    Result.NEEDS_AUTHORIZATION: Tone.ATTENTION,
}


def tell(event: SyncEvent, at: datetime) -> Iterator[News]:  # noqa: C901, PLR0912  (a table: one case an event)
    """The news in an event, in the order in which a person should read them."""
    match event:
        case Watching(project=project):
            yield _watching(event, at)
            if warning := lending(project):
                yield news_of(project, at, NewsKind.CREDENTIALS_LENT, warning, Tone.ATTENTION, url=project.api_url)
        case ProjectUnusable(root=root, error=error):
            yield _usability(shown_path(root), None if error is None else error.what, at)
        case ProblemsChanged(project, appeared, mended):
            yield from (_problem(project, problem, at) for problem in appeared)
            yield from (_mended(project, problem, at) for problem in _one_per_file(mended))
        case PushStarted():
            yield _started(event, at)
        case OutcomeKnown(project=project, job=job, outcome=outcome):
            yield _outcome(project, job, outcome, at)
        case PushFinished():
            yield _finished(event, at)
        case RetryScheduled(project, types, seconds, error, code):
            message = f"{', '.join(types)}: trying again {_when(seconds)} ({error})"
            kind = NewsKind.RETRY_SCHEDULED
            yield news_of(
                project, at, kind, message, Tone.ATTENTION, types=types, seconds=seconds, error=error, code=code
            )
        case RemovalsComing() | HoldChanged():
            yield tell_removal(event, at)
        case ConnectorsGone(project, types):
            message = f"{', '.join(types)}: no file any more, and no consent on Base44: forgotten"
            yield news_of(project, at, NewsKind.FORGOTTEN, message, Tone.PLAIN, types=types)
        case Looked() | RemovalsChanged():
            return
        case Reconciled():
            yield from _reconciled(event, at)
        case ReconcileFailed(project, error):
            message = f"Base44 could not be asked what it has: {error.what}"
            kind = NewsKind.RECONCILE_FAILED
            yield news_of(project, at, kind, message, Tone.ATTENTION, error=error.what, code=error.code)


def tell_notice(notice: Notice, at: datetime) -> Iterator[News]:
    """A person is needed: one line to read, one for each link. What buttons do is nothing for a line."""
    message = f"{notice.title}:" if notice.links else f"{notice.title}. {notice.body}"
    yield News(at=at, event=NewsKind.NOTICE, message=message, tone=Tone.ATTENTION, code=notice.kind)
    for link in notice.links:
        message = f"  {link.label}: {link.url}"
        yield News(at=at, event=NewsKind.NOTICE, message=message, tone=Tone.ATTENTION, type=link.label, url=link.url)


def _watching(event: Watching, at: datetime) -> News:
    project, names = event.project, ", ".join(event.connectors) or "no connectors yet"
    message = f"Watching {shown_path(project.connectors_dir)} for app {project.app_id} at {project.api_url}: {names}"
    if event.broken:  # each is told once only, and a start is another day
        message += (
            f"; {event.broken} file{'' if event.broken == 1 else 's'} can't be used (`connectord status` says why)"
        )
    return news_of(project, at, NewsKind.PROJECT_WATCHING, message, Tone.PLAIN, types=event.connectors)


def _usability(root: str, error: str | None, at: datetime) -> News:
    if error is None:
        return News(at=at, event=NewsKind.PROJECT_USABLE, message=f"{root} can be read again", project=root)
    message = f"{error} Nothing of this project is pushed until that is mended."
    return News(at=at, event=NewsKind.PROJECT_UNUSABLE, message=message, tone=Tone.BAD, project=root, error=error)


def _problem(project: Project, problem: Problem, at: datetime) -> News:
    is_error = problem.severity is Severity.ERROR
    comfort = " Nothing is removed because of that." if problem.code is ProblemCode.MISSING_DIRECTORY else ""
    return news_of(
        project,
        at,
        NewsKind.FILE_INVALID if is_error else NewsKind.FILE_WARNING,
        f"{problem}{comfort}",
        Tone.BAD if is_error else Tone.ATTENTION,
        file=shown_path(problem.file),
        line=problem.line,
        column=problem.column,
        error=problem.message,
        code=problem.code.value,
    )


def _mended(project: Project, problem: Problem, at: datetime) -> News:
    message = f"{shown_path(problem.file)}: no longer a problem"
    return news_of(project, at, NewsKind.FILE_MENDED, message, Tone.GOOD, file=shown_path(problem.file))


def _one_per_file(problems: tuple[Problem, ...]) -> list[Problem]:
    return list({problem.file: problem for problem in problems}.values())


def _outcome(project: Project, job: str, outcome: Outcome, at: datetime) -> News:
    return news_of(
        project,
        at,
        NewsKind.CONNECTOR_OUTCOME,
        f"{outcome.type}: {outcome.words}",
        OUTCOME_TONES.get(outcome.result, Tone.PLAIN),
        job=job,
        type=outcome.type,
        result=outcome.result.value,
        error=outcome.error,
        code=outcome.code,
        url=outcome.authorize_url,
        claim_url=outcome.claim_url,
    )


def _started(event: PushStarted, at: datetime) -> News:
    kinds = (("Pushing", event.types), ("Removing", event.removals))
    message = ", then ".join(f"{word} {', '.join(types)}" for word, types in kinds if types)
    fields = {"job": event.job, "trigger": event.trigger.value, "types": (*event.types, *event.removals)}
    return news_of(event.project, at, NewsKind.PUSH_STARTED, message, Tone.QUIET, **fields)


def _finished(event: PushFinished, at: datetime) -> News:
    failures = {outcome.type for outcome in event.outcomes if outcome.result is Result.FAILED}
    count = f"{len(event.outcomes)} connector{'' if len(event.outcomes) == 1 else 's'}"
    message = f"Push done in {event.seconds:.2f} s: {count}" + (f", {len(failures)} failed" if failures else "")
    if known := sorted(failures.intersection(event.again)):
        message += f" (as before: {', '.join(known)}; `connectord status` says why)"
    tone, seconds = Tone.BAD if failures else Tone.QUIET, round(event.seconds, 3)
    return news_of(event.project, at, NewsKind.PUSH_FINISHED, message, tone, job=event.job, seconds=seconds)


def _reconciled(event: Reconciled, at: datetime) -> Iterator[News]:
    project = event.project
    for drift in event.drifts:
        words = "was removed from" if drift.kind is DriftKind.GONE else "was changed on"
        message = f"{drift.type} {words} Base44 by someone else; nothing was sent (`push` or `pull` settles it)"
        yield news_of(project, at, NewsKind.DRIFT, message, Tone.ATTENTION, type=drift.type, code=drift.kind.value)
    if event.untracked:
        names = ", ".join(event.untracked)
        message = f"Only on Base44, left alone: {names} (`connectord pull` writes files for them)"
        yield news_of(project, at, NewsKind.UNTRACKED, message, Tone.PLAIN, types=event.untracked)
    for lost in event.unauthorized:
        if lost.status is not None:
            message = f"{lost.type}: its authorization is {lost.status} on Base44; the connector needs a new one"
            kind, status = NewsKind.CONSENT_LOST, lost.status.value
            yield news_of(project, at, kind, message, Tone.ATTENTION, type=lost.type, code=status)
    for consent in event.late_consents:
        yield tell_late_consent(project, consent, at)


def _when(seconds: float) -> str:
    return f"in {seconds:.0f} s" if seconds >= 1 else "in a moment"
