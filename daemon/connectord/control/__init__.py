"""The daemon's face to the outside: what it tells, as versioned models."""

from connectord.control.news import SCHEMA_VERSION, News, NewsKind, Tone

__all__ = ["SCHEMA_VERSION", "News", "NewsKind", "Tone"]
