"""What a daemon said at its end, for a person: its JSON lines as sentences, everything else as it is."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError


class _Line(BaseModel):
    """A line of news, or the document of an error (docs/commands.md)."""

    message: str = ""
    error: str = ""
    details: tuple[str, ...] = ()


def last_words(text: str) -> tuple[str, ...]:
    """The lines, each a sentence where it is JSON."""
    return tuple(sentence for line in text.splitlines() for sentence in _sentences(line) if sentence.strip())


def _sentences(line: str) -> tuple[str, ...]:
    try:
        said = _Line.model_validate_json(line)
    except ValidationError:
        return (line,)
    return (said.message or said.error, *said.details)
