"""What a command says: results on stdout, everything on the way on stderr; with `--json` one document on stdout."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Final, TextIO

import click

from connectord.cli.exit_codes import ExitCode

_CONTROL: Final = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}

_NOBODY_READS: Final = frozenset({errno.EPIPE, errno.EIO})

CLEAR_LINE: Final = "\r\x1b[K"


class Output:
    """Where a command's words go.

    `as_json` keeps stdout for the one document, on a single line with `in_lines`. `interactive` says whether a person
    sits in front of it: a terminal on both sides and no `--json`, as the CLI decides it. While a spinner is `spinning`,
    its line gives way to others.
    Words that came over the wire can't steer the terminal: control characters are left out. A reader that went away
    (`| head`, a closed terminal) ends the words, never the work: it is `unread` from then on. A disk that takes no
    words does so too, and `unsaid` is why then.
    """

    def __init__(self, *, as_json: bool = False, in_lines: bool = False) -> None:
        self.as_json = as_json
        self._indent = None if in_lines else 2
        self.spinning = False
        self.unread = False
        self.unsaid: OSError | None = None
        self.interactive = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # File names may hold bytes that aren't UTF-8, and a terminal may lack the check mark.
                stream.reconfigure(errors="backslashreplace")

    def say(self, text: str = "", **style: bool | str) -> None:
        """One line of the result."""
        self._write(sys.stderr if self.as_json else sys.stdout, text, style)

    def success(self, text: str) -> None:
        """A line that something went well."""
        self.say(f"✓ {text}", fg="green")

    def progress(self, text: str) -> None:
        """A line on what is being done right now."""
        self._write(sys.stdout if self.interactive else sys.stderr, text, {"dim": True})

    def warn(self, text: str) -> None:
        """A line that a person should read, but that doesn't change how the command ends."""
        self._write(sys.stderr, f"Warning: {text}", {"fg": "yellow"})

    def error(self, text: str) -> None:
        """A line on what went wrong, as it stands."""
        self._write(sys.stderr, text, {"fg": "red"})

    def line(self, text: str) -> None:
        """One line of a result that goes on, as it is, with `--json` too."""
        self._write(sys.stdout, text, {})

    def document(self, value: Mapping[str, object]) -> None:
        """The one JSON document of a command with `--json`; nothing without it."""
        if self.as_json:
            self._write(sys.stdout, json.dumps(value, indent=self._indent, ensure_ascii=False), {})

    def exit_code(self, code: int) -> int:
        """The code to leave with: a result that didn't get out is no success, whatever was done (P12)."""
        if self.unsaid is None or code != ExitCode.OK:
            return code
        self.error(f"Error: The result could not be written to stdout: {self.unsaid.strerror}.")
        return ExitCode.FAILED

    def _write(self, stream: TextIO, text: str, style: Mapping[str, bool | str]) -> None:
        if self.spinning:
            put(CLEAR_LINE)
        words = printable(text)
        if style and not os.environ.get("NO_COLOR"):  # https://no-color.org; click doesn't know it
            words = click.style(words, **style)  # type: ignore[arg-type]
        try:
            click.echo(words, file=stream)
        except OSError as error:
            _silence(stream)
            if stream is sys.stdout:
                self.unread = True
                self.unsaid = None if error.errno in _NOBODY_READS else error


def put(text: str) -> None:
    """Characters for a terminal, without a newline. One that went away shows nothing: SIGHUP says so to the command."""
    with contextlib.suppress(OSError):
        click.echo(text, nl=False)


def printable(text: str) -> str:
    """The text without the control characters that a terminal would obey."""
    return text.translate(_CONTROL)


def _silence(stream: TextIO) -> None:
    """Send what follows to nowhere, so that neither later lines nor the flush at exit raise again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
