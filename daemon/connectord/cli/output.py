"""What a command says: results on stdout, everything on the way on stderr; with `--json` one document on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Final, TextIO

import click

_CONTROL: Final = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}

CLEAR_LINE: Final = "\r\x1b[K"


class Output:
    """Where a command's words go.

    `as_json` keeps stdout for the one document. `interactive` says whether a person sits in front of it: a terminal
    on both sides and no `--json`, as the CLI decides it. While a spinner is `spinning`, its line gives way to others.
    Words that came over the wire can't steer the terminal: control characters are left out. A reader that went away
    (`| head`) ends the words, never the work.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.spinning = False
        self.interactive = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # File names may hold bytes that aren't UTF-8, and a terminal may lack the check mark.
                stream.reconfigure(errors="backslashreplace")

    def say(self, text: str = "", **style: bool | str) -> None:
        """One line of the result."""
        _write(sys.stderr if self.as_json else sys.stdout, text, style)

    def success(self, text: str) -> None:
        """A line that something went well."""
        self.say(f"✓ {text}", fg="green")

    def progress(self, text: str) -> None:
        """A line on what is being done right now."""
        if self.spinning:
            click.echo(CLEAR_LINE, nl=False)
        _write(sys.stdout if self.interactive else sys.stderr, text, {"dim": True})

    def warn(self, text: str) -> None:
        """A line that a person should read, but that doesn't change how the command ends."""
        _write(sys.stderr, f"Warning: {text}", {"fg": "yellow"})

    def error(self, text: str) -> None:
        """A line on what went wrong, as it stands."""
        _write(sys.stderr, text, {"fg": "red"})

    def document(self, value: Mapping[str, object]) -> None:
        """The one JSON document of a command with `--json`; nothing without it."""
        if self.as_json:
            _write(sys.stdout, json.dumps(value, indent=2, ensure_ascii=False), {})


def printable(text: str) -> str:
    """The text without the control characters that a terminal would obey."""
    return text.translate(_CONTROL)


def _write(stream: TextIO, text: str, style: Mapping[str, bool | str]) -> None:
    words = printable(text)
    if style and not os.environ.get("NO_COLOR"):  # https://no-color.org; click doesn't know it
        words = click.style(words, **style)  # type: ignore[arg-type]
    try:
        click.echo(words, file=stream)
    except BrokenPipeError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Send what follows to nowhere, so that neither later lines nor the flush at exit raise again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
