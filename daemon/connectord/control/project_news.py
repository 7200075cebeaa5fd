"""News of a project: what each of them says of whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectord.control.news import News, NewsKind, Tone
from connectord.project.model import Project
from connectord.project.shown import shown_path


def news_of(project: Project, at: datetime, event: NewsKind, message: str, tone: Tone, **fields: Any) -> News:
    """One thing that happened to a project. `fields` are those of News."""
    return News(
        at=at,
        event=event,
        message=message,
        tone=tone,
        project=shown_path(project.root),
        app_id=project.app_id,
        **fields,
    )
