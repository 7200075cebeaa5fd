"""What is said of removals: that one is coming, and what becomes of those that wait for a person's word (P5, P6)."""

from __future__ import annotations

from datetime import datetime

from connectord.control.news import News, NewsKind, Tone
from connectord.control.project_news import news_of
from connectord.project.model import Project
from connectord.project.shown import shown_path
from connectord.sync.events import HoldChanged, RemovalsComing
from connectord.sync.holds import HeldRemovals, HoldNewsKind
from connectord.sync.restore import Restored

_KINDS = {
    HoldNewsKind.BEGAN: (NewsKind.HOLD_BEGAN, Tone.ATTENTION),
    HoldNewsKind.CHANGED: (NewsKind.HOLD_CHANGED, Tone.ATTENTION),
    HoldNewsKind.APPROVED: (NewsKind.HOLD_APPROVED, Tone.PLAIN),
    HoldNewsKind.VOID: (NewsKind.HOLD_VOID, Tone.ATTENTION),
    HoldNewsKind.ENDED: (NewsKind.HOLD_ENDED, Tone.GOOD),
}


def tell_removal(event: RemovalsComing | HoldChanged, at: datetime) -> News:
    """The news in an event about removals."""
    if isinstance(event, RemovalsComing):
        kind, tone, types, code = NewsKind.REMOVAL_COMING, Tone.ATTENTION, event.types, None
        message = _coming(event)
    else:
        (kind, tone), hold = _KINDS[event.news.kind], event.news.hold
        types, code = hold.types, hold.reason.value
        message = _held(event.news.kind, hold)
    project = event.project
    return news_of(project, at, kind, message, tone, types=types, code=code)


def tell_restored(project: Project, restored: Restored, at: datetime) -> News:
    """The news of a restore."""
    parts = []
    if restored.files:
        parts.append(f"Written back: {', '.join(shown_path(file) for _, file in restored.files)}")
    parts += [f"Not written back: {name} - {why}" for name, why in restored.failures]
    tone = Tone.BAD if restored.failures else Tone.GOOD
    types = tuple(name for name, _ in restored.files)
    return news_of(project, at, NewsKind.RESTORED, "; ".join(parts), tone, types=types)


def _coming(event: RemovalsComing) -> str:
    one = len(event.types) == 1
    if event.untracked:
        gone = "it has no file here" if one else "they have no files here"
        back = f"one comes (`connectord pull` writes {'it' if one else 'them'})"
    else:
        gone, back = ("the file is gone", "it comes back") if one else ("the files are gone", "they come back")
    return f"{', '.join(event.types)}: {gone}; removed from Base44 in {event.seconds:.0f} s, unless {back}"


def ways_out(hold: HeldRemovals) -> str:
    """The words that end a hold: a file that was never here can't be written back."""
    remove = "`connectord approve` removes the connectors"
    if not hold.untracked:
        return f"`connectord restore` writes the files back, {remove}"
    if hold.untracked == hold.types:
        return f"`connectord pull` writes the files, {remove}"
    names = ", ".join(hold.untracked)
    return f"`connectord restore` writes the files back, `connectord pull` those of {names}, {remove}"


def _held(kind: HoldNewsKind, hold: HeldRemovals) -> str:
    names = ", ".join(hold.types)
    match kind:
        case HoldNewsKind.BEGAN:
            return f"Not removed from Base44: {names}. Held ({hold.reason}), because {hold.why}. {ways_out(hold)}"
        case HoldNewsKind.CHANGED:
            return f"Held ({hold.reason}) now: {names}, because {hold.why}. {ways_out(hold)}"
        case HoldNewsKind.APPROVED:
            return f"Approved, to be removed from Base44: {names}"
        case HoldNewsKind.VOID:
            void = "The approval was for other connectors and is void"
            return f"{void}. Held ({hold.reason}) now: {names}, because {hold.why}. {ways_out(hold)}"
        case HoldNewsKind.ENDED:
            return f"No longer held ({hold.reason}): {names}"
